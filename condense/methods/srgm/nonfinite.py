"""Finds the first numbers of a step that are not finite, in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.reduction import FeatureKey
from condense.clustering.relay_space import RelaySpace
from condense.methods.srgm.objective import ObjectiveTerms
from condense.methods.srgm.synthesis import Synthesis
from models.propagation.metapaths import endpoint
from models.relays.linear import Relay


@dataclass(frozen=True)
class NamedValues:
    """Some numbers of a step, with the classes, modality and relations that they belong to.

    Attributes:
        values: [k, …], a row a node or a class; or a single number.
        classes: the class of each row [k], if rows have classes.
        modality: the modality and node type, or "".
        relations: the relations that the values were propagated along.
    """

    values: Tensor
    classes: Tensor | None = None
    modality: str = ""
    relations: tuple[EdgeType, ...] = ()

    def nonfinite_classes(self) -> list[int]:
        """The classes of rows with a number that is not finite."""
        if self.classes is None:
            return []
        return self.classes[~self.values.isfinite().flatten(1).all(dim=1)].tolist()


def locate_nonfinite(
    view: RelaySpace,
    synthesis: Synthesis,
    theta: Relay,
    whole: tuple[Tensor, ...] = (),
    terms: ObjectiveTerms | None = None,
) -> tuple[str, str]:
    """Describe the first quantity of the step that is not finite, with its classes, modalities and relations.

    Args:
        view: the relay's inputs.
        synthesis: the condensed graph; its gradients are checked if it has any.
        theta: the relay.
        whole: the relay's gradients on the whole graph, [C, …] for each layer.
        terms: the terms of the objective.

    Returns:
        The description, and the name of the setting whose smaller value may help.
    """
    for quantity, setting, parts in _quantities(view, synthesis, theta, whole, terms):
        nonfinite = [part for part in parts if not part.values.isfinite().all()]
        if nonfinite:
            classes = sorted({c for part in nonfinite for c in part.nonfinite_classes()})
            modalities = dict.fromkeys(part.modality for part in nonfinite if part.modality)
            relations = dict.fromkeys("/".join(r) for part in nonfinite for r in part.relations)
            details = [
                f"{kind} {', '.join(map(str, names))}"
                for kind, names in
                (("class", classes), ("modality", modalities), ("relation", relations))
                if names
            ]  # fmt: skip
            return f"{quantity} ({'; '.join(details)})", setting
    return "the sum over all classes, modalities and relations", "lr_features"


Quantities = Iterator[tuple[str, str, list[NamedValues]]]


def _quantities(
    view: RelaySpace,
    synthesis: Synthesis,
    theta: Relay,
    whole: tuple[Tensor, ...],
    terms: ObjectiveTerms | None,
) -> Quantities:
    """Each quantity's name, the setting to lower and its values, in the order of computation."""
    classes = torch.arange(view.schema.num_classes, device=synthesis.y.device)
    yield "the relay's weights", "lr_relay", _weights(view, theta, classes)
    yield "the condensed features", "lr_features", _nodes(view, synthesis, synthesis.h)
    logits = {r: x.detach() for r, x in synthesis.logits.items()}
    yield "the edges' log-weights", "lr_edges", _edges(logits)
    z = synthesis.features(view)
    yield "the propagated features", "lr_features", _blocks(view, z, synthesis.y)
    # The matching squares gradients, and the square may overflow first.
    if whole:
        parts = _squares(view, whole, classes)
        yield "the gradients on the whole graph", "lr_relay", parts
    if terms is not None:
        parts = _squares(view, terms.gradients, classes)
        yield "the gradients on the condensed graph", "lr_features", parts
        yield "the gradient field", "lr_features", _nodes(view, synthesis, terms.field)
        energies = [NamedValues(e, None, m, (r,)) for (r, m), e in terms.energies.items()]
        yield "the energy", "damping", energies
    feature_gradients = {key: h.grad for key, h in synthesis.h.items() if h.grad is not None}
    # Everything that the gradients are computed from is finite, so they have overflowed.
    yield "the features' updates", "damping", _nodes(view, synthesis, feature_gradients)
    edge_gradients = {r: x.grad for r, x in synthesis.logits.items() if x.grad is not None}
    yield "the edges' updates", "damping", _edges(edge_gradients)


def _weights(view: RelaySpace, theta: Relay, classes: Tensor) -> list[NamedValues]:
    """The first layer by blocks, later layers whole, biases; only the last layer's columns are classes."""
    first, *later = theta.weights
    columns = [*(None for _ in later), classes]
    return [
        *_blocks(view, first.T, columns[0]),
        *(NamedValues(w.T, c) for w, c in zip(later, columns[1:], strict=True)),
        *(NamedValues(b.unsqueeze(1), c) for b, c in zip(theta.biases, columns, strict=True)),
    ]


def _squares(view: RelaySpace, gradients: tuple[Tensor, ...], classes: Tensor) -> list[NamedValues]:
    """The squared gradients [C, …] of each layer: the first layer by blocks, later layers whole."""
    first, *later = (g.detach().square() for g in gradients)
    return [*_blocks(view, first, classes), *(NamedValues(g, classes) for g in later)]


def _blocks(view: RelaySpace, values: Tensor, classes: Tensor | None) -> list[NamedValues]:
    """The (meta-path, modality) blocks along dimension 1 of `values` [k, D, …]."""
    parts = values.split(view.widths, dim=1)
    return [
        NamedValues(x, classes, f"{modality} of {endpoint(path, view.schema.target)}", path)
        for x, (path, modality) in zip(parts, view.blocks, strict=True)
    ]


def _nodes(
    view: RelaySpace, synthesis: Synthesis, values: Mapping[FeatureKey, Tensor]
) -> list[NamedValues]:
    """Values by node type and modality; nodes of the target type have classes."""
    return [
        NamedValues(x.detach(), synthesis.y if t == view.schema.target else None, f"{m} of {t}")
        for (t, m), x in values.items()
    ]


def _edges(values: Mapping[EdgeType, Tensor]) -> list[NamedValues]:
    """Values by relation."""
    return [NamedValues(x, None, "", (r,)) for r, x in values.items()]
