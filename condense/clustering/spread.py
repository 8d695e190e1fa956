"""Measures the spread of clusters: how members and their mean neighbours lie around the clusters' means."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.neighbourhoods import Neighbourhoods, Neighbours, Surroundings
from condense.clustering.reduction import leading_directions
from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.data.spread import FeatureBasis, Spread
from condense.edges.partition import EdgesBetweenClusters
from models.schema import GraphSchema

COORDINATES = 48
"""b, most coordinates of a mean neighbour's features."""
DIRECTIONS = (16, 256)
"""Fewest and most numbers R from which the coordinates of all places of a node follow, and directions q in
which a node and its places vary together."""
CLUSTERS_A_DIRECTION = 8
"""A code and the factors' share of a node then grow with the number of nodes among which they must tell."""
TRUST = 1.0
"""A mean over k members counts as k ÷ (k + TRUST) of itself, and for the rest as the mean over all."""


def with_spread(
    graph: MultimodalGraph,
    whole: MultimodalGraph,
    partition: EdgesBetweenClusters,
    generator: torch.Generator,
) -> MultimodalGraph:
    """A copy of a condensed graph with its spread, see `attached`.

    Args:
        graph: condensed from `whole`; its target nodes are clusters of `partition`.
        whole: features complete.
        partition: of its nodes.
        generator: see `measure_spread`.
    """
    spread = measure_spread(whole, partition, graph[graph.target].y, generator)
    return attached(graph, spread.halved())


def attached(graph: MultimodalGraph, spread: Spread) -> MultimodalGraph:
    """A copy of a condensed graph with a spread in place of nodes of other types.

    Draws have neighbours of their own, so only the target nodes and the edges among them are kept.
    """
    small, target = copy.copy(graph), graph.target
    for node_type in graph.node_types:
        if node_type != target:
            small[node_type].num_nodes = 0
            for key, x in graph[node_type].items():
                if isinstance(x, Tensor):
                    small[node_type][key] = x[:0]
    for relation in graph.edge_types:
        if {relation[0], relation[2]} != {target}:
            small[relation].edge_index = graph[relation].edge_index[:, :0]
            small[relation].edge_weight = graph[relation].edge_weight[:0]
    small.spread = spread
    return small


def measure_spread(
    whole: MultimodalGraph,
    partition: EdgesBetweenClusters,
    y: Int[Tensor, " n"],
    generator: torch.Generator,
) -> Spread:
    """The spread of the clusters of target nodes, in the units of `whole`.

    Coordinates of neighbours are chosen where classes differ: B spans the leading directions in which the
    mean neighbours of a class differ from those of all classes, place by place.

    Args:
        whole: features complete.
        partition: of its nodes; nodes in no cluster are left out.
        y: class of each cluster of target nodes.
        generator: picks the members whose distances from their means are measured.
    """
    scaler = common_units(FeatureScaler.fit(whole), GraphSchema.of(whole))
    around = Neighbourhoods.of(scaler.apply(whole), partition, generator)
    return spread_of_neighbourhoods(around, scaler, y, generator)


def spread_of_neighbourhoods(
    around: Surroundings, scaler: FeatureScaler, y: Int[Tensor, " n"], generator: torch.Generator
) -> Spread:
    """The spread of clusters, in the units on which `scaler` was fitted.

    Args:
        around: what stands around the clusters, in scaled units.
        scaler: of these units.
        y: class of each cluster of target nodes.
        generator: for the reduction.
    """
    near = [around.at(place) for place in around.places]
    ends = dict.fromkeys(place[-1][0] for place in around.places)
    widths = {t: tuple(around.schema.modalities[t].items()) for t in ends}
    numbers = {kind: i for i, kind in enumerate(dict.fromkeys(widths.values()))}
    basis_of = {t: numbers[widths[t]] for t in ends}
    by_basis = [
        [i for i, place in enumerate(around.places) if basis_of[place[-1][0]] == number]
        for number in numbers.values()
    ]
    bases = _padded([class_basis([near[i] for i in places], y) for places in by_basis])
    of = [bases[basis_of[place[-1][0]]] for place in around.places]

    least, most = DIRECTIONS
    most = min(max(len(y) // CLUSTERS_A_DIRECTION, least), most)
    own = around.own()
    empty = own.residual.new_zeros(len(y), 0)
    means = [trusted((a.mean - b.mean) @ b.rows.T, a.count) for a, b in zip(near, of, strict=True)]
    code, decoder, centre = coded(torch.cat([empty, *means], dim=1), around.size, most)
    inside = [a.residual @ b.rows.T for a, b in zip(near, of, strict=True)]
    factor, rest = factors(torch.cat([own.residual, *inside], dim=1), most, generator)
    measured = [
        _measured(basis, [near[i] for i in places])
        for places, basis in zip(by_basis, bases, strict=True)
    ]
    spread = Spread(
        places=around.places,
        bases=tuple(measured),
        basis_of=basis_of,
        code=code,
        decoder=decoder,
        centre=centre,
        factor=factor,
        rest=rest,
        present=torch.stack([*(a.present for a in near)], dim=1) if near else empty,
        degree=torch.stack([*(a.degree for a in near)], dim=1) if near else empty,
        has=own.has,
    )
    return unscaled(spread, scaler, around)


def common_units(scaler: FeatureScaler, schema: GraphSchema) -> FeatureScaler:
    """The same with the target's μ and σ for a modality that other types have in the same width.

    Features completed from the target's, and those of an encoder that several types share, can then share a
    basis.
    """
    mean, scale, own = dict(scaler.mean), dict(scaler.scale), schema.modalities[schema.target]
    for node_type, modality in scaler.mean:
        if own.get(modality) == schema.modalities[node_type][modality]:
            mean[node_type, modality] = scaler.mean[schema.target, modality]
            scale[node_type, modality] = scaler.scale[schema.target, modality]
    return FeatureScaler(mean, scale)


@dataclass(frozen=True)
class _Basis:
    """m [D] and B [b, D] of a `FeatureBasis`."""

    mean: Float[Tensor, " D"]
    rows: Float[Tensor, "b D"]


def class_basis(
    near: Sequence[Neighbours], y: Int[Tensor, " n"], most: int = COORDINATES
) -> _Basis:
    """The directions in which the classes' mean neighbours differ, of several places.

    Args:
        near: the places.
        y: class of each cluster.
        most: bound on the number of directions.
    """
    classes = int(y.max()) + 1
    differences, total, weight = [], near[0].mean.new_zeros(near[0].mean.size(1)), 0.0
    for a in near:
        count = a.count.new_zeros(classes).index_add_(0, y, a.count)
        mean = a.mean.new_zeros(classes, a.mean.size(1))
        mean.index_add_(0, y, a.mean * a.count.unsqueeze(1))
        here = mean.sum(dim=0)
        mean = mean / count.clamp_min(1).unsqueeze(1)
        centred = mean - here / count.sum().clamp_min(1)
        differences.append(centred * count.sqrt().unsqueeze(1))
        total, weight = total + here, weight + float(count.sum())
    stacked = torch.cat(differences)
    _, strength, directions = torch.linalg.svd(stacked, full_matrices=False)
    # Directions beyond the rank are arbitrary.
    rank = int((strength > 1e-6 * strength[:1].clamp_min(1e-30)).sum()) if len(strength) else 0
    return _Basis(total / max(weight, 1.0), directions[: min(rank, most)])


def trusted(x: Float[Tensor, "n b"], count: Float[Tensor, " n"]) -> Float[Tensor, "n b"]:
    """Means over few members drawn towards the mean over all; see TRUST.

    Args:
        x: the mean of each cluster.
        count: over how many members.
    """
    overall = (x * count.unsqueeze(1)).sum(dim=0) / count.sum().clamp_min(1)
    own = (count / (count + TRUST)).unsqueeze(1)
    return own * x + (1 - own) * overall


def coded(
    x: Float[Tensor, "n d"], weight: Float[Tensor, " n"], most: int
) -> tuple[Float[Tensor, "n R"], Float[Tensor, "R d"], Float[Tensor, " d"]]:
    """Codes, decoder and centre with x ≈ code @ decoder + centre: weighted principal components.

    The codes are orthogonal and the decoder's rows have length one; with as many rows as x has columns, or
    as it has rows, nothing is lost.
    """
    centre = (x * weight.unsqueeze(1)).sum(dim=0) / weight.sum().clamp_min(1)
    centred = x - centre
    _, _, directions = torch.linalg.svd(centred * weight.sqrt().unsqueeze(1), full_matrices=False)
    decoder = directions[:most]
    return centred @ decoder.T, decoder, centre


def factors(
    residual: Float[Tensor, "k d"], most: int, generator: torch.Generator
) -> tuple[Float[Tensor, "q d"], Float[Tensor, " d"]]:
    """F and the remaining standard deviations: FᵀF + diag(rest²) has the diagonal of the covariance.

    In columns scaled to variance one F holds the q leading directions, each without the noise that is in all
    directions alike, the mean variance of the others: probabilistic principal components (Tipping & Bishop,
    J. R. Stat. Soc. B 61, 1999). With the noise F would tell of correlations where there are none, which
    models learn: the leading directions of independent columns are arbitrary.
    """
    count = max(len(residual), 1)
    scale = (residual.square().sum(dim=0) / count).sqrt()
    scaled = residual / torch.where(scale > 0, scale, 1.0)
    # The directions are those inside of a span, up to the error of `leading_directions`.
    span = leading_directions(scaled, most, generator)  # [d, q]
    _, strength, turn = torch.linalg.svd(scaled @ span, full_matrices=False)
    variance = strength.square() / count
    others = int((scale > 0).sum()) - len(variance)
    noise = (scaled.square().sum() / count - variance.sum()).clamp_min(0) / max(others, 1)
    factor = (variance - noise).clamp_min(0).sqrt().unsqueeze(1) * (turn @ span.T) * scale
    return factor, (scale.square() - factor.square().sum(dim=0)).clamp_min(0).sqrt()


def unscaled(spread: Spread, scaler: FeatureScaler, around: Surroundings) -> Spread:
    """The same spread in the units of the graph on which `scaler` was fitted."""
    types = {around.schema.target, *spread.basis_of}
    mean, scale = scaler.flat(around.schema, types)
    # x = (x_scaled − (−μ / σ)) / (1 / σ)
    return spread.scaled(
        around.schema.target,
        {t: -mean[t] / scale[t] for t in types},
        {t: 1 / scale[t] for t in types},
    )


def _padded(bases: Sequence[_Basis]) -> list[_Basis]:
    """Bases with rows of zeros, up to the greatest number of rows, at least one."""
    most = max([1, *(basis.rows.size(0) for basis in bases)])
    return [
        _Basis(b.mean, torch.cat([b.rows, b.rows.new_zeros(most - b.rows.size(0), b.rows.size(1))]))
        for b in bases
    ]


def _measured(basis: _Basis, near: Sequence[Neighbours]) -> FeatureBasis:
    """A basis with how mean neighbours, and single ones around these, spread inside and outside of it."""
    mean = torch.cat([a.residual for a in near])
    single = torch.cat([a.apart for a in near])
    inside = single @ basis.rows.T
    covariance = inside.T @ inside / max(len(single), 1)
    values, directions = torch.linalg.eigh(covariance)
    return FeatureBasis(
        mean=basis.mean,
        rows=basis.rows,
        outside=_deviation(mean - (mean @ basis.rows.T) @ basis.rows),
        differ=values.clamp_min(0).sqrt().unsqueeze(1) * directions.T,
        apart=_deviation(single - inside @ basis.rows),
    )


def _deviation(x: Float[Tensor, "k D"]) -> Float[Tensor, " D"]:
    """The root mean square of each column; zero without rows."""
    return (x.square().sum(dim=0) / max(len(x), 1)).sqrt()
