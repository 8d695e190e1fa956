"""The heterogeneous view of HERO: two rounds of averages over neighbours, and the node itself.

For a type t and the relations r into it, from types s(r), each with its Â_r = D⁻¹A_r by multiplicities:

    e_t = mean_r ReLU(Â_r x_s(r) W_r)          first round
    v_t = mean_r ReLU(Â_r e_s(r) W′_r)         second round
    E   = e_t,  [v_t ‖ x_t] W + b  or  [v_t ‖ e_t] W + b          of the target type t

The authors' code has the first on ACM and the second elsewhere, and they read unlike things: where relations
join the target to other types only, e reads the neighbours' own features and v those at an even distance, as
of targets with the same neighbour. The third is ours and reads both; a node's own features are in the other
view. The source of their layers is not public: our last one is linear, and W_r, W′_r start as He et al. (ICCV
2015) have it before a ReLU.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.typing import EdgeType

from models.choices import choose
from models.propagation.sparse import SparseMap
from models.schema import GraphSchema

Averages = dict[EdgeType, SparseMap]
Reads = Literal["first", "second", "both"]


class Round(nn.Module):
    """x ↦ mean_r ReLU(Â_r x_s(r) W_r) for each of some types, over the relations into it.

    A node without neighbours under r gets 0 from r, and everything 0 where no relation leads to its type.
    """

    def __init__(self, schema: GraphSchema, types: tuple[str, ...], width: int) -> None:
        super().__init__()
        self.width = width
        self.into = {t: schema.relations_into[t] for t in types}
        self.maps = nn.ModuleList(
            nn.ModuleList(nn.Linear(width, width, bias=False) for _ in own)
            for own in self.into.values()
        )
        for weight in self.parameters():
            nn.init.kaiming_uniform_(weight, nonlinearity="relu")

    def forward(self, x: dict[str, Tensor], averages: Averages) -> dict[str, Tensor]:
        """Embeddings [n_t, width] of the requested types, from those of their in-neighbours' types."""
        embeddings = {}
        for (t, own), maps in zip(self.into.items(), self.maps, strict=True):
            assert isinstance(maps, nn.ModuleList)
            messages = [
                torch.relu(by(averages[r] @ x[r[0]])) for r, by in zip(own, maps, strict=True)
            ]
            nothing = x[t].new_zeros(x[t].size(0), self.width)
            embeddings[t] = torch.stack(messages).mean(dim=0) if messages else nothing
        return embeddings


class Heterogeneous(nn.Module):
    """E of the target type; what does not reach it is neither computed nor learnt.

    Args:
        schema: its types and relations.
        width: d, of all embeddings.
        reads: which rounds.
    """

    def __init__(self, schema: GraphSchema, width: int, reads: Reads) -> None:
        super().__init__()
        self.target, self.reads = schema.target, choose(_READS, reads, "reads")
        sources: tuple[str, ...] = ()
        if self.reads.second:
            sources += tuple(r[0] for r in schema.relations_into[schema.target])
        if self.reads.first:
            sources += (schema.target,)
        self.first = Round(schema, tuple(dict.fromkeys(sources)), width)
        if self.reads.second:
            self.second = Round(schema, (schema.target,), width)
            self.join = nn.Linear(2 * width, width)

    def forward(self, x: dict[str, Tensor], averages: Averages) -> Float[Tensor, "n d"]:
        """E from embeddings of all types."""
        own = x[self.target]
        e = self.first(x, averages)
        if not self.reads.second:
            return e[self.target]
        # A graph without relations into the target type asks for no source: v is 0.
        v = self.second({self.target: own, **e}, averages)[self.target]
        return self.join(torch.cat([v, e[self.target] if self.reads.first else own], dim=1))


class _Rounds(NamedTuple):
    first: bool
    second: bool


_READS = {
    "first": _Rounds(first=True, second=False),
    "second": _Rounds(first=False, second=True),
    "both": _Rounds(first=True, second=True),
}
