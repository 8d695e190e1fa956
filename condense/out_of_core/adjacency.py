"""A relation's edges on disk, sorted by destination: compressed sparse rows that are multiplied in blocks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_matrix
from torch import Tensor

from condense.errors import FileError
from condense.out_of_core.arrays import append_array, read_array

FEW = 2**22
"""Most edges that are added up in float32; beyond some 2^24 ones a sum would stand still."""
EdgeBlock = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Sources, destinations and weights of some edges; None where all weights are 1."""


@dataclass(frozen=True)
class Rows:
    """The edges into consecutive destinations.

    Attributes:
        first, last: the destinations, from `first` until before `last`.
        starts: where the edges of each begin among these, and where the last ends [last − first + 1].
        sources: of the edges, ascending for each destination.
        weights: their multiplicities.
    """

    first: int
    last: int
    starts: np.ndarray
    sources: np.ndarray
    weights: np.ndarray

    @property
    def destinations(self) -> np.ndarray:
        """Of each edge."""
        return np.repeat(np.arange(self.first, self.last), np.diff(self.starts))

    def matrix(self, width: int) -> csr_matrix:
        """The edges as a matrix [last − first, width]."""
        return csr_matrix(
            (self.weights, self.sources, self.starts), (self.last - self.first, width), copy=False
        )


@dataclass(frozen=True)
class Part:
    """The edges from `begin` until before `end`, all of which lead to the destinations from `first` until
    before `last`.
    """

    first: int
    last: int
    begin: int
    end: int

    def whole(self, starts: np.ndarray) -> bool:
        """Whether these are all edges of the destinations."""
        return bool(starts[self.first] == self.begin and starts[self.last] == self.end)


@dataclass(frozen=True)
class Adjacency:
    """A relation: A [height, width] in compressed sparse rows, parallel edges added up.

    Attributes:
        folder: its files.
        height, width: the numbers of destinations and of sources.
        edges: the number of joined pairs.
        weighted: whether a weight differs from 1.
        marks: sums over all edges of two hashes of the edge, and of the edge turned around: two relations
            are transposes of each other if the first of each is the second of the other.
        block: how many edges are read at a time.
    """

    folder: Path
    height: int
    width: int
    edges: int
    weighted: bool
    marks: tuple[int, int]
    block: int

    @classmethod
    def load(cls, folder: Path, block: int) -> Adjacency:
        """The relation that `sort_edges` wrote."""
        facts = json.loads((folder / "relation.json").read_text())
        facts["marks"] = tuple(facts["marks"])
        return cls(folder, block=block, **facts)

    def starts(self) -> np.ndarray:
        """Where the edges of each destination begin [height + 1]."""
        return read_array(self.folder / "starts.i64", np.int64, self.height + 1)

    def degrees(self) -> Float[Tensor, " height"]:
        """In-degrees, by multiplicity."""
        if not self.weighted:
            return torch.from_numpy(np.diff(self.starts()).astype(np.float32))
        return torch.from_numpy(read_array(self.folder / "degrees.f32", np.float32, self.height))

    def __iter__(self) -> Iterator[Rows]:
        """All edges, in blocks; those of a destination with very many come in several."""
        starts = self.starts()
        for part in self._parts(starts, self.block):
            yield self._read(starts, part)

    def _parts(self, starts: np.ndarray, most: int) -> Iterator[Part]:
        """Consecutive destinations with at most `most` edges, or a part of the edges of one destination."""
        first = 0
        while first < self.height:
            last = int(np.searchsorted(starts, starts[first] + most, side="right")) - 1
            if last > first:
                yield Part(first, min(last, self.height), int(starts[first]), int(starts[last]))
                first = last
                continue
            for begin in range(int(starts[first]), int(starts[first + 1]), most):
                yield Part(first, first + 1, begin, min(begin + most, int(starts[first + 1])))
            first += 1

    def _read(self, starts: np.ndarray, part: Part) -> Rows:
        count = part.end - part.begin
        sources = read_array(self.folder / "sources.i32", np.int32, count, part.begin)
        weights = np.ones(count, np.float32)
        if self.weighted:
            weights = read_array(self.folder / "weights.f32", np.float32, count, part.begin)
        local = starts[part.first : part.last + 1].clip(part.begin, part.end) - part.begin
        return Rows(part.first, part.last, local.astype(np.int32), sources, weights)

    def sums(self, x: Float[Tensor, "width k"]) -> Float[Tensor, "height k"]:
        """A x. Blocks are multiplied side by side, since scipy leaves other threads alone meanwhile."""
        found = torch.zeros(self.height, x.size(1))
        dense, starts, threads = x.contiguous().numpy(), self.starts(), torch.get_num_threads()
        hubs: dict[int, Tensor] = {}

        def multiply(part: Part) -> tuple[int, Tensor] | None:
            product = torch.from_numpy(self._read(starts, part).matrix(self.width) @ dense)
            if part.whole(starts):
                found[part.first : part.last] = product
                return None
            return part.first, product.double()

        most = min(self.block, self.edges // threads + 1, FEW) // threads + 1
        with ThreadPoolExecutor(threads) as pool:
            for hub in pool.map(multiply, self._parts(starts, most)):
                if hub is not None:  # In order, and in float64: a hub may have any number of edges.
                    hubs[hub[0]] = hubs.get(hub[0], 0) + hub[1]
        for node, total in hubs.items():
            found[node] = total[0].float()
        return found

    def means(self, x: Float[Tensor, "width k"]) -> Float[Tensor, "height k"]:
        """D⁻¹A x, the mean over in-neighbours; zero where there are none."""
        return self.sums(x).div_(
            self.degrees().clamp_min(torch.finfo(torch.float32).tiny).unsqueeze(1)
        )

    def edges_into(
        self, wanted: Bool[Tensor, " height"]
    ) -> tuple[Int[Tensor, " e"], Int[Tensor, " e"], Float[Tensor, " e"]]:
        """Sources, destinations and weights of the edges into some destinations."""
        empty = torch.zeros(0, dtype=torch.long)
        found = [(empty, empty, torch.zeros(0))]
        for rows in self:
            into = torch.from_numpy(rows.destinations)
            inside = wanted[into]
            src, weight = torch.from_numpy(rows.sources), torch.from_numpy(rows.weights)
            found.append((src[inside].long(), into[inside], weight[inside]))
        src, dst, weight = (torch.cat(part) for part in zip(*found, strict=True))
        return src, dst, weight


def sort_edges(
    blocks: Iterable[EdgeBlock],
    again: Iterable[EdgeBlock],
    folder: Path,
    size: tuple[int, int],
    block: int,
) -> Adjacency:
    """Sort a relation's edges by destination, then by source, and add up parallel ones.

    An external distribution sort: the first pass counts each destination's edges, the second distributes
    the edges to files of neighbouring destinations, each of which is then sorted in memory.

    Args:
        blocks: the edges.
        again: the same, for the second pass.
        folder: to write to.
        size: numbers of destinations and of sources.
        block: how many edges are held at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    height, width = size
    degree = np.zeros(height, np.int64)
    for _, dst, _ in blocks:
        degree += np.bincount(dst, minlength=height)
    bounds = _bounds(degree, block)
    piles = [folder / f"pile-{number:05d}" for number in range(len(bounds) - 1)]
    _distribute(again, bounds, piles)
    edges, weighted, marks = 0, False, np.zeros(2, np.uint64)
    count, total = np.zeros(height, np.int64), np.zeros(height, np.float32)
    waiting = int(degree.sum())
    for pile, first, last in zip(piles, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if not pile.exists():
            continue
        waiting -= pile.stat().st_size // RECORD.itemsize
        dst, src, weight = _sorted_pile(pile, first, width)
        count[first:last] = np.bincount(dst - first, minlength=last - first)
        total[first:last] = np.bincount(dst - first, weight, minlength=last - first)
        append_array(folder / "sources.i32", src.astype(np.int32))
        append_array(folder / "weights.f32", weight)
        edges, weighted = edges + len(src), weighted or bool((weight != 1).any())
        marks += np.array([_mark(dst, src, weight), _mark(src, dst, weight)], np.uint64)
        pile.unlink()
    if waiting:
        raise FileError(f"{folder} lacks {waiting:,} edges that were written to it; check its disk")
    starts = np.zeros(height + 1, np.int64)
    np.cumsum(count, out=starts[1:])
    append_array(folder / "starts.i64", starts)
    (folder / "sources.i32").touch()
    if weighted:
        append_array(folder / "degrees.f32", total)
    else:
        (folder / "weights.f32").unlink(missing_ok=True)
    facts = {
        "height": height,
        "width": width,
        "edges": edges,
        "weighted": weighted,
        "marks": [int(mark) for mark in marks],
    }
    (folder / "relation.json").write_text(json.dumps(facts))
    return Adjacency.load(folder, block)


def _bounds(degree: np.ndarray, block: int) -> np.ndarray:
    """Where piles of at most `block` edges begin, and the end; each has at least one destination."""
    ends, bounds = np.cumsum(degree), [0]
    while bounds[-1] < len(degree):
        before = ends[bounds[-1] - 1] if bounds[-1] else 0
        last = int(np.searchsorted(ends, before + block, side="right"))
        bounds.append(max(last, bounds[-1] + 1))
    return np.array(bounds)


def _distribute(blocks: Iterable[EdgeBlock], bounds: np.ndarray, piles: list[Path]) -> None:
    for src, dst, weight in blocks:
        pile = np.searchsorted(bounds, dst, side="right") - 1
        order = np.argsort(pile, kind="stable")
        records = np.empty(len(order), RECORD)
        records["dst"], records["src"] = dst[order], src[order]
        records["weight"] = 1.0 if weight is None else weight[order]
        ends = np.cumsum(np.bincount(pile, minlength=len(piles)))
        for number, (first, last) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            if last > first:
                append_array(piles[number], records[first:last])


RECORD = np.dtype([("dst", np.int64), ("src", np.int32), ("weight", np.float32)])


def _sorted_pile(pile: Path, first: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Destinations, sources and weights of a pile's edges in order, each pair once."""
    records = read_array(pile, RECORD, pile.stat().st_size // RECORD.itemsize)
    key = (records["dst"] - first) * width + records["src"]
    order = np.argsort(key, kind="stable")
    key = key[order]
    new = np.concatenate([[True], key[1:] != key[:-1]])
    if new.all():
        weight = records["weight"][order]
    else:
        weight = np.add.reduceat(records["weight"][order].astype(np.float64), np.flatnonzero(new))
    key = key[new]
    return key // width + first, key % width, weight.astype(np.float32)


def _mark(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> np.uint64:
    """The sum of a 64-bit hash (splitmix64) of each edge, whatever their order."""
    mixed = _mix(one.astype(np.uint64))
    mixed = _mix(mixed ^ other.astype(np.uint64))
    mixed = _mix(mixed ^ weight.view(np.uint32).astype(np.uint64))
    return mixed.sum(dtype=np.uint64)


def _mix(x: np.ndarray) -> np.ndarray:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
