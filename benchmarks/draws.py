"""How near the graphs that a spread draws come to the whole graph, by distance in hops.

    python -m benchmarks.draws CONDENSED --data-root DATA_ROOT [--hops 2] [--directions 32] [--draws 40]
        [--seed 0]

A linear discriminant is fitted to meta-path features, of the whole graph's training nodes or of drawn
nodes, and scored on validation nodes of the whole graph. Features of the node itself and of its neighbours
come from the one, those of neighbours' neighbours from the other; nodes of the same class are then paired at
random. So the first table tells which hop a spread gets wrong, within a few minutes and without a choice of
training settings. The second one, the only one with --hops 1, is of the node and its neighbours alone: class
means of the one are combined with the covariance within classes of the other. Test labels are never read.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.data.spread.spread import spread_of
from condense.data.training_inputs import training_graphs, training_nodes
from condense.errors import UserError
from condense.io import load_condensed
from evaluate.grid.training_graphs import whole_graph
from evaluate.training.task import EvaluationTask
from models.propagation.metapaths import PathFeatures, path_features
from models.schema import GraphSchema

RIDGE = 0.05
"""Added to the covariance's diagonal, as a share of its mean."""
MOST_ROWS = 30_000
"""Training nodes that are read; more would change nothing but the time."""


@dataclass(frozen=True)
class Sample:
    """Nodes with their meta-path features.

    Attributes:
        x: features, reduced to the leading directions of each meta-path and modality [k, D].
        y: classes [k].
    """

    x: Float[Tensor, "k D"]
    y: Int[Tensor, " k"]

    def columns(self, chosen: Tensor) -> Sample:
        """With some columns alone."""
        return Sample(self.x[:, chosen], self.y)


@dataclass(frozen=True)
class Reduction:
    """The leading directions of every meta-path and modality on the whole graph's training nodes.

    Attributes:
        directions: (meta-path, modality) -> orthonormal columns [D_m, q].
    """

    directions: Mapping[tuple, Float[Tensor, "D q"]]

    @classmethod
    def fit(cls, features: PathFeatures, most: int) -> Reduction:
        """At most `most` directions each."""
        found = {}
        for key, z in features.items():
            _, directions = torch.linalg.eigh(z.T @ z)  # By ascending strength.
            found[key] = directions[:, -most:]
        return cls(found)

    def apply(self, features: PathFeatures) -> Float[Tensor, "k D"]:
        """All of them side by side."""
        return torch.cat([features[key] @ turn for key, turn in self.directions.items()], dim=1)

    def hops(self) -> Int[Tensor, " D"]:
        """The length of the meta-path of each column."""
        sizes = [(len(path), turn.size(1)) for (path, _), turn in self.directions.items()]
        return torch.cat([torch.full((size,), hops) for hops, size in sizes])


def paired(near: Sample, far: Sample, hops: Tensor, generator: torch.Generator) -> Sample:
    """The nodes of `near`, but features of more than one hop from a random node of the same class of `far`.

    Nodes of classes that `far` lacks are left out.
    """
    other = torch.full_like(near.y, -1)
    for c in near.y.unique().tolist():
        mine, theirs = (near.y == c).nonzero().flatten(), (far.y == c).nonzero().flatten()
        if len(theirs):
            other[mine] = theirs[torch.randint(len(theirs), (len(mine),), generator=generator)]
    kept, beyond = other >= 0, hops > 1
    x = near.x[kept]
    x[:, beyond] = far.x[other[kept]][:, beyond]
    return Sample(x, near.y[kept])


@dataclass(frozen=True)
class Moments:
    """What a linear discriminant knows of a sample.

    Attributes:
        share: of the nodes that each class has [C].
        mean: of each class [C, D]; zero without nodes.
        covariance: within classes, the same for all [D, D].
    """

    share: Float[Tensor, " C"]
    mean: Float[Tensor, "C D"]
    covariance: Float[Tensor, "D D"]

    @classmethod
    def of(cls, sample: Sample, classes: int) -> Moments:
        """Those of a sample with `classes` classes."""
        count = torch.bincount(sample.y, minlength=classes).to(sample.x.dtype)
        mean = sample.x.new_zeros(classes, sample.x.size(1)).index_add_(0, sample.y, sample.x)
        mean = mean / count.clamp_min(1).unsqueeze(1)
        away = sample.x - mean[sample.y]
        return cls(count / count.sum(), mean, away.T @ away / len(away))


def accuracy(means: Moments, covariance: Moments, test: Sample) -> float:
    """Of a linear discriminant with one covariance for all classes (Fisher, 1936).

    Args:
        means: whose class means and shares it reads.
        covariance: whose covariance.
        test: where it is scored.
    """
    within = covariance.covariance.clone()
    within.diagonal().add_(RIDGE * within.diagonal().mean())
    weight = torch.linalg.solve(within, means.mean.T)  # [D, C]
    shift = means.share.log() - 0.5 * (means.mean.T * weight).sum(dim=0)
    answer = (test.x @ weight + shift).argmax(dim=1)
    return float((answer == test.y).double().mean())


def drawn(
    graph: MultimodalGraph,
    schema: GraphSchema,
    reduction: Reduction,
    hops: int,
    draws: int,
    seed: int,
) -> Sample:
    """The training nodes of some draws.

    Args:
        graph: condensed, with a spread, in the units of the reduction.
        schema: of the whole graph.
        reduction: of meta-path features.
        hops: length of the longest meta-path.
        draws: how many.
        seed: of the draws.
    """
    x, y = [], []
    for _, one in zip(range(draws), training_graphs(graph, seed), strict=False):
        rows, labels, _ = training_nodes(one)
        x.append(reduction.apply(path_features(one, schema, hops, rows)))
        y.append(labels.argmax(dim=1) if labels.is_floating_point() else labels)
    return Sample(torch.cat(x), torch.cat(y))


def hops_table(
    whole: Sample, draws: Sample, test: Sample, hops: Tensor, classes: int, seed: int
) -> str:
    """Accuracy in percent by where near and far features come from, as Markdown."""
    generator = torch.Generator().manual_seed(seed)
    known = {"whole graph": whole, "draws": draws}
    lines = ["| own and one hop | two hops | accuracy, % |", "| --- | --- | ---: |"]

    def add(first: str, second: str, train: Sample) -> None:
        moments = Moments.of(train, classes)
        lines.append(f"| {first} | {second} | {100 * accuracy(moments, moments, test):.1f} |")

    for name, one in known.items():
        add(name, f"{name}, same node", one)
    for name, one in known.items():
        for other, far in known.items():
            add(name, f"{other}, other node", paired(one, far, hops, generator))
    return "\n".join(lines)


def moments_table(whole: Sample, draws: Sample, test: Sample, classes: int) -> str:
    """Accuracy in percent by whose class means and whose covariance a discriminant has, as Markdown.

    Args:
        whole, draws, test: features of the nodes themselves and of their neighbours alone.
        classes: C.
    """
    known = {"whole graph": Moments.of(whole, classes), "draws": Moments.of(draws, classes)}
    lines = ["| class means | covariance within classes | accuracy, % |", "| --- | --- | ---: |"]
    lines += [
        f"| {first} | {second} | {100 * accuracy(means, covariance, test):.1f} |"
        for first, means in known.items()
        for second, covariance in known.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table of one condensed graph."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("condensed", type=Path, help="a condensed graph with a spread")
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--hops", type=int, default=2, choices=(1, 2), help="longest meta-path")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--directions", type=int, default=32, help="of a meta-path and modality")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        print(measured(arguments))
    except UserError as error:
        parser.error(str(error))


def measured(arguments: argparse.Namespace) -> str:
    """The tables.

    Raises:
        UserError: the graph has no spread, a number is below 1, or the whole graph cannot be loaded.
    """
    for name in ("draws", "directions"):
        if getattr(arguments, name) < 1:
            raise UserError(f"--{name} (got {getattr(arguments, name)}) must be at least 1")
    small = load_condensed(arguments.condensed)
    if spread_of(small.graph) is None:
        raise UserError(
            f"condensed (got {arguments.condensed}) has no spread to draw from; condense with --spread on"
        )
    task = EvaluationTask.of(whole_graph(arguments.condensed, small, arguments.data_root, None))
    store = task.training[task.schema.target]
    generator = torch.Generator().manual_seed(arguments.seed)
    train, val = (mask.nonzero().flatten() for mask in (store.train_mask, store.val_mask))
    train = train[torch.randperm(len(train), generator=generator)[:MOST_ROWS]]
    features = path_features(task.training, task.schema, arguments.hops, torch.cat([train, val]))
    parts = [
        {key: z.split([len(train), len(val)])[i] for key, z in features.items()} for i in (0, 1)
    ]
    del features
    reduction = Reduction.fit(parts[0], arguments.directions)
    whole, test = (
        Sample(reduction.apply(part), store.y[rows])
        for part, rows in zip(parts, (train, val), strict=True)
    )
    del parts
    admitted = task.admit(small.graph)
    hops, classes = reduction.hops(), task.schema.num_classes
    draws = drawn(admitted, task.schema, reduction, arguments.hops, arguments.draws, arguments.seed)
    near = (hops <= 1).nonzero().flatten()
    moments = moments_table(*(one.columns(near) for one in (whole, draws, test)), classes=classes)
    if arguments.hops == 1:
        return moments
    return f"{hops_table(whole, draws, test, hops, classes, arguments.seed)}\n\n{moments}"


if __name__ == "__main__":
    main()
