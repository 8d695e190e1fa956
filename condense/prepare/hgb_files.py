"""The files of HGB's data sets: node.dat, link.dat and label.dat, checked line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from condense.datasets.arrays import file_errors
from condense.errors import FileError
from condense.prepare.delimited import read_numbers


@dataclass(frozen=True)
class Nodes:
    """The nodes in the order of their lines.

    Attributes:
        ids: int64 [nodes], over all types.
        types: int64 [nodes], the number of each node's type.
        rows: int64 [nodes], the number of each node within its type.
        features: number of a type -> float32 [nodes of the type, width], of types that have features.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    rows: NDArray[np.int64]
    features: Mapping[int, NDArray[np.float32]]

    def find(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which node each of `ids` is, −1 if none."""
        order = np.argsort(self.ids, kind="stable")
        place = np.searchsorted(self.ids, ids, sorter=order).clip(max=len(order) - 1)
        found = order[place]
        return np.where(self.ids[found] == ids, found, -1)


def read_nodes(path: Path) -> Nodes:
    """The nodes of node.dat: id, name, type and features on each line, or no features.

    Raises:
        FileError: the file is missing or damaged, or a line does not fit.
    """
    ids, types, features = [], [], {}
    widths: dict[int, int] = {}
    for number, words in _lines(path):
        if len(words) not in (3, 4):
            rule = "must be id, name, type and features, divided by tabs"
            raise fault(path, number, f"{len(words)} columns", rule)
        node_type = _whole(path, number, words[2], "the type")
        ids.append(_whole(path, number, words[0], "the id"))
        types.append(node_type)
        x = _floats(path, number, words[3] if len(words) == 4 else "")
        if len(x) != widths.setdefault(node_type, len(x)):
            rule = f"must have {widths[node_type]} features, as the nodes of type {node_type} before it"
            raise fault(path, number, str(len(x)), rule)
        features.setdefault(node_type, []).append(x)
    if not ids:
        raise FileError(f"{path} (got no line) must have a line for each node; save it again")
    kinds, rows = np.array(types), np.empty(len(types), np.int64)
    for node_type, found in features.items():
        rows[kinds == node_type] = np.arange(len(found))
    unique, first = np.unique(ids, return_index=True)
    if len(unique) < len(ids):
        again = np.setdiff1d(np.arange(len(ids)), first)[0]
        raise FileError(
            f"{path} (got id {ids[again]} twice) must have one line per node; remove one"
        )
    stacked = {t: np.stack(x) for t, x in features.items() if widths[t]}
    return Nodes(np.array(ids), kinds, rows, stacked)


@dataclass(frozen=True)
class Links:
    """Edges in the order of their lines.

    Attributes:
        ends: int64 [2, edges], places in `Nodes`.
        relations: int64 [edges], the number of each edge's relation.
        weights: float64 [edges].
    """

    ends: NDArray[np.int64]
    relations: NDArray[np.int64]
    weights: NDArray[np.float64]


def read_links(path: Path, nodes: Nodes) -> Links:
    """The edges of link.dat: source, destination, relation and weight on each line, or no weight.

    Raises:
        FileError: the file is missing or damaged, or names a node that is not in node.dat.
    """
    table = read_numbers(path, "float64", delimiter="\t")  # [edges, 3 or 4]
    if table.shape[1] not in (3, 4):
        rule = "must be source, destination, relation and weight, divided by tabs"
        raise fault(path, 1, f"{table.shape[1]} columns", rule)
    wrong = np.argwhere((np.rint(table[:, :3]) != table[:, :3]) | ~(np.abs(table[:, :3]) < 2**53))
    if len(wrong):
        line, column = wrong[0]
        raise fault(path, line + 1, f"{table[line, column]:g}", "must be a whole number")
    numbers = table[:, :3].astype(np.int64)
    ends = np.stack([nodes.find(numbers[:, 0]), nodes.find(numbers[:, 1])])
    wrong = np.argwhere(ends.T < 0)
    if len(wrong):
        line, column = wrong[0]
        raise fault(path, line + 1, f"node {numbers[line, column]}", "must be a node of node.dat")
    weights = table[:, 3] if table.shape[1] == 4 else np.ones(len(table))
    return Links(ends, numbers[:, 2], weights)


def read_labels(path: Path, nodes: Nodes, withheld: bool = False) -> dict[int, int]:
    """Place in `Nodes` -> class, of the lines id, name, type, class.

    Args:
        path: the file.
        nodes: of node.dat.
        withheld: whether classes may be left out, which gives −1.

    Raises:
        FileError: the file is missing or damaged, or a line does not fit the nodes, or has several classes.
    """
    lines, ids = list(_lines(path)), []
    for number, words in lines:
        if len(words) != 4 and not (withheld and len(words) == 3):
            rule = "must be id, name, type and class, divided by tabs"
            raise fault(path, number, f"{len(words)} columns", rule)
        ids.append(_whole(path, number, words[0], "the id"))
    found: dict[int, int] = {}
    places = nodes.find(np.array(ids, np.int64)).tolist()
    for (number, words), node, place in zip(lines, ids, places, strict=True):
        if place < 0:
            raise fault(path, number, f"node {node}", "must be a node of node.dat")
        if _whole(path, number, words[2], "the type") != nodes.types[place]:
            rule = f"must be {nodes.types[place]}, the type of node {node} in node.dat"
            raise fault(path, number, f"type {words[2]}", rule)
        label = "".join(words[3:]).strip()
        if "," in label or place in found:
            raise FileError(
                f"{path}, line {number} (got {label[:40]!r} for node {node}) gives a node several labels; "
                "multi-label classification is not supported: keep one label per node"
            )
        missing = withheld and not label
        found[place] = -1 if missing else _whole(path, number, label, "the class")
    return found


def fault(path: Path, line: int, got: str, rule: str) -> FileError:
    """The error of a line that breaks a rule."""
    return FileError(f"{path}, line {line} (got {got[:60]}) {rule}; correct the line")


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The number of each line that is not empty, and its columns."""
    with file_errors(path), path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            if line := line.rstrip("\r\n"):
                yield number, line.split("\t")


def _whole(path: Path, line: int, word: str, what: str) -> int:
    try:
        number = int(word)
        if abs(number) < 2**53:
            return number
    except ValueError:
        pass
    raise fault(path, line, repr(word[:40]), f"must have a whole number as {what}")


def _floats(path: Path, line: int, text: str) -> NDArray[np.float32]:
    """Features [width]; [0] where there are none."""
    if not text.strip():
        return np.empty(0, np.float32)
    try:
        # Released files have 60 million numbers; float() takes almost twice as long.
        x = np.fromstring(text, np.float32, sep=",")
    except ValueError:
        x = np.empty(0, np.float32)
    if len(x) != text.count(",") + 1:
        raise fault(path, line, repr(text[:40]), "must have features divided by commas")
    return x
