"""Debian's package index: a small one by hand, in every compression, and damaged ones."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import lz4.frame
import pytest

from condense.datasets import debian_index
from condense.datasets.debian_index import index_file, names, read_index
from condense.errors import FileError

TEXT = """\
Package: game
Section: contrib/games
Source: game-src (1.0-2)
Maintainer: A <a@example.org>
Installed-Size: 10
Size: 2000
Priority: optional
Architecture: amd64
Depends: lib:any (>= 1.2) | other-lib, absent [linux-any] <!nocheck>, game
Pre-Depends: lib
Suggests: data
Tag: use::gameplaying, role::program,
 use::gameplaying
Description: A game
 that is fun.

Package: lib
Section: libs
Maintainer: Bé <b@example.org>
Priority: required
Architecture: all
Description: A library

Package: other-lib
Section: libs
Maintainer: A <a@example.org>
Recommends: lib, game
Description: Another

Package: data
Section: games
Source: game-src
Maintainer: A <a@example.org>
Description: Data

Package: lib
Section: kept-is-the-first
Maintainer: C
Description: A newer library
"""
PACKED = {
    "": lambda data: data,
    ".xz": lzma.compress,
    ".gz": gzip.compress,
    ".lz4": lz4.frame.compress,
}


def write(root: Path, text: str = TEXT, ending: str = "") -> Path:
    path = root / "debian" / f"Packages{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PACKED[ending](text.encode()))
    return path


@pytest.mark.parametrize("ending", PACKED)
def test_a_small_index(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, ending=ending)
    assert index_file(tmp_path) == path
    index = read_index(path)
    assert index.name == ["game", "lib", "other-lib", "data"]
    assert index.section == ["games", "libs", "libs", "games"]
    assert index.source == ["game-src", "lib", "other-lib", "game-src"]
    assert index.maintainer[1] == "Bé <b@example.org>"
    assert index.description[0] == "A game\n that is fun."
    assert index.tags == [["role::program", "use::gameplaying"], [], [], []]
    assert (index.installed_size[0], index.size[0]) == (10, 2000)
    assert index.size[1] != index.size[1]  # NaN.
    assert index.priority == ["optional", "required", "optional", "optional"]
    assert index.portable == [False, True, False, False]
    # "lib" is named twice; "absent" is not in the index; nothing depends on itself.
    assert index.depends == {
        "depends": [(0, 1), (0, 2)],
        "recommends": [(2, 1), (2, 0)],
        "suggests": [(0, 3)],
    }


def test_names_of_dependencies() -> None:
    assert names("a (>= 1) | b:any, c [amd64] <!x>,\n d(=2)") == ["a", "b", "c", "d"]
    assert names("") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no package"),
        ("Section: a\nMaintainer: b\nDescription: c\n", "paragraph 1 lacks one of Package"),
        ("Package: a\nSection: b\n", "package 'a' lacks one of Package, Section, Maintainer"),
        ("no index at all", "names no package|is no Debian package index"),
    ],
)
def test_other_texts(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_index(write(tmp_path, text))


@pytest.mark.parametrize("ending", PACKED)
def test_damaged_files(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, ending=ending)
    path.write_bytes(b"\xff\xfe\x00" + path.read_bytes()[10:-10])
    with pytest.raises(FileError, match="Packages"):
        read_index(path)


def test_apt_lists_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest index of main, not those of updates to it or of other components."""
    lists = tmp_path / "lists"
    lists.mkdir()
    for name, size in (
        ("m_debian_dists_x_main_binary-amd64_Packages.lz4", 200),
        ("m_debian-security_dists_x-security_main_binary-amd64_Packages.lz4", 100),
        ("m_debian_dists_x_non-free_binary-amd64_Packages.lz4", 300),
        ("m_debian_dists_x_InRelease", 900),
    ):
        (lists / name).write_bytes(bytes(size))
    monkeypatch.setattr(debian_index, "APT_LISTS", lists)
    assert index_file(tmp_path).name == "m_debian_dists_x_main_binary-amd64_Packages.lz4"
    ours = write(tmp_path)
    assert index_file(tmp_path) == ours
