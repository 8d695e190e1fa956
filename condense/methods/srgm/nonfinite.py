"""Where a run's numbers stop being finite: looked for in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.propagation import RelayView
from condense.clustering.reduction import FeatureKey
from condense.methods.srgm.objective import ObjectiveTerms
from condense.methods.srgm.synthesis import Synthesis
from models.propagation.metapaths import endpoint
from models.relays.linear import Relay


class NonFiniteError(ArithmeticError):
    """A number of a run is infinite or NaN; the message says which and what to do."""


@dataclass(frozen=True)
class NamedValues:
    """Some of the numbers of one step.

    Attributes:
        values: [k, …], a row a node or a class; or a single number.
        classes: of each row [k], if rows have classes.
        modality: that they belong to, "" for none.
        relations: that they were carried along.
    """

    values: Tensor
    classes: Tensor | None = None
    modality: str = ""
    relations: tuple[EdgeType, ...] = ()

    def bad_classes(self) -> list[int]:
        """The classes of the rows that are not finite."""
        if self.classes is None:
            return []
        return self.classes[~self.values.isfinite().flatten(1).all(dim=1)].tolist()


def finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all numbers are; as cheap as a sum of them, unless that sum is not finite."""
    found = [t.detach() for t in tensors if t.numel()]
    if not found or bool(torch.stack([t.sum() for t in found]).sum().isfinite()):
        return True
    return all(bool(t.isfinite().all()) for t in found)


def explain(
    view: RelayView,
    synthesis: Synthesis,
    theta: Relay,
    whole: tuple[Tensor, ...] = (),
    terms: ObjectiveTerms | None = None,
) -> tuple[str, str]:
    """What is not finite first, with its classes, modalities and relations, and a setting to lower.

    Args:
        view: the whole graph.
        synthesis: the condensed graph; its gradients count if it has any.
        theta: the relay.
        whole: its gradients on the whole graph, [C, …] for each layer.
        terms: of the objective.

    Returns:
        A description, and the name of the setting whose smaller value may help.
    """
    for place, setting, parts in _places(view, synthesis, theta, whole, terms):
        bad = [part for part in parts if not part.values.isfinite().all()]
        if bad:
            classes = sorted({c for part in bad for c in part.bad_classes()})
            modalities = list(dict.fromkeys(part.modality for part in bad if part.modality))
            relations = list(dict.fromkeys("/".join(r) for part in bad for r in part.relations))
            named = [
                f"{kind} {', '.join(map(str, names))}"
                for kind, names in
                (("class", classes), ("modality", modalities), ("relation", relations))
                if names
            ]  # fmt: skip
            return f"{place} ({'; '.join(named)})", setting
    return "the sum over all classes, modalities and relations", "lr_features"


Places = Iterator[tuple[str, str, list[NamedValues]]]


def _places(
    view: RelayView,
    synthesis: Synthesis,
    theta: Relay,
    whole: tuple[Tensor, ...],
    terms: ObjectiveTerms | None,
) -> Places:
    """Names, settings and numbers, earlier ones first."""
    each = torch.arange(view.schema.num_classes, device=synthesis.y.device)
    yield "the relay's weights", "lr_relay", _weights(view, theta, each)
    yield "the condensed features", "lr_features", _nodes(view, synthesis, synthesis.h)
    logits = {r: x.detach() for r, x in synthesis.logits.items()}
    yield "the edges' log-weights", "lr_edges", _edges(logits)
    z = synthesis.features(view)
    yield "the propagated features", "lr_features", _blocks(view, z, synthesis.y)
    # Squared, as the matching takes them.
    if whole:
        parts = _squares(view, whole, each)
        yield "the gradients on the whole graph", "lr_relay", parts
    if terms is not None:
        parts = _squares(view, terms.gradients, each)
        yield "the gradients on the condensed graph", "lr_features", parts
        yield "the gradient field", "lr_features", _nodes(view, synthesis, terms.field)
        energies = [NamedValues(e, None, m, (r,)) for (r, m), e in terms.energies.items()]
        yield "the energy", "damping", energies
    changes = {key: h.grad for key, h in synthesis.h.items() if h.grad is not None}
    # All that they are made of is finite, so they are too great.
    yield "the features' updates", "damping", _nodes(view, synthesis, changes)
    moves = {r: x.grad for r, x in synthesis.logits.items() if x.grad is not None}
    yield "the edges' updates", "damping", _edges(moves)


def _weights(view: RelayView, theta: Relay, each: Tensor) -> list[NamedValues]:
    """The first layer by blocks, later ones whole, biases; only the last layer's columns are classes."""
    first, *later = theta.weights
    columns = [*(None for _ in later), each]
    return [
        *_blocks(view, first.T, columns[0]),
        *(NamedValues(w.T, c) for w, c in zip(later, columns[1:], strict=True)),
        *(NamedValues(b.unsqueeze(1), c) for b, c in zip(theta.biases, columns, strict=True)),
    ]


def _squares(view: RelayView, gradients: tuple[Tensor, ...], each: Tensor) -> list[NamedValues]:
    """Squares of [C, …] for each layer: the first by blocks, later ones whole."""
    first, *later = (g.detach().square() for g in gradients)
    return [*_blocks(view, first, each), *(NamedValues(g, each) for g in later)]


def _blocks(view: RelayView, values: Tensor, classes: Tensor | None) -> list[NamedValues]:
    """A part for each (meta-path, modality) block along dimension 1 of `values` [k, D, …]."""
    parts = values.split(view.widths, dim=1)
    return [
        NamedValues(x, classes, f"{modality} of {endpoint(path, view.schema.target)}", path)
        for x, (path, modality) in zip(parts, view.blocks, strict=True)
    ]


def _nodes(
    view: RelayView, synthesis: Synthesis, values: Mapping[FeatureKey, Tensor]
) -> list[NamedValues]:
    """A part for each type and modality; nodes of the target type have classes."""
    return [
        NamedValues(x.detach(), synthesis.y if t == view.schema.target else None, f"{m} of {t}")
        for (t, m), x in values.items()
    ]


def _edges(values: Mapping[EdgeType, Tensor]) -> list[NamedValues]:
    return [NamedValues(x, None, "", (r,)) for r, x in values.items()]
