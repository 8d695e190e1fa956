"""Reads Debian's package index, deb822 text with a paragraph a package, plain or compressed."""

from __future__ import annotations

import gzip
import lzma
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from condense.errors import FileError

ENDINGS = ("", ".xz", ".gz", ".lz4")
APT_LISTS = Path("/var/lib/apt/lists")
DEPENDENCIES = {
    "depends": ("Depends", "Pre-Depends"),
    "recommends": ("Recommends",),
    "suggests": ("Suggests",),
}
"""Relation -> the fields that state it."""
NEEDED = ("Section", "Maintainer", "Description")
NAME = re.compile(r"\s*([^\s(\[:<]+)")
"""A package's name where versions, architectures or build profiles may follow."""


@dataclass(frozen=True)
class PackageIndex:
    """The packages of an index, one list entry each, in its order.

    Attributes:
        name: names, each once.
        section: of the archive, such as "games".
        source: name of the source package that it was built from.
        maintainer: its maintainer, as written.
        description: the first line and, where the index has it, the rest.
        tags: debtags; empty where it has none.
        installed_size: in KiB, NaN where unknown.
        size: of the archive's file, in bytes, NaN where unknown.
        priority: such as "optional".
        portable: whether it is for all architectures.
        depends: relation -> pairs (package, package that it names), both in the index, each once. Of
            alternatives all are named.
    """

    name: list[str] = field(default_factory=list)
    section: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    maintainer: list[str] = field(default_factory=list)
    description: list[str] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)
    installed_size: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)
    priority: list[str] = field(default_factory=list)
    portable: list[bool] = field(default_factory=list)
    depends: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


def index_file(root: Path) -> Path:
    """`root`/debian/Packages, plain or compressed; else the largest index of `main` that apt keeps.

    Raises:
        FileError: there is none.
    """
    for ending in ENDINGS:
        if (path := root / "debian" / f"Packages{ending}").exists():
            return path
    kept = [
        path
        for ending in ENDINGS
        for path in APT_LISTS.glob(f"*_main_binary-*_Packages{ending}")
        if path.is_file()
    ]
    if kept:
        return max(kept, key=lambda path: (path.stat().st_size, path.name))
    raise FileError(
        f"{root / 'debian' / 'Packages'} is missing; put Debian's files below --data-root (from a mirror, "
        "dists/stable/main/binary-amd64/Packages.xz), or run apt-get update on a Debian system"
    )


def read_index(path: Path) -> PackageIndex:
    """Read an index; of packages with the same name the first is kept.

    Raises:
        FileError: the file cannot be read, is damaged, or is no package index.
    """
    text = decompressed(path)
    # Imports in a tenth of a second that no other data set needs.
    from debian.deb822 import Deb822

    index, named = PackageIndex(), []
    known: dict[str, int] = {}
    try:
        for paragraph in Deb822.iter_paragraphs(text, use_apt_pkg=False, encoding="utf-8"):
            name = paragraph.get("Package", "")
            if name in known:
                continue
            if not name or not all(key in paragraph for key in NEEDED):
                what = f"package {name!r}" if name else f"paragraph {len(known) + 1}"
                raise ValueError(f"{what} lacks one of Package, {', '.join(NEEDED)}")
            known[name] = len(known)
            _add(index, name, paragraph)
            named.append(
                {
                    relation: [target for key in keys for target in names(paragraph.get(key, ""))]
                    for relation, keys in DEPENDENCIES.items()
                }
            )
    except (ValueError, UnicodeDecodeError) as error:
        raise FileError(
            f"{path} is no Debian package index ({error}); put another one there"
        ) from None
    if not known:
        raise FileError(f"{path} names no package; put a Debian package index there")
    for relation in DEPENDENCIES:
        pairs = {
            (row, known[target]): None
            for row, targets in enumerate(named)
            for target in targets[relation]
            if target in known and known[target] != row
        }
        index.depends[relation] = list(pairs)
    return index


def names(field_value: str) -> list[str]:
    """The packages that a dependency field names, alternatives included: "a (>= 1) | b, c" -> a, b, c."""
    found = (NAME.match(part) for part in re.split("[,|]", field_value))
    return [match.group(1) for match in found if match]


def decompressed(path: Path) -> bytes:
    """The text of a file, by its ending.

    Raises:
        FileError: it cannot be read or is damaged.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".xz":
            return lzma.decompress(data)
        if path.suffix == ".gz":
            return gzip.decompress(data)
        if path.suffix == ".lz4":
            import lz4.frame

            return lz4.frame.decompress(data)
    except (OSError, EOFError, RuntimeError, lzma.LZMAError, zlib.error) as error:
        raise FileError(
            f"{path} cannot be read ({error}); put Debian's index there again"
        ) from None
    return data


def _add(index: PackageIndex, name: str, paragraph: Mapping[str, str]) -> None:
    """Append what a paragraph says of the package itself."""
    index.name.append(name)
    # Other components than main say "contrib/games".
    index.section.append(paragraph["Section"].rpartition("/")[2])
    index.source.append(next(iter(names(paragraph.get("Source", ""))), name))
    index.maintainer.append(paragraph["Maintainer"])
    index.description.append(paragraph["Description"])
    index.tags.append(sorted({tag.strip() for tag in _parts(paragraph.get("Tag", ""))}))
    index.installed_size.append(_number(paragraph.get("Installed-Size", "")))
    index.size.append(_number(paragraph.get("Size", "")))
    index.priority.append(paragraph.get("Priority", "optional"))
    index.portable.append(paragraph.get("Architecture", "") == "all")


def _parts(text: str) -> Iterable[str]:
    return (part for part in text.replace("\n", " ").split(",") if part.strip())


def _number(text: str) -> float:
    return float(text) if text.isdigit() else float("nan")
