"""Which split a graph gets: one that is drawn, one of the user's files, or one of the source's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from condense.data.pyg.labels import is_split
from condense.datasets.splits import NAMES
from condense.errors import UserError
from condense.prepare.raw import RawGraph
from condense.prepare.split_files import Part, masks_of_files, read_part
from condense.prepare.splits import COUNTS, SHARES, drawn_split, draws
from models.choices import nearest

FORMS = (
    f"shares in per cent that sum to 100, such as {SHARES}, or how many nodes of each class train and "
    f"validate, such as {COUNTS}, or three files of nodes, such as train.txt val.txt test.txt"
)


@dataclass(frozen=True)
class AskedSplit:
    """What the user asks for.

    Attributes:
        words: one word that draws a split or names one in the source, or three files; none for the source's.
        seed: of a split that is drawn.
        index: which of several splits in the source.
        parts: of the three files.
    """

    words: tuple[str, ...]
    seed: int
    index: int | None
    parts: Mapping[str, Part]

    @classmethod
    def of(cls, split: str | Sequence[str] | None, index: int | None, seed: int) -> AskedSplit:
        """The words and the files they name, checked; the source need not be read for that.

        Raises:
            UserError: words of no meaning, or an index besides them.
            FileError: a file cannot be read.
        """
        words = (split,) if isinstance(split, str) else tuple(split or ())
        if words and index is not None:
            raise UserError(
                f"split_index (got {index}) chooses among given splits; leave split out"
            )
        if len(words) not in (0, 1, 3):
            raise UserError(f"split (got {' '.join(words)}) must be {FORMS}")
        if len(words) == 1 and draws(words[0]):
            drawn_split(words[0], seed)
        files = zip(NAMES, words, strict=True) if len(words) == 3 else ()
        return cls(words, seed, index, {name: read_part(Path(word)) for name, word in files})

    def among(self, raw: RawGraph, source: Path) -> tuple[Any, tuple[str, ...]]:
        """The split as `condense.data.pyg.convert.convert` takes it, and notes.

        Args:
            raw: the source.
            source: its file or folder, for messages.

        Raises:
            UserError: the source has no split, or not the one that was named.
        """
        if self.parts:
            paths = ", ".join(part.path.name for part in self.parts.values())
            return self._of_files(raw), (f"split: {paths}",)
        word = self.words[0] if self.words else raw.usual_split
        if word is not None and draws(word):
            return drawn_split(word, self.seed), (f"split: {word} drawn with seed {self.seed}",)
        if self.words:
            return _column(raw, self._named(raw, source)), ()
        if not _has_split(raw):
            raise UserError(
                f"{source} has no split into training, validation and test nodes; draw one with --split "
                f"{SHARES} (per cent) or --split {COUNTS} (nodes of each class), or name three files, "
                f"--split train.txt val.txt test.txt{raw.no_split}"
            )
        notes = ()
        if len(raw.split_names) > 1 and self.index is None:
            first, *others = raw.split_names
            notes = (f"split: {first}; choose another with --split ({', '.join(others)})",)
        return _column(raw, self.index), notes

    def _of_files(self, raw: RawGraph) -> Any:
        def masks(target: str, y: Tensor) -> Mapping[str, Tensor]:
            return masks_of_files(self.parts, target, y, raw.ids(target) if raw.ids else None)

        return masks

    def _named(self, raw: RawGraph, source: Path) -> int:
        """Which of the splits in the source the word names."""
        (word,) = self.words
        if word in raw.split_names:
            return raw.split_names.index(word)
        if not raw.split_names:
            raise UserError(f"split (got {word!r}) must be {FORMS}")
        raise UserError(
            f"split (got {word!r}) is not one of those in {source}; {nearest(word, raw.split_names)}; or "
            f"give {FORMS}"
        )


def _has_split(raw: RawGraph) -> bool:
    if raw.split is not None:
        return True
    stores = [raw.data, *getattr(raw.data, "node_stores", [])]
    return any(is_split(str(key)) for store in stores for key, _ in store.items())


def _column(raw: RawGraph, index: int | None) -> int | Mapping[str, Any] | None:
    """What `convert` takes as the split: the column of that number, or the first."""
    if raw.split is None:
        return 0 if index is None and raw.split_names else index
    if index is None:
        several = all(getattr(rows, "ndim", 1) == 2 for rows in raw.split.values())
        return {part: rows[:, 0] for part, rows in raw.split.items()} if several else raw.split
    for part, rows in raw.split.items():
        if getattr(rows, "ndim", 1) != 2 or not 0 <= index < rows.shape[1]:
            raise UserError(
                f"split_index (got {index}) is not a column of the split's {part!r}; leave it out"
            )
    return {part: rows[:, index] for part, rows in raw.split.items()}
