"""Prepares the features for trainers and condensers: completes, centres and scales them."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.data.rules.completion import two_widths
from condense.data.spread.spread import spread_of
from models.propagation.sparse import edge_weights, mean_adjacency
from models.schema import (
    FEATURE_PREFIX,
    MASK_PREFIX,
    GraphSchema,
    features,
    modality_names,
    present,
)

Scaling = Literal["standard", "none"]
ORDINARY = (1e-15, 1e15)
"""Between these, the squares of centred features are normal numbers of float32 (1e−38 … 3e38)."""


def complete(graph: MultimodalGraph) -> MultimodalGraph:
    """A copy of `graph` in which node types without features get the means of their neighbours' features.

    A type without any modality receives every modality of the types with edges to it: the mean over the
    in-neighbours that have the modality, weighted by edge multiplicity. `has_<modality>` is False for a
    node without such a neighbour. Types further away are completed in turn. A type that no edge from a
    type with features reaches stays without features.

    Raises:
        GraphError: two neighbouring types have a modality of the same name but of different widths.
    """
    graph = copy.copy(graph)
    empty = [t for t in graph.node_types if not modality_names(graph[t])]
    while empty:
        known = [t for t in graph.node_types if t not in empty]
        reached = [t for t in empty if _receive(graph, t, known)]
        if not reached:
            break
        empty = [t for t in empty if t not in reached]
    return graph


def _receive(graph: MultimodalGraph, node_type: str, known: list[str]) -> bool:
    """Give `node_type` its in-neighbours' mean features; False if no relation provides any."""
    total: dict[str, Tensor] = {}
    weight: dict[str, Tensor] = {}
    for relation in graph.edge_types:
        if relation[2] != node_type or relation[0] not in known:
            continue
        source, adjacency = graph[relation[0]], mean_adjacency(graph, relation)
        # Sums rather than means, so that a neighbour has the same weight in every relation.
        w, (_, dst) = edge_weights(graph, relation), graph[relation].edge_index
        degree = w.new_zeros(adjacency.size(0)).index_add_(0, dst, w).unsqueeze(1)  # [n, 1]
        for modality in modality_names(source):
            x = features(source, modality)
            has = present(source, modality).to(x.dtype).unsqueeze(1)
            if modality in total and total[modality].size(1) != x.size(1):
                width, other = x.size(1), total[modality].size(1)
                raise two_widths(relation[0], modality, width, other, node_type)
            total[modality] = total.get(modality, 0) + degree * (adjacency @ x)
            weight[modality] = weight.get(modality, 0) + degree * (adjacency @ has)
    for modality, x in total.items():
        share = weight[modality]  # [n, 1]
        graph[node_type][FEATURE_PREFIX + modality] = x / share.clamp_min(1e-12)
        graph[node_type][MASK_PREFIX + modality] = share.squeeze(1) > 0
    return bool(total)


@dataclass(frozen=True)
class FeatureScaler:
    """x ↦ (x − μ) / σ with one μ per column and one σ per modality, fitted on a whole graph.

    A single σ for all columns, the root mean square of the centred entries, does not inflate rare keywords
    to the size of common ones, and preserves distances within a modality up to scale. Models and condensers
    use these units; files keep those of the data set. With the scaling "none", μ = 0 and σ = 1: features
    stay as in the data set, for example bags of words with rows that sum to one, as in the papers on GCN,
    SGC, GAT and APPNP.

    Attributes:
        mean: (node type, modality) -> μ [width].
        scale: (node type, modality) -> σ > 0.
    """

    mean: Mapping[tuple[str, str], Tensor]
    scale: Mapping[tuple[str, str], float]

    @classmethod
    def fit(cls, graph: MultimodalGraph, scaling: Scaling = "standard") -> FeatureScaler:
        """Fit μ and σ on the nodes that have the modality; labels are not read."""
        mean, scale = {}, {}
        for node_type in graph.node_types:
            for modality in modality_names(graph[node_type]):
                x, has = features(graph[node_type], modality), present(graph[node_type], modality)
                if scaling == "none":
                    mean[node_type, modality] = x.new_zeros(x.size(1))
                    scale[node_type, modality] = 1.0
                    continue
                mu, sigma = _moments(x[has])
                mean[node_type, modality] = mu
                # A constant modality carries no information; σ = 1 leaves it at zero.
                scale[node_type, modality] = sigma if sigma > 1e-6 * float(mu.abs().max()) else 1.0
        return cls(mean, scale)

    def flat(
        self, schema: GraphSchema, node_types: Collection[str]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """μ and σ [D_t] of each of these types, one number for each column of all modalities side by side."""
        mean, scale = {}, {}
        for node_type in node_types:
            widths = schema.modalities[node_type]
            parts = [self.mean[node_type, m] for m in widths]
            mean[node_type] = torch.cat(parts) if parts else torch.zeros(0)
            scale[node_type] = (
                torch.cat(
                    [
                        torch.full_like(mu, self.scale[node_type, m])
                        for mu, m in zip(parts, widths, strict=True)
                    ]
                )
                if parts
                else torch.zeros(0)
            )
        return mean, scale

    def apply(self, graph: MultimodalGraph) -> MultimodalGraph:
        """A copy of `graph` and its spread in scaled units; rows of missing modalities are zero, the mean."""
        scaled = copy.copy(graph)
        for (node_type, modality), mu in self.mean.items():
            store = graph[node_type]
            x, sigma = features(store, modality), self.scale[node_type, modality]
            if ORDINARY[0] < sigma < ORDINARY[1]:
                x = (x - mu) / sigma
            else:  # The difference itself may be beyond float32.
                x = ((x.double() - mu) / sigma).to(x.dtype)
            has = present(store, modality)
            scaled[node_type][FEATURE_PREFIX + modality] = (
                x if bool(has.all()) else x * has.unsqueeze(1).to(x.dtype)
            )
        if (spread := spread_of(graph)) is not None:
            types = {graph.target, *spread.basis_of}
            scaled.spread = spread.scaled(graph.target, *self.flat(GraphSchema.of(graph), types))
        return scaled


def _moments(x: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], float]:
    """The mean of each column, and the root mean square of the centred entries; 0 and 1 without rows.

    In float64 where squares overflow or underflow in float32. Elsewhere float32 is exact enough, in half the
    memory.
    """
    if not len(x):
        return x.new_zeros(x.size(1)), 1.0
    mu = x.mean(dim=0)
    sigma = float((x - mu).square().mean().sqrt())
    if ORDINARY[0] < sigma < ORDINARY[1]:
        return mu, sigma
    exact = x.double()
    mean = exact.mean(dim=0)
    return mean.to(x.dtype), float((exact - mean).square().mean().sqrt())


def normalise_rows(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """x_i / Σ_j x_ij: rows that sum to one, as GCN's authors use bags of words (Kipf & Welling, ICLR 2017).

    A row that sums to zero is not changed.
    """
    total = x.sum(dim=1, keepdim=True)
    return x / torch.where(total == 0, torch.ones_like(total), total)


def impute(
    values: Float[Tensor, "n d"], train: Bool[Tensor, " n"]
) -> Float[Tensor, "n d_and_indicators"]:
    """Fill NaN with the training nodes' column means; append a 0/1 indicator for each column with NaN.

    A column that is NaN on all training nodes is filled with zero.
    """
    gaps = torch.isnan(values)
    known = torch.where(gaps, 0.0, values)[train]
    count = (~gaps[train]).sum(dim=0).clamp_min(1)
    filled = torch.where(gaps, known.sum(dim=0) / count, values)
    indicators = gaps[:, gaps.any(dim=0)].to(values.dtype)
    return torch.cat([filled, indicators], dim=1)
