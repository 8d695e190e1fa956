"""SR-GM's objective L_match + λR at one point of the relay's trajectory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.propagation import RelayView
from condense.clustering.reduction import FeatureKey
from condense.edges.pair_matrix import PairMatrix
from condense.methods.srgm.matching.decoupling import chance_conflict_rate, conflict_rate, decouple
from condense.methods.srgm.matching.distance import layered_loss
from condense.methods.srgm.matching.energy import dirichlet_energy
from condense.methods.srgm.matching.field import gradient_field
from condense.methods.srgm.matching.gradients import classwise_gradients
from condense.methods.srgm.pool import Rows
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import RelayInputs, Synthesis
from models.propagation.metapaths import MetaPath, endpoint
from models.relays.linear import Relay

Decouple = Literal["field", "update", "parameters", "off"]
Layers = tuple[Float[Tensor, "G _ _"], ...]
"""∇_{W_l} L_c of each class, for each layer l of a relay."""
TINY = 1e-20


@dataclass(frozen=True)
class ObjectiveTerms:
    """The objective and its parts, differentiable in the synthesis.

    Attributes:
        match: L_match in [0, 2].
        energy: R; "relative" to Σ‖ĝ‖² it lies in [0, 2 · relations].
        gradients: ∇_W L_c(S) of each class [C, …], for each layer, as they enter the matching.
        field: the gradient field in the common space by (type, modality), before decoupling.
        energies: the parts of R by relation and modality, before they are made relative; constants.
    """

    match: Tensor
    energy: Tensor
    gradients: Layers
    field: Mapping[FeatureKey, Tensor]
    energies: Mapping[tuple[EdgeType, str], Tensor]


@dataclass(frozen=True)
class Objective:
    """What stays fixed along the run.

    Attributes:
        view: the whole graph.
        frames: the common space of gradients.
        primary: the relations whose energy counts, one of each mirrored pair.
        decouple: see `SRGMSettings`.
        relative: divide the energy by the field's squared norm.
        damped: whether the energy is to be differentiated, or only reported.
        authors: as in the authors' code: the field is a constant and the Laplacian has self-loops, so
            that the energy acts on edges alone, and is least without any.
    """

    view: RelayView
    frames: SharedSpace
    primary: tuple[EdgeType, ...]
    decouple: Decouple
    relative: bool
    damped: bool
    authors: bool = False

    def whole_gradients(self, theta: Relay, parts: Iterable[Rows]) -> Layers:
        """∇_W L_c of the whole graph, as they enter the matching.

        Args:
            theta: θ.
            parts: rows of Z, which cover all classes.
        """
        with torch.no_grad():
            last, found, done = theta.biases[-1], [], 0
            one_hot = torch.eye(len(last), dtype=last.dtype, device=last.device)
            for z, sizes in parts:
                count = torch.tensor(sizes, device=z.device)
                y = one_hot[done : done + len(sizes)].repeat_interleave(count, dim=0)
                layers = theta.layers(z, y)
                found.append([classwise_gradients(x, g, sizes) for x, g in layers])
                done += len(sizes)
            if len(found) > 1:
                found = [[torch.cat(each) for each in zip(*found, strict=True)]]
            return self._matched(tuple(found[0]))

    def terms(
        self,
        synthesis: Synthesis,
        seen: RelayInputs,
        theta: Relay,
        whole: Layers,
        report: bool = True,
    ) -> ObjectiveTerms:
        """L_match and R at θ.

        Args:
            synthesis: what is optimised.
            seen: the synthesis as it is now.
            theta: θ.
            whole: from `whole_gradients`.
            report: compute an undamped energy and its field as well; else they are left at 0 and empty.
        """
        z, classes = seen.z, synthesis.budget.classes
        layers = theta.layers(z, synthesis.one_hot)
        gradients = self._matched(tuple(classwise_gradients(x, g, classes) for x, g in layers))
        share = torch.tensor(classes, dtype=z.dtype, device=z.device)
        match = layered_loss(gradients, whole, self.view.block_indicator, share / share.sum())
        if not (self.damped or report):
            return ObjectiveTerms(match, match.new_zeros(()), gradients, {}, {})
        # Undamped, the field and its energy are still reported, without their gradients.
        with torch.set_grad_enabled(self.damped):
            _, g = layers[0]
            field = self.field(synthesis, seen, theta, g / len(g))
            energy, energies = self._energy(field, seen.weights, synthesis.has)
        return ObjectiveTerms(match, energy, gradients, field, energies)

    def field(
        self, synthesis: Synthesis, seen: RelayInputs, theta: Relay, p: Float[Tensor, "n h"]
    ) -> dict[FeatureKey, Tensor]:
        """∂L/∂X' of the mean loss over S, read in the common space: (type, modality) -> [n'_t, d].

        Args:
            synthesis: S.
            seen: the synthesis as it is now.
            theta: θ.
            p: ∂L at the output of the first layer.
        """
        raw = gradient_field(
            seen.averaging,
            self.view.blocks,
            self.view.split(theta.weights[0]),
            p,
            self.view.schema.target,
        )
        return {
            key: (g * synthesis.has[key].unsqueeze(1)) @ self.frames.decoder[key]
            for key, g in raw.items()
        }

    def decouple_update(self, synthesis: Synthesis) -> None:
        """Project the conflicts out of the gradients that the features have received.

        Those of missing modalities become zero: they neither move nor act.
        """
        for node_type, modalities in self.view.schema.modalities.items():
            keys = [(node_type, m) for m in modalities]
            gradients = [g for key in keys if (g := synthesis.h[key].grad) is not None]
            if len(keys) < 2 or len(gradients) < len(keys):
                continue
            has = [synthesis.has[key].unsqueeze(1) for key in keys]
            gradients = [torch.where(h, g, 0.0) for h, g in zip(has, gradients, strict=True)]
            # A gradient with respect to H is read in the common space through D (chain rule).
            read = [self.frames.decoder[k] for k in keys]
            write = [self.frames.inverse[k] for k in keys]
            for key, changed in zip(keys, _decoupled(gradients, read, write), strict=True):
                synthesis.h[key].grad = changed

    def conflicts(
        self, field: Mapping[FeatureKey, Tensor], generator: torch.Generator
    ) -> tuple[float, float]:
        """The target type's conflict rate, and what chance gives; NaN with one modality."""
        target = self.view.schema.target
        stacked = torch.stack([f.detach() for (t, _), f in field.items() if t == target])
        return conflict_rate(stacked), chance_conflict_rate(stacked, generator)

    def _energy(
        self,
        field: Mapping[FeatureKey, Tensor],
        weights: Mapping[EdgeType, PairMatrix],
        has: Mapping[FeatureKey, Tensor],
    ) -> tuple[Tensor, dict[tuple[EdgeType, str], Tensor]]:
        """Σ_m Σ_r of the field, decoupled first if asked, and its terms.

        An edge counts for a modality that both its ends have.
        """
        if self.authors:
            field = {key: f.detach() for key, f in field.items()}
        if self.decouple == "field":
            field = self._decoupled_field(field)
        total = torch.stack([f.square().sum() for f in field.values()]).sum()
        energy, parts = torch.zeros_like(total), {}
        for relation in self.primary:
            source, _, destination = relation
            shared = [
                m
                for m in self.view.schema.modalities[destination]
                if (destination, m) in field and (source, m) in field
            ]
            if not shared:
                continue
            ends = [
                torch.stack([values[node_type, m] for m in shared])
                for values in (field, has)
                for node_type in (destination, source)
            ]
            each = dirichlet_energy(
                weights[relation], *ends, within=source == destination, self_loops=self.authors
            )
            energy = energy + each.sum()
            parts |= {(relation, m): e for m, e in zip(shared, each.detach(), strict=True)}
        return energy / total.clamp_min(TINY) if self.relative else energy, parts

    def _decoupled_field(self, field: Mapping[FeatureKey, Tensor]) -> dict[FeatureKey, Tensor]:
        found = dict(field)
        for node_type, modalities in self.view.schema.modalities.items():
            keys = [(node_type, m) for m in modalities if (node_type, m) in field]
            if len(keys) > 1:
                found.update(
                    zip(keys, decouple(torch.stack([field[k] for k in keys])), strict=True)
                )
        return found

    def _matched(self, gradients: Layers) -> Layers:
        """As they enter the matching; later layers have no modalities that could conflict."""
        if self.decouple != "parameters":
            return gradients
        first, *later = gradients
        return (self._decoupled_parameters(first), *later)

    def _decoupled_parameters(self, g: Float[Tensor, "G D h"]) -> Float[Tensor, "G D h"]:
        """Modality blocks of one meta-path, column by column, without their conflicts."""
        parts = list(g.split(self.view.widths, dim=1))  # [G, r, h] each
        by_path: dict[MetaPath, list[int]] = {}
        for i, (path, _) in enumerate(self.view.blocks):
            by_path.setdefault(path, []).append(i)
        for path, numbers in by_path.items():
            if len(numbers) < 2:
                continue
            end = endpoint(path, self.view.schema.target)
            keys = [(end, self.view.blocks[i][1]) for i in numbers]
            rows = [parts[i].transpose(1, 2).flatten(0, 1) for i in numbers]  # [G·h, r]
            # ∇W is a weighted sum of feature rows, so it is read as features are: h ≈ s Dᵀ.
            read = [self.frames.inverse[k].T for k in keys]
            write = [self.frames.decoder[k].T for k in keys]
            for i, changed in zip(numbers, _decoupled(rows, read, write), strict=True):
                shape = (g.size(0), g.size(2), parts[i].size(1))
                parts[i] = changed.view(shape).transpose(1, 2)
        return torch.cat(parts, dim=1)


def _decoupled(rows: list[Tensor], read: list[Tensor], write: list[Tensor]) -> list[Tensor]:
    """Vectors of unlike widths, changed by what decoupling changes in a common space.

    Args:
        rows: [n, r_m] for each modality.
        read: [r_m, d], into the common space.
        write: [d, r_m], the pseudo-inverse of `read`.
    """
    framed = torch.stack([x @ a for x, a in zip(rows, read, strict=True)])  # [M, n, d]
    change = decouple(framed) - framed
    return [x + c @ b for x, c, b in zip(rows, change, write, strict=True)]
