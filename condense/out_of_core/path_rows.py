"""Meta-path features of some target nodes of a graph on disk, in the models' units, kept row by row."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.out_of_core.columns import Columns, Matrix, RowMatrix, Stacked, cut
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.propagation import Means
from condense.out_of_core.some_rows import rows_at
from condense.out_of_core.workspace import Workspace
from models.propagation.metapaths import (
    MetaPath,
    PathFeatures,
    blocks,
    endpoint,
    longer_walks,
    walk,
)

SECONDS = "seconds.txt"


@dataclass(frozen=True)
class PathRows:
    """Z_{p,m} = Â_p Xᵐ of some target nodes, features in scaled units.

    Attributes:
        nodes: the target nodes, ascending.
        z: a row a node, the blocks side by side in the order of `blocks`.
        widths: of each block.
        has: modality of the target type -> which of the nodes have it.
        block: how many rows are read at a time where many are.
        seconds: that propagating took, whichever run did it.
    """

    nodes: Int[Tensor, " k"]
    z: Columns
    widths: Mapping[tuple[MetaPath, str], int]
    has: Mapping[str, Bool[Tensor, " k"]]
    block: int
    seconds: float

    def of(self, nodes: Int[Tensor, " b"]) -> tuple[PathFeatures, dict[str, Tensor]]:
        """The features of some of these nodes, and which of them have each modality."""
        places = torch.searchsorted(self.nodes, nodes)
        parts = rows_at(self.z, places, self.block).split(list(self.widths.values()), dim=1)
        has = {modality: mask[places] for modality, mask in self.has.items()}
        return dict(zip(self.widths, parts, strict=True)), has


@dataclass(frozen=True)
class _RowsOfMeans:
    """What multiplies as some rows of D⁻¹A of a relation."""

    means: Means
    rows: Tensor

    def __matmul__(self, x: Tensor) -> Tensor:
        return (self.means @ x)[self.rows]


def path_rows(
    graph: GraphOnDisk, hops: int, nodes: Int[Tensor, " k"], workspace: Workspace, name: str
) -> PathRows:
    """Propagate the features of the whole graph a few columns at a time, and keep the rows of some nodes.

    Exact, since all edges of the whole graph take part.

    Args:
        graph: the whole graph.
        hops: the longest meta-path.
        nodes: target nodes, ascending.
        workspace: where they are kept.
        name: of the stages; another one for other nodes or hops.
    """
    schema = graph.schema
    widths = {
        (p, m): schema.modalities[endpoint(p, schema.target)][m] for p, m in blocks(schema, hops)
    }
    columns = sum(widths.values())
    whole = (slice(0, columns),)

    def make(folder: Path) -> None:
        stacked = _propagated(graph, hops, nodes, workspace, widths, f"{name}-columns")
        started, written = time.perf_counter(), Columns(folder, len(nodes), whole)
        for _, rows in stacked.blocks(graph.room.rows(columns)):
            written.append(rows)
        slabs = sum(_seconds(each) for each in workspace.folder.glob(f"{name}-columns-*"))
        _keep_seconds(folder, slabs + time.perf_counter() - started)

    def read(folder: Path) -> tuple[Columns, float]:
        return Columns(folder, len(nodes), whole), _seconds(folder)

    z, seconds = workspace.stage(name, make, read)
    workspace.drop(f"{name}-columns-*")
    own = graph.features[schema.target]
    has = {
        m: torch.ones(len(nodes), dtype=torch.bool) if mask is None else mask[nodes]
        for m, mask in own.has.items()
    }
    return PathRows(nodes, z, widths, has, graph.room.rows(columns), seconds)


def _propagated(
    graph: GraphOnDisk,
    hops: int,
    nodes: Int[Tensor, " k"],
    workspace: Workspace,
    widths: Mapping[tuple[MetaPath, str], int],
    name: str,
) -> RowMatrix:
    """The features by columns: a stage for each slab of a type's features."""
    schema, place, begin = graph.schema, {}, 0
    for (path, modality), width in widths.items():
        place[path, modality], begin = begin, begin + width
    ends: dict[str, list[MetaPath]] = {}
    for path in dict.fromkeys(path for path, _ in widths):
        ends.setdefault(endpoint(path, schema.target), []).append(path)
    parts: list[RowMatrix] = []
    places: list[Tensor] = []
    for type_number, (node_type, paths) in enumerate(ends.items()):
        own = graph.features[node_type]
        x = graph.scaled(node_type, graph.scaler)
        for number, slab in enumerate(x.slabs):
            wide = slab.stop - slab.start
            slabs = cut([wide] * len(paths), wide)

            def make(
                folder: Path,
                x: Matrix = x,
                number: int = number,
                node_type: str = node_type,
                paths: Sequence[MetaPath] = paths,
                slabs: Sequence[slice] = slabs,
            ) -> None:
                started, written = time.perf_counter(), Columns(folder, len(nodes), slabs)
                found = _walked(graph, hops, nodes, x.slab(number), node_type)
                for path, z in found:
                    if path in paths:
                        written.write_slab(paths.index(path), z)
                _keep_seconds(folder, time.perf_counter() - started)

            def read(folder: Path, slabs: Sequence[slice] = slabs) -> Columns:
                return Columns(folder, len(nodes), slabs)

            parts.append(workspace.stage(f"{name}-{type_number}-{number}", make, read))
            modality = own.modality_of(slab)
            inside = torch.arange(slab.start, slab.stop) - own.columns(modality).start
            places.append(torch.cat([inside + place[path, modality] for path in paths]))
    return Stacked(parts, places)


def _walked(
    graph: GraphOnDisk,
    hops: int,
    nodes: Int[Tensor, " k"],
    x: Float[Tensor, "n d"],
    node_type: str,
) -> Iterator[tuple[MetaPath, Tensor]]:
    """(meta-path, Z of the nodes) for some columns of a type's features."""
    schema = graph.schema

    def average(relation: EdgeType, whole: bool) -> Means | _RowsOfMeans:
        means = Means(graph.relations[relation])
        return means if whole else _RowsOfMeans(means, nodes)

    if node_type == schema.target:
        yield (), x[nodes]
    yield from walk(average, schema.target, longer_walks(schema, hops), nodes, x, node_type, ())


def _keep_seconds(folder: Path, seconds: float) -> None:
    (folder / SECONDS).write_text(repr(seconds))


def _seconds(folder: Path) -> float:
    return float((folder / SECONDS).read_text())
