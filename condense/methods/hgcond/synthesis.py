"""HGCond's condensed graph, and the relay along whose training it is matched with the whole graph."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from condense.clustering.propagation import RelayView
from condense.edges.sparse_product import StraightThroughMatrix
from condense.methods.hgcond.relay import HeteroSGC, RelayGraph, distance
from condense.methods.hgcond.sequence import SEQUENCES
from condense.methods.hgcond.settings import HGCondSettings
from condense.methods.hgcond.start import targets
from condense.methods.srgm.synthesis import Synthesis
from condense.running.finite import NonFiniteError, all_finite
from models.relays.adam import Adam


class HGCondSynthesis:
    """See `condense.methods.homogeneous.loop.Synthesis`.

    Args:
        settings: of the method.
        view: the whole graph.
        whole: the same for the relay.
        condensed: at its start.
        theta: a relay of the right shape, which is initialised anew before the first step.
        generator: for the sequences.
    """

    def __init__(
        self,
        settings: HGCondSettings,
        view: RelayView,
        whole: RelayGraph,
        condensed: Synthesis,
        theta: HeteroSGC,
        generator: torch.Generator,
    ) -> None:
        self.settings, self.view, self.whole = settings, view, whole
        self.condensed, self.theta, self.generator = condensed, theta, generator
        self.whole_y, self.whole_share = targets(view)
        self.share = torch.full_like(condensed.one_hot[:, 0], 1 / len(condensed.y))
        self.sequences = [SEQUENCES[settings.sequence](w) for w in theta.matrices()]
        moved = [*condensed.h.values(), *condensed.logits.values()]
        self.adam, self.relay_adam = (
            Adam(moved, settings.lr),
            Adam(theta.tensors(), settings.lr_relay),
        )
        self.adams: Mapping[str, Adam] = {"graph": self.adam, "relay": self.relay_adam}
        self.y = condensed.y
        self.graph: Mapping[str, Tensor] = {f"graph/{i}": x for i, x in enumerate(moved)}
        self.state: Mapping[str, Tensor] = {
            **{f"relay/{i}": x for i, x in enumerate(theta.tensors())},
            **{f"sequence/{i}": each.basis for i, each in enumerate(self.sequences)},
        }

    def update(self, step: int) -> dict[str, float]:
        """Initialise the relay or train it, and move the condensed graph's gradients towards the whole's."""
        epoch, outer = divmod(step - 1, self.settings.outer)
        if outer == 0:
            self._initialise(epoch)
        else:
            self._train()
        with torch.no_grad():
            whole = self.theta.gradients(self.whole, self.whole_y, self.whole_share)
        ours = self.theta.gradients(self._relay_graph(), self.condensed.one_hot, self.share)
        matrices = len(self.sequences)
        loss = distance(ours[:matrices], whole[:matrices])
        for x in self.adam.parameters:
            x.grad = None
        loss.backward()
        gradients = [x.grad for x in self.adam.parameters]
        if not all_finite([loss.detach(), *(g for g in gradients if g is not None)]):
            raise NonFiniteError(
                f"step {step}: the gradients must stay finite; try a smaller --lr-relay "
                f"(got {self.settings.lr_relay:g})"
            )
        self.adam.step(gradients)
        with torch.no_grad():
            for key, has in self.condensed.has.items():
                self.condensed.h[key].mul_(has.unsqueeze(1))
        return {"loss": loss.item()}

    def propagated(self) -> Tensor:
        """Z' [n', D] of the linear relay over meta-paths that validates."""
        return self.condensed.features(self.view)

    @torch.no_grad()
    def _initialise(self, epoch: int) -> None:
        """Take the next parameters of the sequences; biases and moments start from zero."""
        self.relay_adam.restart()
        for x in self.theta.tensors():
            x.zero_()
        for matrix, sequence in zip(self.theta.matrices(), self.sequences, strict=True):
            matrix.copy_(sequence.at(epoch, self.generator))

    @torch.no_grad()
    def _train(self) -> None:
        """Train the relay on the condensed graph."""
        graph = self._relay_graph()
        for _ in range(self.settings.inner):
            gradients = self.theta.gradients(graph, self.condensed.one_hot, self.share)
            self.relay_adam.step(gradients)

    def _relay_graph(self) -> RelayGraph:
        """The condensed graph as the relay reads it, differentiable in features and edges."""
        schema = self.view.schema
        ahead = {
            r: StraightThroughMatrix(w.row_normalised())
            for r, w in self.condensed.weights().items()
        }
        x = {}
        for t, modalities in schema.modalities.items():
            own = [self.condensed.h[t, m] for m in modalities]
            none = self.share.new_zeros(self.condensed.budget.nodes[t], 0)
            x[t] = torch.cat([none, *own], dim=1)
        return RelayGraph(x, ahead, {r: each.T for r, each in ahead.items()}, schema.target)
