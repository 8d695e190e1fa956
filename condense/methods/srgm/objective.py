"""SR-GM's objective L_match + λR at one point of the relay's trajectory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.reduction import FeatureKey
from condense.clustering.relay_space import RelaySpace
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
    """The terms of the objective, differentiable in the synthesis.

    Attributes:
        match: L_match in [0, 2].
        energy: R; "relative" to Σ‖ĝ‖² it lies in [0, 2 · relations].
        gradients: ∇_W L_c(S) of each class [C, …], for each layer, as L_match compares them.
        field: the gradient field in the shared space by (type, modality), before decoupling.
        energies: the summands of R by relation and modality, before division by Σ‖ĝ‖²; constants.
    """

    match: Tensor
    energy: Tensor
    gradients: Layers
    field: Mapping[FeatureKey, Tensor]
    energies: Mapping[tuple[EdgeType, str], Tensor]


@dataclass(frozen=True)
class Objective:
    """The objective as a function of the synthesis and θ; its own attributes stay fixed along the run.

    Attributes:
        view: the relay's inputs.
        shared_space: the space in which gradients of different modalities are compared.
        primary: the relations whose energy counts, one of each mirrored pair.
        decouple: see `SRGMSettings`.
        relative: divide the energy by the field's squared norm.
        damped: differentiate the energy; else it is only reported.
        authors: follow the authors' code: the field is a constant and the Laplacian has self-loops, so the
            energy acts on edges only and is least without any.
    """

    view: RelaySpace
    shared_space: SharedSpace
    primary: tuple[EdgeType, ...]
    decouple: Decouple
    relative: bool
    damped: bool
    authors: bool = False

    def whole_gradients(self, theta: Relay, parts: Iterable[Rows]) -> Layers:
        """∇_W L_c on the whole graph, as L_match compares them.

        Args:
            theta: θ.
            parts: rows of Z which together cover all classes.
        """
        with torch.no_grad():
            last, gradients, done = theta.biases[-1], [], 0
            one_hot = torch.eye(len(last), dtype=last.dtype, device=last.device)
            for z, sizes in parts:
                count = torch.tensor(sizes, device=z.device)
                y = one_hot[done : done + len(sizes)].repeat_interleave(count, dim=0)
                layers = theta.layers(z, y)
                gradients.append([classwise_gradients(x, g, sizes) for x, g in layers])
                done += len(sizes)
            if len(gradients) > 1:
                gradients = [[torch.cat(layer) for layer in zip(*gradients, strict=True)]]
            return self._decouple_layers(tuple(gradients[0]))

    def terms(
        self,
        synthesis: Synthesis,
        inputs: RelayInputs,
        theta: Relay,
        whole: Layers,
        report: bool = True,
    ) -> ObjectiveTerms:
        """L_match and R at θ.

        Args:
            synthesis: the condensed graph S.
            inputs: the current `synthesis.relay_inputs`.
            theta: θ.
            whole: from `whole_gradients`.
            report: compute the energy and the field even where `damped` is False; else they are 0 and empty.
        """
        z, classes = inputs.z, synthesis.budget.classes
        layers = theta.layers(z, synthesis.one_hot)
        gradients = tuple(classwise_gradients(x, g, classes) for x, g in layers)
        gradients = self._decouple_layers(gradients)
        share = torch.tensor(classes, dtype=z.dtype, device=z.device)
        match = layered_loss(gradients, whole, self.view.block_indicator, share / share.sum())
        if not (self.damped or report):
            return ObjectiveTerms(match, match.new_zeros(()), gradients, {}, {})
        # Without damping the field and the energy are only reported and need no gradients.
        with torch.set_grad_enabled(self.damped):
            _, g = layers[0]
            field = self.field(synthesis, inputs, theta, g / len(g))
            energy, energies = self._energy(field, inputs.weights, synthesis.has)
        return ObjectiveTerms(match, energy, gradients, field, energies)

    def field(
        self, synthesis: Synthesis, inputs: RelayInputs, theta: Relay, p: Float[Tensor, "n h"]
    ) -> dict[FeatureKey, Tensor]:
        """∂L/∂X' of the mean loss over S, in the shared space: (type, modality) -> [n'_t, d].

        Args:
            synthesis: the condensed graph S.
            inputs: the current `synthesis.relay_inputs`.
            theta: θ.
            p: the gradient of L at the output of the first layer.
        """
        raw = gradient_field(
            inputs.averaging,
            self.view.blocks,
            self.view.split(theta.weights[0]),
            p,
            self.view.schema.target,
        )
        return {
            key: (g * synthesis.has[key].unsqueeze(1)) @ self.shared_space.decoder[key]
            for key, g in raw.items()
        }

    def decouple_update(self, synthesis: Synthesis) -> None:
        """Project conflicts out of the features' gradients (`grad`), in place.

        Gradients of missing modalities become zero: they neither change nor project others.
        """
        for node_type, modalities in self.view.schema.modalities.items():
            keys = [(node_type, m) for m in modalities]
            gradients = [g for key in keys if (g := synthesis.h[key].grad) is not None]
            if len(keys) < 2 or len(gradients) < len(keys):
                continue
            has = [synthesis.has[key].unsqueeze(1) for key in keys]
            gradients = [torch.where(h, g, 0.0) for h, g in zip(has, gradients, strict=True)]
            # By the chain rule, D takes a gradient with respect to H to the shared space.
            read = [self.shared_space.decoder[k] for k in keys]
            write = [self.shared_space.inverse[k] for k in keys]
            decoupled = _decouple_through(gradients, read, write)
            for key, gradient in zip(keys, decoupled, strict=True):
                synthesis.h[key].grad = gradient

    def conflicts(
        self, field: Mapping[FeatureKey, Tensor], generator: torch.Generator
    ) -> tuple[float, float]:
        """The target type's conflict rate and the rate by chance; NaN if it has one modality."""
        target = self.view.schema.target
        stacked = torch.stack([f.detach() for (t, _), f in field.items() if t == target])
        return conflict_rate(stacked), chance_conflict_rate(stacked, generator)

    def _energy(
        self,
        field: Mapping[FeatureKey, Tensor],
        weights: Mapping[EdgeType, PairMatrix],
        has: Mapping[FeatureKey, Tensor],
    ) -> tuple[Tensor, dict[tuple[EdgeType, str], Tensor]]:
        """R = Σ_m Σ_r of the field's Dirichlet energies, and its summands.

        The field is decoupled first where `decouple` is "field". An edge counts for a modality that both
        its ends have.
        """
        if self.authors:
            field = {key: f.detach() for key, f in field.items()}
        if self.decouple == "field":
            field = self._decoupled_field(field)
        squared_norm = torch.stack([f.square().sum() for f in field.values()]).sum()
        energy, energies = torch.zeros_like(squared_norm), {}
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
            by_modality = dirichlet_energy(
                weights[relation], *ends, within=source == destination, self_loops=self.authors
            )
            energy = energy + by_modality.sum()
            energies |= {
                (relation, m): e for m, e in zip(shared, by_modality.detach(), strict=True)
            }
        return energy / squared_norm.clamp_min(TINY) if self.relative else energy, energies

    def _decoupled_field(self, field: Mapping[FeatureKey, Tensor]) -> dict[FeatureKey, Tensor]:
        """The field with the conflicts between the modalities of each node projected out."""
        decoupled = dict(field)
        for node_type, modalities in self.view.schema.modalities.items():
            keys = [(node_type, m) for m in modalities if (node_type, m) in field]
            if len(keys) > 1:
                gradients = torch.stack([field[k] for k in keys])
                decoupled.update(zip(keys, decouple(gradients), strict=True))
        return decoupled

    def _decouple_layers(self, gradients: Layers) -> Layers:
        """The gradients that are matched: the first layer decoupled where `decouple` is "parameters".

        Later layers have no modalities that could conflict.
        """
        if self.decouple != "parameters":
            return gradients
        first, *later = gradients
        return (self._decouple_blocks(first), *later)

    def _decouple_blocks(self, g: Float[Tensor, "G D h"]) -> Float[Tensor, "G D h"]:
        """Project out conflicts between the modality blocks of each meta-path, column by column."""
        blocks = list(g.split(self.view.widths, dim=1))  # [G, r, h] each
        by_path: dict[MetaPath, list[int]] = {}
        for i, (path, _) in enumerate(self.view.blocks):
            by_path.setdefault(path, []).append(i)
        for path, indices in by_path.items():
            if len(indices) < 2:
                continue
            end = endpoint(path, self.view.schema.target)
            keys = [(end, self.view.blocks[i][1]) for i in indices]
            rows = [blocks[i].transpose(1, 2).flatten(0, 1) for i in indices]  # [G·h, r]
            # ∇W is a weighted sum of feature rows, so it is read like features: h ≈ s Dᵀ.
            read = [self.shared_space.inverse[k].T for k in keys]
            write = [self.shared_space.decoder[k].T for k in keys]
            for i, gradient in zip(indices, _decouple_through(rows, read, write), strict=True):
                shape = (g.size(0), g.size(2), blocks[i].size(1))
                blocks[i] = gradient.view(shape).transpose(1, 2)
        return torch.cat(blocks, dim=1)


def _decouple_through(rows: list[Tensor], read: list[Tensor], write: list[Tensor]) -> list[Tensor]:
    """Decouple vectors of different widths in the shared space, and add the change to each vector.

    Args:
        rows: [n, r_m] for each modality.
        read: [r_m, d], into the shared space.
        write: [d, r_m], the pseudo-inverse of `read`.
    """
    shared = torch.stack([x @ a for x, a in zip(rows, read, strict=True)])  # [M, n, d]
    change = decouple(shared) - shared
    return [x + c @ b for x, c, b in zip(rows, change, write, strict=True)]
