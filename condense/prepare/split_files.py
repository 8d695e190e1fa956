"""A split that the user gives in three files, which name the nodes of each part."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from condense.data.graph import UNLABELLED
from condense.datasets.arrays import file_errors, read_array
from condense.datasets.splits import NAMES
from condense.errors import FileError
from condense.prepare.torch_files import load_numbers


@dataclass(frozen=True)
class Part:
    """The nodes that one file names, and where in it.

    Attributes:
        path: the file.
        words: an id or a number each.
        lines: of the words, counted from 1; None where the file is no text.
        mask: the length of the mask that the file holds, whose numbers the words are; None for a list.
    """

    path: Path
    words: Sequence[str]
    lines: Sequence[int] | None = None
    mask: int | None = None

    def place(self, *entries: int) -> str:
        """The file, and the lines or entries, for messages."""
        unit = "entry" if self.lines is None else "line"
        numbers = [entry + 1 if self.lines is None else self.lines[entry] for entry in entries]
        plural = {"entry": "entries", "line": "lines"}[unit] if len(numbers) > 1 else unit
        return f"{self.path}, {plural} {', '.join(map(str, numbers))}"


def read_part(path: Path) -> Part:
    """The nodes that a file names: one a line of text (.txt, .csv, .csv.gz, …), or an array (.npy, .pt).

    Raises:
        FileError: the file is missing, damaged or empty, or has several columns.
    """
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    part = _of_array(path, ending) if ending in ("npy", "pt", "pth") else _of_text(path)
    if not part.words:
        raise FileError(f"{path} names no node; give each part of the split at least one")
    return part


def _of_array(path: Path, ending: str) -> Part:
    values = read_array(path) if ending == "npy" else load_numbers(path).numpy()
    flat = values.reshape(-1) if values.ndim <= 2 and values.size in values.shape else values
    if flat.dtype.kind == "f" and np.isfinite(flat).all() and np.array_equal(flat, np.rint(flat)):
        flat = flat.astype(np.int64)
    if flat.ndim != 1 or flat.dtype.kind not in "biuU":
        raise FileError(
            f"{path} (got {values.dtype} {list(values.shape)}) must hold ids or numbers of nodes, or a mask "
            "of all nodes; save it again"
        )
    if flat.dtype == bool:
        return Part(path, list(map(str, np.flatnonzero(flat).tolist())), mask=len(flat))
    return Part(path, list(map(str, flat.tolist())))


def _of_text(path: Path) -> Part:
    words, lines = [], []
    with (
        file_errors(path),
        gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8-sig", newline="") as stream,
    ):
        reader = csv.reader(stream, strict=True, skipinitialspace=True)
        for row in reader:
            cells = [cell.strip() for cell in row]
            if len(cells) > 1:
                raise ValueError(
                    f"line {reader.line_num} has {len(cells)} columns where 1 is expected"
                )
            if cells and cells[0]:
                words.append(cells[0])
                lines.append(reader.line_num)
    return Part(path, words, lines)


def masks_of_files(
    parts: Mapping[str, Part], target: str, y: Tensor, ids: Sequence[str] | None
) -> dict[str, Tensor]:
    """The masks bool [n] of the three parts.

    Args:
        parts: "train", "val" and "test" -> what the file of the part names.
        target: the node type, for messages.
        y: its labels [n], −1 where unknown.
        ids: of its nodes [n], where the files of the graph have ids; else nodes have numbers.

    Raises:
        FileError: no node has such an id or number, or a node is named twice, or a node that trains or
            validates has no label.
    """
    known = None if ids is None else {word: number for number, word in enumerate(ids)}
    masks: dict[str, Tensor] = {}
    first: dict[int, tuple[Part, int]] = {}  # Node -> where it was named.
    for name in NAMES:
        part, numbers = parts[name], _numbers(parts[name], target, len(y), known)
        for entry, number in enumerate(numbers):
            if number in first:
                raise _twice(part.words[entry], *first[number], part, entry)
            first[number] = part, entry
        unlabelled = y[torch.tensor(numbers)] == UNLABELLED
        if name != "test" and bool(unlabelled.any()):
            entry = int(unlabelled.nonzero()[0])
            raise FileError(
                f"{part.place(entry)} names {part.words[entry][:40]!r}, which has no label, as have "
                f"{int(unlabelled.sum()) - 1} nodes after it; take them out: they can neither "
                "train nor validate"
            )
        masks[name] = torch.zeros(len(y), dtype=torch.bool)
        masks[name][torch.tensor(numbers)] = True
    return masks


def _numbers(part: Part, target: str, n: int, known: Mapping[str, int] | None) -> list[int]:
    """The number of each node that a file names, by its id in `known`, or by itself."""
    if part.mask not in (None, n):
        raise FileError(
            f"{part.path} (got a mask of {part.mask}) must have {n} entries, one for each {target!r} node; "
            "save it again"
        )
    known = known if part.mask is None else None
    numbers = []
    for entry, word in enumerate(part.words):
        number = _number(word, n) if known is None else known.get(word)
        if number is None:
            rule = f"the number of a {target!r} node, 0 … {n - 1}"
            rule = rule if known is None else f"the id of a {target!r} node"
            title = " or, if it is the column's name, delete it" if entry == 0 else ""
            raise FileError(
                f"{part.place(entry)} (got {word[:40]!r}) must be {rule}; correct it{title}"
            )
        numbers.append(number)
    return numbers


def _number(word: str, n: int) -> int | None:
    """The whole number in 0 … n − 1 that a word is."""
    return int(word) if word.isdecimal() and len(word) < 16 and int(word) < n else None


def _twice(word: str, earlier: Part, entry: int, part: Part, again: int) -> FileError:
    if earlier is part:
        return FileError(f"{part.place(entry, again)} name {word[:40]!r} twice; keep one of them")
    return FileError(
        f"{part.place(again)} names {word[:40]!r}, which {earlier.place(entry)} names too; each node is in "
        "one part of the split"
    )
