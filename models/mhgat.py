"""MHGAT: Multimodal Heterogeneous Graph Attention Network (Jia et al., Neural Comput. Appl. 2023).

We could read only the paper's abstract, so no equation is numbered here; the rest is from the authors'
public code (github.com/jiaxiangen/MHGAT), whose two files are the two versions, max and sum, that HGNN-IMA's
paper compares. In each layer, for each modality m, with h_i the node's embedding (m left out):

    inter-node     s_ir = sum or max over the neighbours j of i under relation r of h_j
    edge level     z_ir = LeakyReLU(W s_ir),  z_i = LeakyReLU(W h_i)
                   α_ir = softmax_r LeakyReLU(a · [z_ir ‖ z_i])
                   m_i = Σ_r α_ir z_ir + ρ z_i
    modality level f_i = Σ_m β_im m_i^m,  β = softmax_m tanh(u · tanh(V m_i^m))
    and            h_i ← relu(norm(m_i)),  f_i ← norm(f_i)

and at the end logits = U₂ tanh(U₁ [f_i of all layers]). ρ is the residual connection of the abstract, all
layers side by side its dense connection. W and a are a modality's own and shared by all types and relations;
V, u and the norm by all modalities.

Where ours differs from the public code:

- Features go through one linear function a type and modality first, since widths differ by type.
- A modality that a node or a type lacks is a learnt vector (`EarlyFusion` of that modality); the authors'
  data have copies of the text or zeros there.
- The sum counts an edge of weight w as w edges. The maximum does not change with how many parallel edges
  there are, so it cannot read weights.
- α runs over the relations that end at the node's type; in the code over all, where others are zero vectors.
  A relation under which the node has no neighbour takes part with a zero vector, as in the code. The maximum
  is over the neighbours under r; the code has zeros among them wherever there are neighbours under others.
- Layer norm for batch norm, whose statistics would shift between condensed and whole graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType
from torch_geometric.utils import scatter

from models.choices import choose
from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.layers.keys import key_of
from models.layers.late_fusion import modalities_of, only, with_only
from models.propagation.sparse import SparseMap, adjacency
from models.schema import GraphSchema


@dataclass(frozen=True)
class MHGATSettings:
    """Settings of `MHGAT`; the defaults are those of the authors' `main.py`, `aggregation` included.

    Attributes:
        hidden: width of all embeddings.
        layers: rounds of propagation; the authors count those after the first, 3.
        aggregation: of a node's neighbours under one relation.
        residual: ρ, how much of its own embedding a node keeps.
        dropout: share of units dropped before W, V and U₂ while training.
        attention_dropout: share of α dropped while training.
        input_dropout: share of feature columns dropped in each training step; not in the authors' code.
    """

    hidden: int = 64
    layers: int = 4
    aggregation: Literal["sum", "max"] = "sum"
    residual: float = 0.12
    dropout: float = 0.6
    attention_dropout: float = 0.1
    input_dropout: float = 0.5


TRAINING = {"lr": 0.001, "weight_decay": 0.0}  # The authors' code.
SPACE = {
    "layers": (2, 4),
    "aggregation": ("sum", "max"),
    "residual": (0.12, 0.5),
    "dropout": (0.3, 0.6),
    "input_dropout": (0.5, 0.8, 0.9),
}
SLOPE = 0.2

ByType = dict[str, Tensor]


class Sum:
    """x ↦ Σ_j w_ij x_j under one relation."""

    def __init__(self, graph: HeteroData, relation: EdgeType) -> None:
        self.matrix = SparseMap(adjacency(graph, relation))

    def __call__(self, x: Float[Tensor, "n_src d"]) -> Float[Tensor, "n_dst d"]:
        """The aggregate of every node; zero without neighbours."""
        return self.matrix @ x


class Max:
    """x ↦ max_j x_j under one relation, column by column."""

    def __init__(self, graph: HeteroData, relation: EdgeType) -> None:
        self.src, self.dst = graph[relation].edge_index
        self.count = int(graph[relation[2]].num_nodes)

    def __call__(self, x: Float[Tensor, "n_src d"]) -> Float[Tensor, "n_dst d"]:
        """The aggregate of every node; zero without neighbours."""
        messages = x.index_select(0, self.src)  # [e, d]
        return scatter(messages, self.dst, dim=0, dim_size=self.count, reduce="max")


AGGREGATIONS = {"sum": Sum, "max": Max}
Aggregate = dict[EdgeType, Sum | Max]


class EdgeAttention(nn.Module):
    """The edge level of one modality: attention among a node's relations."""

    def __init__(self, settings: MHGATSettings) -> None:
        super().__init__()
        width = settings.hidden
        self.residual = settings.residual
        self.linear = nn.Linear(width, width, bias=False)
        self.relation = nn.Linear(width, 1, bias=False)
        self.own = nn.Linear(width, 1, bias=False)
        self.dropout = Dropout(settings.dropout)
        self.attention_dropout = Dropout(settings.attention_dropout)

    def forward(
        self, h: Float[Tensor, "n d"], received: list[Float[Tensor, "n d"]]
    ) -> Float[Tensor, "n d"]:
        """m_i out of h_i and s_ir of each relation."""
        z = leaky_relu(self.linear(self.dropout(h)), SLOPE)  # [n, d]
        message = self.residual * z
        if not received:
            return message
        s = torch.stack(received, dim=1)  # [n, R, d]
        z_r = leaky_relu(self.linear(self.dropout(s)), SLOPE)
        logits = leaky_relu(self.relation(z_r) + self.own(z).unsqueeze(1), SLOPE)  # [n, R, 1]
        alpha = self.attention_dropout(logits.softmax(dim=1))
        return (alpha * z_r).sum(dim=1) + message


class MHGATLayer(nn.Module):
    """One round of propagation in every modality, and the modality level on top of it."""

    def __init__(self, schema: GraphSchema, settings: MHGATSettings) -> None:
        super().__init__()
        width = settings.hidden
        self.attention = nn.ModuleDict(
            {key_of(m): EdgeAttention(settings) for m in modalities_of(schema)}
        )
        self.score = nn.Sequential(
            Dropout(settings.dropout),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Linear(width, 1),
            nn.Tanh(),
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, h: dict[str, ByType], aggregate: Aggregate) -> dict[str, ByType]:
        """Messages m_i by modality and type."""
        messages: dict[str, ByType] = {}
        for modality, x in h.items():
            received: dict[str, list[Tensor]] = {t: [] for t in x}
            for (source, _, sink), operator in aggregate.items():
                received[sink].append(operator(x[source]))
            attend = self.attention[key_of(modality)]
            messages[modality] = {t: attend(x[t], received[t]) for t in x}
        return messages

    def fuse(self, messages: Float[Tensor, "rows M d"]) -> Float[Tensor, "rows d"]:
        """norm(f_i)."""
        beta = self.score(messages).softmax(dim=1)  # [rows, M, 1]
        return self.norm((beta * messages).sum(dim=1))

    def onwards(self, messages: dict[str, ByType]) -> dict[str, ByType]:
        """relu(norm(m_i)), the next layer's h."""
        return {m: {t: self.norm(x).relu() for t, x in of.items()} for m, of in messages.items()}


Inputs = tuple[TypeInputs, dict[str, int], Aggregate, Tensor]


class MHGAT(nn.Module):
    """Late fusion by nature: modalities propagate apart and meet in each layer's modality level.

    Missing modalities are learnt vectors, see above. Norms are over each node's own units, so no statistics
    shift. With `sum` the total weight of a node's edges matters.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: MHGATSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        self.aggregation = choose(AGGREGATIONS, settings.aggregation, "aggregation")
        self.encode = nn.ModuleDict()
        for modality in modalities_of(schema):
            own = {t: dict(m) for t, m in with_only(schema, modality).modalities.items()}
            self.encode[key_of(modality)] = EarlyFusion(
                own, settings.hidden, settings.input_dropout
            )
        self.layers = nn.ModuleList(MHGATLayer(schema, settings) for _ in range(settings.layers))
        width = settings.hidden
        self.head = nn.Sequential(
            nn.Linear(settings.layers * width, width, bias=False),
            Dropout(settings.dropout),
            nn.Tanh(),
            nn.Linear(width, schema.num_classes),
        )

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All nodes, what aggregates under each relation, and the rows to classify."""
        sizes = {t: int(graph[t].num_nodes) for t in self.schema.node_types}
        aggregate = {r: self.aggregation(graph, r) for r in self.schema.relations}
        return type_inputs(graph, self.schema), sizes, aggregate, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, sizes, aggregate, rows = inputs
        h = {
            m: self.encode[key_of(m)](only(features, m), sizes) for m in modalities_of(self.schema)
        }
        outputs = []
        for layer in self.layers:
            assert isinstance(layer, MHGATLayer)
            messages = layer(h, aggregate)
            own = [x[self.schema.target].index_select(0, rows) for x in messages.values()]
            outputs.append(layer.fuse(torch.stack(own, dim=1)))
            h = layer.onwards(messages)
        return self.head(torch.cat(outputs, dim=1))
