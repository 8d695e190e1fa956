"""A whole graph on disk, as models read it: exact parts around nodes, and meta-path features of nodes."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.path_rows import PathRows, path_rows
from condense.out_of_core.room import GIB
from condense.out_of_core.surroundings import Fits, all_reached, assembled
from condense.out_of_core.workspace import Workspace
from evaluate.training.memory import hand_back
from models.classifier import PathClassifier

FIRST = 1024
"""Nodes whose surroundings are read at once, where there is room."""
SHARE = 0.4
"""Of the free memory, for a part of the graph and what a model makes of it."""


@dataclass
class WholeOnDisk:
    """What is read of a whole graph on disk.

    Attributes:
        graph: the whole graph.
        blank: an empty graph with its attributes.
        used: the training nodes and the sampled validation and test nodes, ascending: those whose meta-path
            features are kept.
        workspace: where they are kept.
        mark: of the used nodes among samples of other sizes.
    """

    graph: GraphOnDisk
    blank: MultimodalGraph
    used: Int[Tensor, " k"]
    workspace: Workspace
    mark: str
    _paths: dict[int, PathRows] = field(default_factory=dict)
    _at_once: dict[int, int] = field(default_factory=dict)

    @functools.cached_property
    def scaler(self) -> FeatureScaler:
        """To the models' units."""
        return self.graph.scaler

    def empty(self) -> MultimodalGraph:
        """A new graph without nodes, with the whole one's attributes."""
        made = MultimodalGraph()
        blank = self.blank
        made.target, made.num_classes = blank.target, blank.num_classes
        made.name, made.source = blank.name, blank.source
        return made

    def paths(self, hops: int) -> PathRows:
        """The meta-path features of the used nodes, propagated once for each length."""
        if hops not in self._paths:
            self._paths[hops] = path_rows(
                self.graph, hops, self.used, self.workspace, f"rows-{hops}-{self.mark}"
            )
        return self._paths[hops]

    def parts(
        self, nodes: Int[Tensor, " k"], reach: int, hidden: int
    ) -> Iterator[tuple[MultimodalGraph, Int[Tensor, " b"]]]:
        """Parts of the graph, in scaled units, around these nodes in turn, and where the nodes are in each.

        Args:
            nodes: target nodes.
            reach: of the model, see `models.reach`.
            hidden: width of the model's embeddings.

        Raises:
            UserError: what a single node reaches does not fit.
        """
        fits, count = self.fits(hidden), self._at_once.get(reach, FIRST)
        while len(nodes):
            batch = nodes[:count]
            found = all_reached(self.graph, batch, reach, fits)
            if found is None and len(batch) == 1:
                raise UserError(
                    f"memory (got {self.graph.room.memory / GIB:.1f} GiB) does not hold what a node depends "
                    f"on over {reach} edges; give more --memory, or the model fewer layers, steps or hops"
                )
            if found is None:
                count = max(1, len(batch) // 2)
                continue
            part, places = assembled(self.graph, self.empty(), batch, found)
            yield self.scaler.apply(part), places
            del part, found
            hand_back()
            nodes = nodes[count:]
        self._at_once[reach] = count

    def fits(self, hidden: int, copies: int = 1) -> Fits:
        """Whether a part and what a model makes of it, about 24 embeddings a node and 6 an edge, fit.

        Args:
            hidden: width of the embeddings.
            copies: 1, or 2 where gradients are computed too.
        """
        widths = {t: found.x.width for t, found in self.graph.features.items()}

        def there_is_room(nodes: Mapping[str, int], edges: int) -> bool:
            own = sum(n * (3 * widths.get(t, 0) + 24 * copies * hidden) for t, n in nodes.items())
            return 4 * (own + 6 * copies * hidden * edges) <= SHARE * self.graph.room.free

        return there_is_room


@torch.no_grad()
def exact_logits(
    whole: WholeOnDisk, model: Any, nodes: Int[Tensor, " k"], reach: int, hidden: int
) -> Float[Tensor, "k C"]:
    """Logits of used target nodes, equal up to rounding to those on the whole graph in memory.

    Args:
        whole: the whole graph.
        model: a `NodeClassifier`; it is evaluated as it is.
        nodes: whose logits.
        reach: of the model.
        hidden: width of its embeddings.
    """
    model.eval()
    if isinstance(model, PathClassifier) and model.by_rows:
        rows = whole.paths(model.path_hops)
        blocks = nodes.split(rows.block)
        return torch.cat([model(model.from_paths(*rows.of(block))) for block in blocks])
    parts = whole.parts(nodes, reach, hidden)
    return torch.cat([model(model.prepare(part, places)) for part, places in parts])
