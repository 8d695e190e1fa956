"""SR-GM's gradient matching on a graph on disk; what it reads of the whole graph is loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.clusters import Clusters
from condense.clustering.reduction import FeatureKey
from condense.clustering.relay_space import RelaySpace
from condense.data.graph import MultimodalGraph
from condense.judging.relay_validator import RelayValidator
from condense.methods.srgm.loop import MatchingLoop
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import SharedSpace, views_of
from condense.methods.srgm.synthesis import Synthesis
from condense.out_of_core.clusters import at_most
from condense.out_of_core.edges import PartitionOnDisk
from condense.out_of_core.matching_room import rows_held
from condense.out_of_core.propagation import PATHS, ViewOnDisk
from condense.out_of_core.workspace import Workspace
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep
from condense.running.threads import threads_for
from condense.running.timing import StageClock
from models.propagation.metapaths import blocks, endpoint
from models.schema import present

COMPARED = 2**17
"""Target nodes on which the shared space is fitted at most; it follows from covariances."""
SECONDS = 10.0
"""Least time between two states of the loop that are kept, the default of a run in memory."""
CHECKPOINTS = "matching.checkpoints"


@dataclass(frozen=True)
class Matched:
    """What the loop found.

    Attributes:
        history: one record per logged step.
        measures: see `MatchingLoop.measures`.
        diverged: the first number that is not finite; "" if there is none.
    """

    history: list[dict[str, float]]
    measures: dict[str, Any]
    diverged: str


def relay_space(view: ViewOnDisk) -> RelaySpace:
    """The relay's inputs, apart from the graph."""
    schema, keys = view.schema, blocks(view.schema, view.hops)
    widths = torch.tensor([schema.modalities[endpoint(p, schema.target)][m] for p, m in keys])
    first = widths.cumsum(0) - widths
    return RelaySpace(
        schema=schema,
        scaler=view.graph.scaler,
        reduction=view.reduction,
        blocks=keys,
        scale=tuple(view.scale[first].tolist()),
        block=torch.arange(len(keys)).repeat_interleave(widths),
    )


def start_of(
    space: RelaySpace,
    partition: PartitionOnDisk,
    means: MultimodalGraph,
    node_class: Int[Tensor, " n_whole"],
) -> Clusters:
    """The clusters in the relay's coordinates: scaling and reducing are linear, so they act on means.

    Args:
        space: the relay's inputs.
        partition: the clusters.
        means: the graph of their means.
        node_class: of each target node of the whole graph, see `Clusters`.
    """
    h = space.reduction.encode(space.scaler.apply(means))
    has = {(t, m): present(means[t], m) for t, m in h}
    return Clusters(partition, h, has, means[means.target].y, node_class)


def matched(
    view: ViewOnDisk,
    space: RelaySpace,
    synthesis: Synthesis,
    settings: SRGMSettings,
    workspace: Workspace,
    on_step: OnStep,
) -> Matched:
    """Match gradients from the synthesis' start on; a stage of the run.

    The loop's state is kept along the way, so that a run that ends within it goes on there.

    Args:
        view: the whole graph, with its meta-path features.
        space: the relay's inputs.
        synthesis: at its start; afterwards that with the best score on validation nodes.
        settings: of the method.
        workspace: where the results and states are kept; its generator is the run's.
        on_step: called after each logged step.

    Raises:
        KeyboardInterrupt: Ctrl-C; the last state is kept.
    """
    checkpoints = Checkpoints(workspace.folder / CHECKPOINTS, SECONDS)

    def make(folder: Path) -> None:
        loop = _loop(view, space, synthesis, settings, workspace.generator, on_step)
        checkpoints.resume = (workspace.folder / CHECKPOINTS).exists()
        checkpoints.begin({}, StageClock())  # Of which run the folder is has been checked.
        with threads_for(len(space.block) * len(synthesis.y)):
            complete = loop.run(checkpoints)
        if not complete and not loop.diverged:
            raise KeyboardInterrupt
        found = {
            "best": loop.best.to_tensors("best"),
            "history": loop.history,
            "measures": loop.measures(),
            "diverged": loop.diverged,
        }
        torch.save(found, folder / "matched.pt")

    def read(folder: Path) -> Matched:
        found = torch.load(folder / "matched.pt", weights_only=True)
        synthesis.restore(synthesis.snapshot().from_tensors(found["best"], "best"))
        return Matched(found["history"], found["measures"], found["diverged"])

    result = workspace.stage("matched", make, read)
    checkpoints.discard()
    workspace.drop(PATHS)
    return result


def _loop(
    view: ViewOnDisk,
    space: RelaySpace,
    synthesis: Synthesis,
    settings: SRGMSettings,
    generator: torch.Generator,
    on_step: OnStep,
) -> MatchingLoop:
    """The loop, with all that it reads of the whole graph."""
    graph = view.graph
    if settings.frames == "identity":
        shared = SharedSpace.identity(space)
    else:
        shared = SharedSpace.of_views(_views(view, space, generator), settings.frame_width)
    rows = rows_held(graph.room, view.z.width, space.schema.num_classes, settings.pool)
    val = at_most(graph.val_mask.nonzero().flatten(), rows.validation, generator)
    validator = RelayValidator.on(
        view.features(val),
        graph.y[val],
        space.schema.num_classes,
        settings.lr_relay,
        settings.relay,
        settings.hidden,
    )
    pool = Pool.of(view, synthesis.start.node_class, rows.of_each_class, generator)
    return MatchingLoop(settings, space, shared, validator, synthesis, pool, generator, on_step)


def _views(
    view: ViewOnDisk, space: RelaySpace, generator: torch.Generator
) -> dict[FeatureKey, Float[Tensor, "k r"]]:
    """The features between which the shared space mediates, of a sample of target nodes."""
    numbers = {key: i for i, key in enumerate(space.blocks)}
    columns = {
        key: (space.block == numbers[block]).nonzero().flatten()
        for key, block in views_of(space).items()
    }
    every = torch.cat(list(columns.values()))
    rows = torch.arange(view.z.height)
    # They are centred, whitened and turned, each time in a copy.
    rows = at_most(rows, min(COMPARED, view.graph.room.taught(2 * len(every))), generator)
    found = torch.empty(len(rows), len(every))
    for place, z in view.z.blocks(view.block):
        first, last = torch.searchsorted(rows, torch.tensor([place.start, place.stop])).tolist()
        found[first:last] = z[rows[first:last] - place.start][:, every]
    return dict(zip(columns, found.split([len(c) for c in columns.values()], dim=1), strict=True))
