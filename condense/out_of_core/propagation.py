"""Meta-path features of all target nodes, propagated a few columns at a time and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.propagation import affordable_rank
from condense.clustering.reduction import Reduction, directions_of_gram
from condense.out_of_core.adjacency import Adjacency
from condense.out_of_core.columns import Columns, Matrix, RowMatrix, Stacked, cut
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.room import Room
from condense.out_of_core.tasks import Tasks, in_order, ranges
from condense.out_of_core.workspace import Workspace
from models.propagation.metapaths import MetaPath, blocks, longer_walks, walk
from models.schema import GraphSchema

PORTION = 2**18
"""Rows of a piece of work."""
BASIS = "basis.pt"
PATHS = "paths-*"
"""The folders of all meta-path features."""


@dataclass(frozen=True)
class ViewOnDisk:
    """Z = [s_{p,m} Z_{p,m}] of all target nodes, see `condense.clustering.propagation.RelayView`.

    Attributes:
        graph: the whole graph.
        schema: with the widths of reduced features.
        hops: the longest meta-path.
        reduction: between scaled features and H.
        reduced: node type -> its reduced features H, in scaled units.
        z: the unscaled blocks side by side.
        scale: s_{p,m} of each of its columns.
        mean: of each column of Z over all target nodes.
    """

    graph: GraphOnDisk
    schema: GraphSchema
    hops: int
    reduction: Reduction
    reduced: Mapping[str, Matrix]
    z: RowMatrix
    scale: Float[Tensor, " D"]
    mean: Float[Tensor, " D"]

    def features(self, rows: Int[Tensor, " k"]) -> Float[Tensor, "k D"]:
        """Z of some target nodes."""
        return self.z.at(rows, self.block).mul_(self.scale)

    @property
    def block(self) -> int:
        """How many rows of Z are read at a time."""
        return self.graph.room.rows(self.z.width)


@dataclass(frozen=True)
class Sums:
    """What multiplies as A of a relation."""

    edges: Adjacency

    def __matmul__(self, x: Tensor) -> Tensor:
        return self.edges.sums(x)


@dataclass(frozen=True)
class Means:
    """What multiplies as D⁻¹A of a relation."""

    edges: Adjacency

    def __matmul__(self, x: Tensor) -> Tensor:
        return self.edges.means(x)


def propagated(graph: GraphOnDisk, hops: int, rank: int, workspace: Workspace) -> ViewOnDisk:
    """Reduce the features, and propagate them along all meta-paths.

    Args:
        graph: the whole graph.
        hops: the longest meta-path.
        rank: most coordinates a modality, see `RelayView.of`.
        workspace: where they are kept; its generator draws for the reduction.
    """
    rank = affordable_rank(rank, len(blocks(graph.schema, hops)))
    reduced, widths, basis = {}, {}, {}
    for number, node_type in enumerate(graph.schema.node_types):
        widths[node_type] = {}
        if graph.schema.modalities[node_type]:
            found = _reduced(graph, node_type, rank, workspace, f"reduced-{number}")
            reduced[node_type], turned = found
            widths[node_type] = {m: b.size(1) for m, b in turned.items()}
            basis |= {(node_type, m): b for m, b in turned.items()}
    schema = GraphSchema(
        graph.schema.node_types,
        widths,
        graph.schema.relations,
        graph.schema.target,
        graph.schema.num_classes,
    )
    z = _all_paths(graph, schema, hops, reduced, workspace)
    scale, mean = _measured(graph, schema, hops, z, workspace)
    return ViewOnDisk(graph, schema, hops, Reduction(basis), reduced, z, scale, mean)


def _reduced(
    graph: GraphOnDisk, node_type: str, rank: int, workspace: Workspace, name: str
) -> tuple[Matrix, dict[str, Tensor]]:
    """H of one type, and B of its modalities: scaled features, in at most `rank` coordinates a modality."""
    x = graph.scaled(node_type, graph.scaler)
    modalities, has = graph.schema.modalities[node_type], graph.features[node_type].has
    nodes = {m: x.height if (mask := has[m]) is None else int(mask.sum()) for m in modalities}
    ranks = {m: max(1, min(w, rank, nodes[m])) for m, w in modalities.items()}
    if ranks == dict(modalities):
        return x, {m: torch.eye(w) for m, w in ranks.items()}
    slabs = cut(ranks.values(), graph.step)

    def make(folder: Path) -> None:
        block, ends = (
            graph.room.rows(x.width),
            torch.tensor([*modalities.values()]).cumsum(0).tolist(),
        )
        columns = {m: slice(e - modalities[m], e) for m, e in zip(modalities, ends, strict=True)}
        gram = {m: torch.zeros(w, w, dtype=torch.float64) for m, w in modalities.items()}
        for _, rows in x.blocks(block):
            for m, part in columns.items():
                gram[m] += (rows[:, part].T @ rows[:, part]).double()
        basis = {
            m: directions_of_gram(g, rank, nodes[m], workspace.generator).float()
            for m, g in gram.items()
        }
        torch.save(basis, folder / BASIS)
        written = Columns(folder, x.height, slabs)
        written.begin()
        for _, rows in x.blocks(block):
            written.append(torch.cat([rows[:, columns[m]] @ basis[m] for m in modalities], dim=1))

    def read(folder: Path) -> tuple[Matrix, dict[str, Tensor]]:
        return Columns(folder, x.height, slabs), torch.load(folder / BASIS, weights_only=True)

    return workspace.stage(name, make, read)


def _all_paths(
    graph: GraphOnDisk,
    schema: GraphSchema,
    hops: int,
    reduced: Mapping[str, Matrix],
    workspace: Workspace,
) -> RowMatrix:
    """Z_{p,m} of all paths and modalities side by side: a stage for each slab of H."""
    place, ends = _places(schema, hops), _ends(schema, hops)
    height = graph.num_nodes[schema.target]
    names, arguments, places, cuts = [], [], [], []
    for type_number, (node_type, h) in enumerate(reduced.items()):
        paths = [path for path, end in ends.items() if end == node_type]
        for number, slab in enumerate(h.slabs if paths else ()):
            wide = slab.stop - slab.start
            cuts.append(cut([wide] * len(paths), wide))
            names.append(f"paths-{type_number}-{number}")
            arguments.append((h, number, paths, graph.relations, schema, hops))
            columns = torch.arange(slab.start, slab.stop)
            places.append(torch.cat([columns + place[path, node_type] for path in paths]))
    folders = workspace.stages(names, propagate_slab, arguments)
    return Stacked(
        [Columns(folder, height, slabs) for folder, slabs in zip(folders, cuts, strict=True)],
        places,
    )


def propagate_slab(
    folder: Path,
    h: Matrix,
    number: int,
    paths: Sequence[MetaPath],
    relations: Mapping[EdgeType, Adjacency],
    schema: GraphSchema,
    hops: int,
) -> None:
    """Write Â_p H of one slab of H for all paths that end at its type, one slab a path.

    Args:
        folder: to write to.
        h: of the type.
        number: of the slab.
        paths: from the target type to the type.
        relations: of the whole graph.
        schema: of reduced features.
        hops: the longest meta-path.
    """
    wide = h.slabs[number].stop - h.slabs[number].start
    height = relations[paths[-1][0]].height if paths[-1] else h.height
    x, written = h.slab(number), Columns(folder, height, cut([wide] * len(paths), wide))
    if () in paths:
        written.write_slab(paths.index(()), x)

    def average(relation: EdgeType, whole: bool) -> Means:
        return Means(relations[relation])

    start = paths[-1][-1][0] if paths[-1] else schema.target
    longer = longer_walks(schema, hops)
    for path, moved in walk(average, schema.target, longer, None, x, start, ()):
        if path in paths:
            written.write_slab(paths.index(path), moved)


def _ends(schema: GraphSchema, hops: int) -> dict[MetaPath, str]:
    """Each meta-path with features, and the type at which it ends."""
    return {path: path[-1][0] if path else schema.target for path, _ in blocks(schema, hops)}


def _places(schema: GraphSchema, hops: int) -> dict[tuple[MetaPath, str], int]:
    """The first column in Z of each meta-path's features, whose modalities lie side by side."""
    place, begin = {}, 0
    for path, node_type in _ends(schema, hops).items():
        place[path, node_type] = begin
        begin += sum(schema.modalities[node_type].values())
    return place


def _measured(
    graph: GraphOnDisk, schema: GraphSchema, hops: int, z: RowMatrix, workspace: Workspace
) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
    """The scale of each column, from training nodes, and the mean of each scaled column over all nodes."""

    def make(folder: Path) -> None:
        parts = in_order(
            workspace.tasks,
            _squares,
            [(z, graph.train_mask, *ends, graph.room) for ends in ranges(z.height, PORTION)],
        )
        total, squares = (torch.stack(each).sum(dim=0) for each in zip(*parts, strict=True))
        widths = [
            schema.modalities[t][m]
            for p, t in _ends(schema, hops).items()
            for m in schema.modalities[t]
        ]
        norms = [
            float(part.sum() / max(int(graph.train_mask.sum()), 1)) ** 0.5
            for part in squares.split(widths)
        ]
        scale = torch.cat(
            [
                torch.full((w,), 1.0 / s if s > 0 else 0.0)
                for w, s in zip(widths, norms, strict=True)
            ]
        )
        torch.save(
            {"scale": scale, "mean": (total / z.height).float() * scale}, folder / "measured.pt"
        )

    def read(folder: Path) -> tuple[Tensor, Tensor]:
        found = torch.load(folder / "measured.pt", weights_only=True)
        return found["scale"], found["mean"]

    return workspace.stage("measured", make, read)


def _squares(
    z: RowMatrix, train: Tensor, first: int, last: int, room: Room
) -> tuple[Tensor, Tensor]:
    """Sums of each column over some rows, and of its squares over the training nodes among them."""
    squares = torch.zeros(z.width, dtype=torch.float64)
    total = torch.zeros_like(squares)
    for begin, end in ranges(last - first, room.rows(z.width)):
        rows = slice(first + begin, first + end)
        x = z.rows(rows.start, rows.stop)
        total += x.double().sum(dim=0)
        squares += x[train[rows]].double().square().sum(dim=0)
    return total, squares


Rowwise = Callable[[Tensor], Tensor]


def rowwise(
    x: RowMatrix, make: Rowwise, width: int, workspace: Workspace, name: str, room: Room
) -> Columns:
    """A stage that computes rows of another matrix from those of `x`.

    Args:
        x: read block by block.
        make: rows [k, x.width] -> rows [k, width].
        width: of the result.
        workspace: where it is kept.
        name: of the stage.
        room: how much is read at a time.
    """
    slabs = cut([width], room.columns(x.height))

    def run(folder: Path) -> None:
        fill(Columns(folder, x.height, slabs), x, make, workspace.tasks, room)

    return workspace.stage(name, run, lambda folder: Columns(folder, x.height, slabs))


def fill(written: Columns, x: RowMatrix, make: Rowwise, tasks: Tasks, room: Room) -> None:
    """Write make(x), rows by rows."""
    written.allocate()
    pieces = [(x, make, written, *ends, room) for ends in ranges(x.height, PORTION)]
    in_order(tasks, _make_rows, pieces)


def _make_rows(
    x: RowMatrix, make: Rowwise, written: Columns, first: int, last: int, room: Room
) -> None:
    for begin, end in ranges(last - first, room.rows(x.width + written.width)):
        written.write_rows(first + begin, make(x.rows(first + begin, first + end)))
