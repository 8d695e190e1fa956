"""Encoders without meta-paths, in place of HAN, to ask whether the method needs its semantic attention.

Neither has an embedding for each meta-path, or weights among these: the views take z for every z^p, and
β = 1/P.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.hetcrf.structure import Relations
from models.hgt import HGTRounds
from models.layers.dropout import Dropout
from models.schema import GraphSchema


class PatternHGT(nn.Module):
    """`HGTRounds` that read relations as patterns; the arguments are those of `HGTRounds`."""

    def __init__(
        self, schema: GraphSchema, width: int, heads: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.rounds = HGTRounds(schema, width, heads, layers, dropout)

    def forward(self, h: dict[str, Tensor], relations: Relations) -> dict[str, Tensor]:
        """Embeddings [n_t, width] by type."""
        edges = {r: e.pattern.edge_index() for r, e in relations.items()}
        return self.rounds(h, edges, {r: e.weight for r, e in relations.items()})


class RGCNEncoder(nn.Module):
    """h ↦ ELU(h W₀ + b + Σ_r Â_r h W_r), as RGCN has it (Schlichtkrull et al., ESWC 2018).

    PyG's `RGCNConv` takes no edge weights, hence this layer; with unit weights they agree.

    Args:
        schema: schema of the graph.
        width: width of the embeddings.
        layers: rounds.
        dropout: share of units dropped at the input of each round while training.
    """

    def __init__(self, schema: GraphSchema, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.root = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        count = len(schema.relations)
        self.maps = nn.ModuleList(
            nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(count))
            for _ in range(layers)
        )
        self.dropout = Dropout(dropout)

    def forward(self, h: dict[str, Tensor], relations: Relations) -> dict[str, Tensor]:
        """Embeddings [n_t, width] by type."""
        for root, maps in zip(self.root, self.maps, strict=True):
            h = {t: self.dropout(x) for t, x in h.items()}
            total = {t: root(x) for t, x in h.items()}
            assert isinstance(maps, nn.ModuleList)
            for map_of, ((source, _, to), edges) in zip(maps, relations.items(), strict=True):
                total[to] = total[to] + edges.mean(map_of(h[source]))
            h = {t: nn.functional.elu(x) for t, x in total.items()}
        return h
