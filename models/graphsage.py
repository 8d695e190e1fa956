"""GraphSAGE (Hamilton, Ying & Leskovec, NeurIPS 2017), mean aggregator, on the union of meta-paths."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.between_layers import Activation, BetweenLayers, Norm
from models.layers.dropout import Dropout
from models.layers.fusion import Drop, EarlyFusion, TypeInputs, type_inputs
from models.propagation.union import UnionMean
from models.schema import GraphSchema


@dataclass(frozen=True)
class GraphSAGESettings:
    """Settings of `GraphSAGE`; `layers` is the paper's K (section 4), the rest is as in our GCN.

    Attributes:
        hidden: width of the hidden layers.
        layers: rounds of aggregation.
        dropout: share of hidden units dropped while training.
        input_dropout: share of features dropped in each training step.
        dropped: whole feature columns, or single entries.
        normalise: scale each hidden row to length one (line 7 of the paper's Algorithm 1).
        hops: the longest meta-path in the union.
        activation: σ, after each layer but the last.
        norm: before it; see `Norm`.
        residual: whether hidden layers after the first add to their input in place of replacing it.
    """

    hidden: int = 64
    layers: int = 2
    dropout: float = 0.5
    input_dropout: float = 0.8
    dropped: Drop = "columns"
    normalise: bool = False
    hops: int = 4
    activation: Activation = "relu"
    norm: Norm = "none"
    residual: bool = False


TRAINING = {"weight_decay": 0.05}  # As of GCN.
SPACE = {
    "hidden": (64, 256),
    "dropout": (0.3, 0.5, 0.7),
    "input_dropout": (0.5, 0.8, 0.9),
    "normalise": (False, True),
}

Inputs = tuple[TypeInputs, int, UnionMean, Tensor]


class GraphSAGE(nn.Module):
    """h ← σ(h W_own + M h W_near + b) with M from `UnionMean`; target features only.

    Algorithm 1 with CONCAT written as two products; the last layer's output is the logits. All
    neighbours take part, none are sampled: M is exact. PyG's `SAGEConv` is this layer with unit weights;
    it ignores multiplicities. A node's ways back to itself count among its neighbours, no self-loop
    does; a node without neighbours has its own features alone.

    Early fusion, missing modalities as in `EarlyFusion`. No normalisation over nodes, hence no shifting
    statistics. The mean does not see the total weight of a node's edges.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: GraphSAGESettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        modalities = {schema.target: dict(schema.modalities[schema.target])}
        widths = [*[settings.hidden] * (settings.layers - 1), schema.num_classes]
        # W_own and W_near side by side, in every layer; the fusion is the first one's.
        self.fusion = EarlyFusion(
            modalities, 2 * widths[0], settings.input_dropout, settings.dropped
        )
        self.layers = nn.ModuleList(nn.Linear(a, 2 * b) for a, b in pairwise(widths))
        self.between = nn.ModuleList(
            BetweenLayers(width, settings.activation, settings.norm) for width in widths[:-1]
        )
        self.dropout = Dropout(settings.dropout)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All target nodes and the operator, since every layer spreads further, and the rows."""
        target = self.schema.target
        operator = UnionMean(graph, self.schema, self.settings.hops, rows.device)
        inputs = type_inputs(graph, self.schema)
        return {target: inputs[target]}, int(graph[target].num_nodes), operator, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, count, operator, rows = inputs
        target = self.schema.target
        h = _aggregated(self.fusion(features, {target: count})[target], operator)
        for between, layer in zip(self.between, self.layers, strict=True):
            h = between(h)
            if self.settings.normalise:
                h = nn.functional.normalize(h, dim=1)
            moved = _aggregated(layer(self.dropout(h)), operator)
            # The last layer's output is the logits.
            adds = self.settings.residual and layer is not self.layers[-1]
            h = h + moved if adds else moved
        return h[rows]


def _aggregated(both: Float[Tensor, "n both"], operator: UnionMean) -> Float[Tensor, "n d"]:
    """The sum h W_own + M h W_near out of both products side by side."""
    own, near = both.chunk(2, dim=1)
    return own + operator @ near
