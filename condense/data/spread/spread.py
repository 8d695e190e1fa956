"""`Spread`: how the nodes that a condensed node stands for, and their neighbours, lie around its mean.

A condensed target node i is the mean of many nodes. Means lose three things that models live on: how far
nodes lie from them, that a node and its own neighbourhood are alike, and that neighbours differ. A spread
keeps them, as a factor analysis of a node together with its places. A place is a meta-path of one relation,
or of two where the first leads to another type. With ε ~ N(0, I) and, for each entry of a feature or
coordinate, further noise η ~ N(0, 1) of its own,

    own features        x_i + ε F_own + η ⊙ rest_own                                     [D]
    mean neighbour      m_ip = m + (C_p + code_i U_p + ε F_p + η ⊙ rest_p) B + η ⊙ outside  [D_t]
    its neighbours      m_ip + ξ_j − ξ̄,  ξ_j = ε_j K B + η ⊙ apart                         [D_t]

where F_own, F_p, … are the parts of `factor`, C_p those of `centre`, U_p those of `decoder`, and m, B, K,
outside and apart belong to the `FeatureBasis` of the place's node type. The same ε stands in the first two
lines: that is the relation between a node and its neighbourhood.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from condense.data.levels import TOLERANCE as ROUGHEST
from condense.data.levels import Levels, error_by_column

Place = tuple[EdgeType, ...]
"""A meta-path from the target type outwards, as in `models.propagation.metapaths`."""
TOLERANCE = 1e-2
"""Largest change that float16 may make, as a share of an array's norm; it has 11 significant bits and ends
at 65,504."""
SPREAD = "spread"
"""The name under which a condensed graph keeps its spread."""


def spread_of(graph: HeteroData) -> Spread | None:
    """The graph's spread, if it has one; never a node type of that name."""
    return graph._global_store.get(SPREAD)


@dataclass(frozen=True, repr=False)
class FeatureBasis:
    """Coordinates of the features of neighbours; several node types may share one.

    Features are all modalities of a type side by side, in the order of its schema, the mean where missing.

    Attributes:
        mean: m [D_t].
        rows: B [b, D_t].
        outside: standard deviation of mean neighbours outside the span of B [D_t].
        differ: K [b, b], KᵀK is the covariance of single neighbours' coordinates around their mean.
        apart: standard deviation of single neighbours around their mean, outside the span of B [D_t].
    """

    mean: Float[Tensor, " D"]
    rows: Float[Tensor, "b D"]
    outside: Float[Tensor, " D"]
    differ: Float[Tensor, "b b"]
    apart: Float[Tensor, " D"]

    def __repr__(self) -> str:
        """Sizes in place of arrays."""
        return f"FeatureBasis({self.rows.size(0)} of {self.rows.size(1)} dimensions)"


@dataclass(frozen=True, repr=False)
class Spread:
    """See the description of this file. P places, b coordinates each, R numbers a code, q factors.

    Attributes:
        places: the meta-paths, those of one relation first.
        bases: of the types at which places end.
        basis_of: node type -> its number in `bases`.
        code: of each target node [n, R].
        decoder: U [R, P b].
        centre: C [P b].
        factor: F [q, D + P b]; own features first.
        rest: standard deviation beside the factors [D + P b].
        present: share of a node's members that have neighbours at a place [n, P]; for a place of two
            relations, of those that have some at its first.
        degree: how many they have there, by multiplicity [n, P].
        has: share of members that have each of the target's modalities [n, M].
    """

    places: tuple[Place, ...]
    bases: tuple[FeatureBasis, ...]
    basis_of: Mapping[str, int]
    code: Float[Tensor, "n R"]
    decoder: Float[Tensor, "R Pb"]
    centre: Float[Tensor, " Pb"]
    factor: Float[Tensor, "q DPb"]
    rest: Float[Tensor, " DPb"]
    present: Float[Tensor, "n P"]
    degree: Float[Tensor, "n P"]
    has: Float[Tensor, "n M"]

    def __repr__(self) -> str:
        """Sizes in place of arrays, for those who print a condensed graph."""
        sizes = {"places": len(self.places), "factors": len(self.factor), "bases": len(self.bases)}
        return f"Spread({', '.join(f'{name}={size}' for name, size in sizes.items())})"

    @property
    def coordinates(self) -> int:
        """b, the coordinates at each place."""
        return self.bases[0].rows.size(0) if self.bases else 0

    def arrays(self) -> Iterator[tuple[str, Tensor]]:
        """All tensors with their names, in a fixed order."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                yield field.name, value
        for number, basis in enumerate(self.bases):
            for field in dataclasses.fields(basis):
                yield f"basis_{number}_{field.name}", getattr(basis, field.name)

    def with_arrays(self, arrays: Mapping[str, Tensor]) -> Spread:
        """A copy with other tensors of the same names."""
        bases = tuple(
            FeatureBasis(
                **{
                    field.name: arrays[f"basis_{number}_{field.name}"]
                    for field in dataclasses.fields(FeatureBasis)
                }
            )
            for number in range(len(self.bases))
        )
        own = {name: arrays[name] for name, _ in self.arrays() if not name.startswith("basis_")}
        return dataclasses.replace(self, bases=bases, **own)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Spread:
        """A copy on another device."""
        moved = {name: x.to(device, non_blocking=non_blocking) for name, x in self.arrays()}
        return self.with_arrays(moved)

    def num_bytes(self, eight_bits: bool = False) -> int:
        """Bytes of all arrays, float64 counted as float32.

        Args:
            eight_bits: count one byte for numbers on levels, see `condense.data.levels`.
        """
        total = 0
        for _, x in self.arrays():
            levels = Levels.exactly(x) if eight_bits else None
            total += levels.num_bytes() if levels else x.numel() * min(4, x.element_size())
        return total

    def halved(self) -> Spread:
        """A copy in float16, but for arrays that would change by more than TOLERANCE."""
        return self.with_arrays({name: _half(x) for name, x in self.arrays()})

    def in_eight_bits(self) -> Spread:
        """A copy whose matrices lie on levels, where that saves bytes and changes little; otherwise `halved`.

        Degrees are halved in any case: a hub's would leave few levels for all others'.
        """
        arrays = dict(self.halved().arrays())
        for name, x in self.arrays():
            if x.dim() == 2 and name != "degree":
                levels = Levels.nearest(x)
                near = levels.values()
                fewer = levels.num_bytes() < 2 * x.numel()
                if fewer and error_by_column(x, near) <= ROUGHEST:
                    arrays[name] = near
        return self.with_arrays(arrays)

    def scaled(
        self,
        target: str,
        mean: Mapping[str, Tensor],
        scale: Mapping[str, Tensor],
    ) -> Spread:
        """The spread of features (x − μ) / σ; types share a basis as before where they share μ and σ.

        Args:
            target: the target type.
            mean: node type -> μ [D_t].
            scale: node type -> σ [D_t], one number a column.
        """
        numbers: dict[str, int] = {}
        bases: list[FeatureBasis] = []
        for node_type, number in self.basis_of.items():
            basis, mu, sigma = self.bases[number], mean[node_type], scale[node_type]
            alike = [
                t
                for t in numbers
                if self.basis_of[t] == number
                and torch.equal(mean[t], mu)
                and torch.equal(scale[t], sigma)
            ]
            numbers[node_type] = numbers[alike[0]] if alike else len(bases)
            if alike:
                continue
            bases.append(
                FeatureBasis(
                    mean=(basis.mean.to(mu.dtype) - mu) / sigma,
                    rows=basis.rows.to(mu.dtype) / sigma,
                    outside=basis.outside.to(mu.dtype) / sigma,
                    differ=basis.differ,
                    apart=basis.apart.to(mu.dtype) / sigma,
                )
            )
        sigma = scale[target]
        coordinates = self.factor.size(1) - len(sigma)
        columns = torch.cat([sigma, sigma.new_ones(coordinates)])
        return dataclasses.replace(
            self,
            bases=tuple(bases),
            basis_of=numbers,
            factor=self.factor.to(sigma.dtype) / columns,
            rest=self.rest.to(sigma.dtype) / columns,
        )


def _half(x: Tensor) -> Tensor:
    """In float16, or as it is."""
    half, exact = x.to(torch.float16), x.double()
    change = float((half.double() - exact).norm())
    return half if change <= TOLERANCE * float(exact.norm()) else x
