"""ChebNet (Defferrard, Bresson & Vandergheynst, NeurIPS 2016), on the union of meta-paths.

The two-layer network for citation graphs is Kipf & Welling's (ICLR 2017), their "Chebyshev filter (5)".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.dropout import Dropout
from models.layers.fusion import Drop, EarlyFusion, TypeInputs, type_inputs
from models.propagation.union import UnionOperator
from models.schema import GraphSchema


@dataclass(frozen=True)
class ChebNetSettings:
    """Settings of `ChebNet`; `hidden`, `order` and `dropout` are those of Kipf & Welling.

    Attributes:
        hidden: width of the hidden layers.
        layers: rounds of filtering.
        order: K, the highest Chebyshev polynomial; PyG's `ChebConv` calls this K + 1.
        dropout: share of hidden units dropped while training.
        input_dropout: share of features dropped in each training step.
        dropped: whole feature columns, or single entries.
        hops: the longest meta-path in the union.
    """

    hidden: int = 16
    layers: int = 2
    order: int = 2
    dropout: float = 0.5
    input_dropout: float = 0.8
    dropped: Drop = "columns"
    hops: int = 4


TRAINING = {"weight_decay": 0.05}  # As of GCN.
SPACE = {
    "hidden": (16, 64),
    "order": (1, 2, 3),
    "dropout": (0.3, 0.5, 0.7),
    "input_dropout": (0.5, 0.8, 0.9),
}

Inputs = tuple[TypeInputs, int, UnionOperator, Tensor]


class ChebNet(nn.Module):
    """h ← relu(Σ_{k=0…K} T_k(L̃) h Θ_k + b) with T_k the Chebyshev polynomials; logits without the relu.

    L̃ = 2 L / λ_max − I with L = I − S and S = D^{-1/2} A D^{-1/2} the `UnionOperator` without
    self-loops. λ_max is put at 2, its bound: it would take an eigenvalue problem a graph, and whole and
    condensed graphs would be scaled apart. So L̃ = −S, and zero in the row of a node without neighbours.
    Ways back to the node itself stay in A. PyG's `ChebConv` takes the same λ_max, but needs A formed.

    Target features only. Early fusion, missing modalities as in `EarlyFusion`. No normalisation layer, hence
    no shifting statistics. The total weight of all edges does not matter, only proportions do.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: ChebNetSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        modalities = {schema.target: dict(schema.modalities[schema.target])}
        widths = [*[settings.hidden] * (settings.layers - 1), schema.num_classes]
        terms = settings.order + 1
        # Θ_0, …, Θ_K side by side, in every layer; the fusion is the first one's.
        self.fusion = EarlyFusion(
            modalities, terms * widths[0], settings.input_dropout, settings.dropped
        )
        self.layers = nn.ModuleList(nn.Linear(a, terms * b) for a, b in pairwise(widths))
        self.dropout = Dropout(settings.dropout)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All target nodes and the operator, since every layer spreads further, and the rows."""
        target = self.schema.target
        operator = UnionOperator(graph, self.schema, self.settings.hops, rows.device, loop=0.0)
        inputs = type_inputs(graph, self.schema)
        return {target: inputs[target]}, int(graph[target].num_nodes), operator, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, count, operator, rows = inputs
        target = self.schema.target
        h = self._filtered(self.fusion(features, {target: count})[target], operator)
        for layer in self.layers:
            h = self._filtered(layer(self.dropout(torch.relu(h))), operator)
        return h[rows]

    def _filtered(
        self, terms: Float[Tensor, "n terms_d"], operator: UnionOperator
    ) -> Float[Tensor, "n d"]:
        """Σ_k T_k(L̃) y_k of y_k = h Θ_k side by side, in K products with L̃ (Clenshaw's recurrence).

        b_k = y_k + 2 L̃ b_{k+1} − b_{k+2} from b_{K+1} = b_{K+2} = 0; the sum is y_0 + L̃ b_1 − b_2.
        """
        y = terms.chunk(self.settings.order + 1, dim=1)
        if len(y) == 1:
            return y[0]
        after, b = torch.zeros_like(y[-1]), y[-1]  # b_{k+2} and b_{k+1}
        for term in y[-2:0:-1]:
            after, b = b, term - 2 * (operator @ b) - after
        return y[0] - operator @ b - after
