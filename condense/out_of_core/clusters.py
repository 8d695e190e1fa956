"""Clusters of the nodes of every type of a graph on disk, see `condense.clustering.clusters`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.budget import Budget
from condense.clustering.clusters import by_distance
from condense.clustering.kmeans import kmeans_by_group
from condense.clustering.pseudolabels import teach
from condense.clustering.settings import PseudoLabelling, Space
from condense.clustering.teachers.smoothing import HOPS, Smoothing, best_way, smooth, tried
from condense.clustering.teachers.training_data import TrainingData
from condense.out_of_core.columns import Columns, RowMatrix, cut
from condense.out_of_core.coordinates import (
    beside,
    neighbour_clusters,
    own_directions,
    target_coordinates,
)
from condense.out_of_core.kmeans import RowsOnDisk
from condense.out_of_core.propagation import PATHS, Means, Sums, ViewOnDisk, fill
from condense.out_of_core.room import Room
from condense.out_of_core.tasks import in_order
from condense.out_of_core.workspace import Workspace
from models.propagation.metapaths import returning_paths
from models.propagation.union import UnionAdjacency, UnionOperator

TAUGHT, CHECKED = 2**17, 2**15
"""Training and validation nodes that a teacher sees at most; its steps read about as many."""


def classes_of_nodes(
    view: ViewOnDisk, labelling: PseudoLabelling | None, workspace: Workspace
) -> Int[Tensor, " n"]:
    """The class under which each target node is clustered: true on training nodes, else guessed, or −1.

    Args:
        view: the whole graph.
        labelling: how unlabelled nodes get their classes; None leaves them out.
        workspace: where guesses are kept.
    """
    if labelling is None:
        return torch.where(view.graph.train_mask, view.graph.y, -1)
    return _guessed(view, labelling, workspace)


def cluster_nodes(
    view: ViewOnDisk,
    budget: Budget,
    node_class: Int[Tensor, " n"],
    space: Space,
    workspace: Workspace,
    keep_paths: bool = False,
) -> dict[str, Int[Tensor, " n_t"]]:
    """The cluster of each node of every type, −1 for none.

    Args:
        view: the whole graph.
        budget: as of `cluster_graph`.
        node_class: from `classes_of_nodes`.
        space: as of `cluster_graph`.
        workspace: where they are kept.
        keep_paths: keep the meta-path features, which nothing here reads once target nodes are clustered.
    """
    graph = view.graph
    x = target_coordinates(view, space, workspace)

    def cluster_targets(folder: Path) -> None:
        rows = RowsOnDisk(x, graph.room, workspace.tasks)
        labels = kmeans_by_group(rows, node_class, budget.classes, workspace.generator)
        torch.save(labels.int(), folder / "clusters.pt")

    clusters = {view.schema.target: workspace.stage("clusters-target", cluster_targets, _labels)}
    workspace.drop("coordinates", *(() if keep_paths else (PATHS,)))
    for layer in by_distance(view.schema):
        before = dict(clusters)  # Types of one layer do not influence each other.
        for node_type in layer:
            clusters[node_type] = _other_type(view, node_type, budget, before, workspace)
    return clusters


def _labels(folder: Path) -> Int[Tensor, " n"]:
    return torch.load(folder / "clusters.pt", weights_only=True).long()


def _other_type(
    view: ViewOnDisk,
    node_type: str,
    budget: Budget,
    before: Mapping[str, Tensor],
    workspace: Workspace,
) -> Int[Tensor, " n_t"]:
    """Cluster one type by its own features and by the clusters of its neighbours."""
    graph = view.graph
    parts: list[RowMatrix] = []
    if node_type in view.reduced:
        parts.append(own_directions(view, node_type, workspace))
    parts += neighbour_clusters(view, node_type, before, workspace)
    count, wanted = graph.num_nodes[node_type], budget.nodes[node_type]
    number = view.schema.node_types.index(node_type)

    def make(folder: Path) -> None:
        x = beside(parts) if parts else Columns(folder, count, ())
        clusters = torch.arange(min(count, wanted))
        if count > wanted:
            one = torch.zeros(count, dtype=torch.long)
            rows = RowsOnDisk(x, graph.room, workspace.tasks)
            clusters = kmeans_by_group(rows, one, [wanted], workspace.generator)
        torch.save(clusters.int(), folder / "clusters.pt")

    clusters = workspace.stage(f"clusters-{number}", make, _labels)
    workspace.drop(f"neighbours-{number}-*")
    return clusters


def _guessed(
    view: ViewOnDisk, labelling: PseudoLabelling, workspace: Workspace
) -> Int[Tensor, " n"]:
    """The class of every target node: true on training nodes, predicted on all others."""
    graph, classes = view.graph, view.schema.num_classes
    if bool(graph.train_mask.all()):
        return graph.y

    def make(folder: Path) -> None:
        most = graph.room.taught(view.z.width)
        train, val = (mask.nonzero().flatten() for mask in (graph.train_mask, graph.val_mask))
        train = at_most(train, min(TAUGHT, 4 * most // 5), workspace.generator)
        val = at_most(val, min(CHECKED, most // 5), workspace.generator)
        z = view.features(torch.cat([train, val]))
        data = TrainingData(z[: len(train)], graph.y[train], z[len(train) :], graph.y[val], classes)
        teacher = teach(data, labelling.teacher, workspace.generator)
        score = Scorer(view.scale.unsqueeze(1) * teacher.weight, teacher.bias, teacher.head)
        fill(Columns(folder, view.z.height, slabs), view.z, score, workspace.tasks, graph.room)

    slabs = (slice(0, classes),)
    scores = workspace.stage("scores", make, lambda folder: Columns(folder, view.z.height, slabs))
    if labelling.smooth:
        scores = _smoothed(view, scores, workspace)

    def guess(folder: Path) -> None:
        found = [x.argmax(dim=1) for _, x in scores.blocks(graph.room.rows(classes))]
        torch.save(
            torch.where(graph.train_mask, graph.y, torch.cat(found)).int(), folder / "guessed.pt"
        )

    guessed = workspace.stage(
        "guessed", guess, lambda folder: torch.load(folder / "guessed.pt", weights_only=True).long()
    )
    workspace.drop("scores", "smoothed")
    return guessed


def at_most(rows: Int[Tensor, " n"], most: int, generator: torch.Generator) -> Int[Tensor, " k"]:
    """The rows, or a sample of them, ascending."""
    if len(rows) <= most:
        return rows
    return rows[torch.randperm(len(rows), generator=generator)[:most]].sort().values


def _smoothed(view: ViewOnDisk, scores: Columns, workspace: Workspace) -> Columns:
    """Smooth scores a few classes at a time, as `condense.clustering.teachers.smoothing.smoothed` does."""
    graph = view.graph
    rows = graph.val_mask.nonzero().flatten()
    known = graph.train_mask.unsqueeze(1)
    slabs = cut([view.schema.num_classes], graph.step)

    def make(folder: Path) -> None:
        paths = returning_paths(view.schema.relations, view.schema.target, HOPS)
        operator = UnionOperator.over(
            UnionAdjacency(
                paths,
                {r: Sums(edges) for r, edges in graph.relations.items()},
                {r: Means(edges) for r, edges in graph.relations.items()},
            ),
            scores.height,
        )
        as_they_are = scores.at(rows, graph.room.rows(scores.width))
        given = (operator, scores, graph.y, known, graph.room)
        found = in_order(workspace.tasks, _tried, [(*given, rows, columns) for columns in slabs])
        smoothed = {way: torch.cat([each[way] for each in found], dim=1) for way in found[0]}
        best = best_way(as_they_are, smoothed, graph.y[rows])
        written = Columns(folder, scores.height, slabs)
        numbers = range(len(slabs))
        in_order(workspace.tasks, _smooth, [(*given, best, written, i) for i in numbers])

    return workspace.stage("smoothed", make, lambda folder: Columns(folder, scores.height, slabs))


def _part(
    scores: Columns, y: Tensor, columns: slice, room: Room
) -> tuple[Float[Tensor, "n c"], Float[Tensor, "n c"]]:
    """Scores and true classes of a few columns."""
    x = torch.empty(scores.height, columns.stop - columns.start)
    for rows, block in scores.blocks(room.rows(scores.width)):
        x[rows] = block[:, columns]
    truth = y.unsqueeze(1) == torch.arange(columns.start, columns.stop)
    return x, truth.to(x.dtype)


def _tried(
    operator: UnionOperator,
    scores: Columns,
    y: Tensor,
    known: Tensor,
    room: Room,
    rows: Tensor,
    columns: slice,
) -> dict[Smoothing, Tensor]:
    """What each way of smoothing gives at some nodes, of a few classes."""
    return tried(operator, *_part(scores, y, columns, room), known, rows)


def _smooth(
    operator: UnionOperator,
    scores: Columns,
    y: Tensor,
    known: Tensor,
    room: Room,
    way: Smoothing | None,
    written: Columns,
    number: int,
) -> None:
    """Write the smoothed scores of a few classes."""
    x, truth = _part(scores, y, written.slabs[number], room)
    written.write_slab(number, x if way is None else smooth(operator, x, truth, known, way))


@dataclass(frozen=True)
class Scorer:
    """Z rows -> a teacher's scores; attributes as of `Teacher`."""

    weight: Tensor
    bias: Tensor
    head: Callable[[Tensor], Tensor]

    def __call__(self, z: Tensor) -> Tensor:
        """Scores of some nodes."""
        return self.head(z @ self.weight + self.bias)
