"""The contrastive channel: two views out of embeddings, and InfoNCE with many positives.

Views (our reading of "Schema" and "Fusion", out of the encoder's structural and semantic attention, each
aggregated a second time by one GCN layer with W shared along all meta-paths):

    schema:  mean over p of σ(Ã_p z^p W)      each meta-path's own embedding on its own graph
    fusion:  σ(Σ_p β_p Ã_p z W)                the fused embedding on the graphs mixed by β

σ is PReLU and Ã_p z the mean over a node's neighbours and itself; GCN's symmetric normalisation would
depend on how many edges a condensed graph was given.

InfoNCE as in HeCo: with E_ij = exp(cos(g(u_i), g(v_j))/τ), g a projector shared by both views,

    L(u, v) = −1/n Σ_i log(Σ_{j ∈ P_i} E_ij / D_i),    L = ½ (L(u, v) + L(v, u)).

By default D_i is the sum over all nodes. ∂L_i/∂s over the row's similarities s adds up to zero: what the
positives get is what all negatives together get, however many there are, which is the imbalance that more
positives are to mend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from models.hetcrf.encoder import PathEmbeddings
from models.hetcrf.exponential_sums import exponential_sums
from models.hetcrf.pattern import Pattern, WeightedPattern

Negatives = Literal["all", "hard", "apart"]
CONCENTRATION = 2.0
"""How far "hard" favours similar negatives: their weight is exp(CONCENTRATION · cosine)."""


class SecondAggregation(nn.Module):
    """The GCN layer that both views share."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.map = nn.Linear(width, width)
        self.act = nn.PReLU()

    def schema(
        self, by_path: Sequence[Tensor], graphs: Sequence[WeightedPattern]
    ) -> Float[Tensor, "n d"]:
        """Mean over p of σ(Ã_p z^p W)."""
        views = [self.act(g.mean(self.map(z))) for z, g in zip(by_path, graphs, strict=True)]
        return torch.stack(views).mean(0)

    def fusion(
        self, encoded: PathEmbeddings, graphs: Sequence[WeightedPattern]
    ) -> Float[Tensor, "n d"]:
        """σ(Σ_p β_p Ã_p z W)."""
        mapped = self.map(encoded.fused)
        moved = torch.stack([g.mean(mapped) for g in graphs])  # [P, n, d]
        return self.act((encoded.share[:, None, None] * moved).sum(0))


class Projector(nn.Module):
    """g: linear, ELU, linear, then unit length; as in HeCo.

    Args:
        width: width of the views.
        projected: k; all pairs are compared at this width, which is most of the cost of the contrast.
    """

    def __init__(self, width: int, projected: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.ELU(), nn.Linear(width, projected))

    def forward(self, view: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Unit vectors."""
        return nn.functional.normalize(self.layers(view))


def info_nce(
    u: Float[Tensor, "n d"],
    v: Float[Tensor, "n d"],
    positives: Pattern,
    temperature: float,
    negatives: Negatives = "all",
    cluster: Int[Tensor, " n"] | None = None,
) -> Float[Tensor, ""]:
    """½ (L(u, v) + L(v, u)).

    Args:
        u: unit vectors of one view.
        v: unit vectors of the other view.
        positives: P, which holds each node's pair with itself.
        temperature: τ; from .05 on, single precision holds every sum.
        negatives: what D_i holds besides the positives. "all": every other node. "hard": likewise, but
            weighted by exp(κ cos) with mean 1 (Robinson et al., ICLR 2021). "apart": nodes of other
            clusters only, since a negative of one's own cluster may be a false one.
        cluster: cluster of each node, for "apart"; without it "apart" is "all".
    """
    sharpness = 1 / temperature
    ahead = _exponentials(u, v, positives, sharpness)
    behind = _exponentials(v, u, positives, sharpness)
    hit = [_by_row(x, positives) for x in (ahead, behind)]
    if negatives == "apart" and cluster is not None:
        beyond = [
            _by_row(x * (cluster[positives.rows] == cluster[positives.columns]), positives)
            for x in (ahead, behind)
        ]
        apart = _apart(u, v, cluster, sharpness)
        total = [a + b for a, b in zip(apart, beyond, strict=True)]
    elif negatives == "hard":
        total = _hard(u, v, positives, sharpness, hit)
    else:
        total = list(exponential_sums(u, v, sharpness))
    losses = [-(h / d).log().mean() for h, d in zip(hit, total, strict=True)]
    return (losses[0] + losses[1]) / 2


def _exponentials(u: Tensor, v: Tensor, at: Pattern, sharpness: float) -> Float[Tensor, " e"]:
    return ((at.inner(u, v) - 1) * sharpness).exp()


def _by_row(values: Float[Tensor, " e"], at: Pattern) -> Float[Tensor, " n"]:
    return values.new_zeros(at.size[0]).index_add(0, at.rows, values)


def _apart(
    u: Tensor, v: Tensor, cluster: Int[Tensor, " n"], sharpness: float
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Sums over the nodes of other clusters: of v for each u, and of u for each v."""
    ahead, behind = u.new_zeros(len(u)), u.new_zeros(len(u))
    for label in cluster.unique():
        own, rest = (cluster == label).nonzero().flatten(), (cluster != label).nonzero().flatten()
        ahead = ahead.index_add(0, own, exponential_sums(u[own], v[rest], sharpness)[0])
        behind = behind.index_add(0, own, exponential_sums(v[own], u[rest], sharpness)[0])
    return ahead, behind


def _hard(
    u: Tensor,
    v: Tensor,
    positives: Pattern,
    sharpness: float,
    hit: Sequence[Tensor],
) -> list[Float[Tensor, " n"]]:
    """D_i = Σ_P E + (number of negatives) · Σ_neg e^{κ cos} E / Σ_neg e^{κ cos}."""
    size = _by_row(torch.ones_like(positives.rows, dtype=u.dtype), positives)
    totals = []
    tilted = exponential_sums(u, v, sharpness + CONCENTRATION)
    tilt = exponential_sums(u, v, CONCENTRATION)
    for (a, b), h, top, bottom in zip(((u, v), (v, u)), hit, tilted, tilt, strict=True):
        both = _exponentials(a, b, positives, sharpness + CONCENTRATION)
        top = (top - _by_row(both, positives)).clamp_min(0)
        weight = _by_row(_exponentials(a, b, positives, CONCENTRATION), positives)
        bottom = (bottom - weight).clamp_min(torch.finfo(u.dtype).tiny)
        totals.append(h + (len(u) - size) * top / bottom)
    return totals
