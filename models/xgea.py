"""XGEA: Cross-Modal Graph Attention Network (Xu et al., ACM MM 2023), as a classifier of nodes.

It aligns entities of two knowledge graphs; HGNN-IMA's paper uses it as a baseline without specifying how.
We could not read the paper: the equations are those of the authors' code (github.com/LoveBigAI/XGEA),
whose released state has several variants switched off by comments. We take the mutual encoders, in which one
modality guides the attention among another's neighbours "but the role of the current modality itself is
neglected" (HGNN-IMA, section 2), beside the encoder of relations. For modality m, guided by c, and an edge
from j to i, layer by layer:

    mutual    r_ij = n(|c_i + c_j|),  α_ij = softmax_j(b · r_ij)
              h_i ← tanh Σ_j α_ij (h_j − 2 (h_j · r_ij) r_ij),  then c ← h
    relations t_r = n(e_r),  α_ij = softmax_j(a · t_r)
              s_i ← tanh Σ_j α_ij (s_j − 2 (s_j · t_r) t_r)

n scales to length one. They start from h = tanh(x W), c = x W of the other modality, and s = tanh of the mean
of e_r over the relations that a node has. Logits are linear in all layers of all encoders, side by side.

Where ours differs from the code, or has to choose:

- The structure, there a modality made of an embedding for each entity, is left out: whole and condensed
  graphs could not share it. Text and image take the places of structure and image.
- Of more than two modalities, the mean of the others guides; of one, it guides itself.
- Each edge takes part by itself, w times for a weight of w, in the direction of its relation; the code merges
  the relations of two entities into one edge, and adds the reverse of each.
- Cross-entropy for the alignment's loss; the factors by which the code scales encoders go into the head.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.utils.checkpoint import checkpoint
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.layers.attention import edge_softmax
from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.layers.keys import key_of
from models.layers.late_fusion import modalities_of, only, with_only
from models.propagation.merged import MERGED, merge
from models.propagation.sparse import SparseMap, adjacency, edge_weights
from models.schema import GraphSchema


@dataclass(frozen=True)
class XGEASettings:
    """Settings of `XGEA`; `layers` and `dropout` are those of the authors' code.

    Attributes:
        hidden: d; 64 is that of all embeddings in HGNN-IMA's paper; the authors have 128.
        layers: of each encoder.
        dropout: on the joined embeddings.
        input_dropout: share of feature columns dropped in each training step; ours.
    """

    hidden: int = 64
    layers: int = 2
    dropout: float = 0.3
    input_dropout: float = 0.8


SPACE = {"layers": (1, 2), "dropout": (0.3, 0.5), "input_dropout": (0.5, 0.8, 0.9)}


@dataclass(frozen=True)
class XGEAEdges:
    """The edges of all relations, over the nodes of all types.

    Attributes:
        source: j.
        sink: i.
        weight: w > 0.
        relations: A_r of each relation, and its row sums.
    """

    source: Int[Tensor, " e"]
    sink: Int[Tensor, " e"]
    weight: Float[Tensor, " e"]
    relations: dict[EdgeType, tuple[SparseMap, Tensor]]


Inputs = tuple[TypeInputs, dict[str, int], XGEAEdges, dict[str, int], Tensor]


class MutualEncoder(nn.Module):
    """One modality's propagation under the guidance of another."""

    def __init__(self, settings: XGEASettings) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(settings.layers, settings.hidden))  # b
        nn.init.xavier_uniform_(self.kernel)

    def forward(
        self, x: Float[Tensor, "n d"], guide: Float[Tensor, "n d"], edges: XGEAEdges
    ) -> Float[Tensor, "n D"]:
        """All layers side by side, D = (layers + 1) d; a node without in-edges has zeros but in the first."""
        h = x.tanh()
        layers = [h]
        for kernel in self.kernel:
            # What an edge has is computed again for the gradient: kept, it would be gigabytes on amazon1.
            h = checkpoint(
                guided, h, guide, kernel, edges, use_reentrant=False, preserve_rng_state=False
            )
            assert isinstance(h, Tensor)
            layers.append(h)
            guide = h
        return torch.cat(layers, dim=1)


def guided(
    h: Float[Tensor, "n d"],
    guide: Float[Tensor, "n d"],
    kernel: Float[Tensor, " d"],
    edges: XGEAEdges,
) -> Float[Tensor, "n d"]:
    """The layer's tanh Σ_j α_ij (h_j − 2 (h_j · r_ij) r_ij); where c_i = −c_j, r is zero and h_j as it is."""
    at = guide.index_select(0, edges.sink) + guide.index_select(0, edges.source)
    r = normalize(at.abs(), dim=1)  # [e, d]
    share = edge_softmax(r @ kernel, edges.weight, edges.sink, h.size(0)) * edges.weight
    message = reflected(h.index_select(0, edges.source), r) * share.unsqueeze(1)
    return torch.zeros_like(h).index_add(0, edges.sink, message).tanh()


def reflected(h: Float[Tensor, "n d"], by: Float[Tensor, "*n_d"]) -> Float[Tensor, "n d"]:
    """Each h − 2 (h · by) by, a reflection where `by` has length one."""
    return h - 2 * (h * by).sum(dim=1, keepdim=True) * by


class RelationEncoder(nn.Module):
    """Encodes which relations meet at a node and around it.

    α_ij is the same for all edges of one relation, and a reflection is linear, so each relation is one sparse
    product.
    """

    def __init__(self, schema: GraphSchema, settings: XGEASettings) -> None:
        super().__init__()
        self.types = schema.node_types
        self.embedding = nn.Parameter(torch.empty(len(schema.relations), settings.hidden))  # e
        self.kernel = nn.Parameter(torch.empty(settings.layers, settings.hidden))  # a
        if schema.relations:
            nn.init.xavier_uniform_(self.embedding)
        nn.init.xavier_uniform_(self.kernel)

    def forward(self, sizes: dict[str, int], edges: XGEAEdges) -> dict[str, Float[Tensor, "n D"]]:
        """The embeddings of all layers side by side, D = (layers + 1) d, by type; zero without in-edges."""
        present = {r: (degree > 0).to(degree) for r, (_, degree) in edges.relations.items()}
        alike = {
            r: present[r].unsqueeze(1) * e for r, e in zip(present, self.embedding, strict=True)
        }
        s = self.mean_by_type(alike, present, sizes)
        layers = {t: [x] for t, x in s.items()}
        t_r = normalize(self.embedding, dim=1)
        for kernel in self.kernel:
            logits = t_r @ kernel  # [R]
            strength = (logits - logits.detach().amax()).exp() if len(logits) else logits
            moved, total = {}, {}
            for (r, (a, degree)), by, p in zip(edges.relations.items(), t_r, strength, strict=True):
                moved[r], total[r] = p * reflected(a @ s[r[0]], by), p * degree
            s = self.mean_by_type(moved, total, sizes)
            for t, x in s.items():
                layers[t].append(x)
        return {t: torch.cat(parts, dim=1) for t, parts in layers.items()}

    def mean_by_type(
        self, parts: dict[EdgeType, Tensor], weight: dict[EdgeType, Tensor], sizes: dict[str, int]
    ) -> dict[str, Float[Tensor, "n d"]]:
        """Tanh of Σ_r parts_r / Σ_r weight_r over the relations that end at each type."""
        means = {}
        for t in self.types:
            top = self.kernel.new_zeros(sizes[t], self.kernel.size(1))
            total = self.kernel.new_zeros(sizes[t])
            for r in parts:
                if r[2] == t:
                    top, total = top + parts[r], total + weight[r]
            tiny = torch.finfo(total.dtype).tiny
            means[t] = (top / total.clamp_min(tiny).unsqueeze(1)).tanh()
        return means


class XGEA(nn.Module):
    """A mutual encoder for each modality, one of relations, and a linear head.

    Missing modalities as in `EarlyFusion`, each modality by itself. No normalisation layer, hence no shifting
    statistics.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: XGEASettings) -> None:
        super().__init__()
        self.schema, self.modalities = schema, modalities_of(schema)
        self.encode, self.mutual = nn.ModuleDict(), nn.ModuleDict()
        for m in self.modalities:
            own = {t: dict(of) for t, of in with_only(schema, m).modalities.items()}
            self.encode[key_of(m)] = EarlyFusion(own, settings.hidden, settings.input_dropout)
            self.mutual[key_of(m)] = MutualEncoder(settings)
        self.relations = RelationEncoder(schema, settings)
        self.dropout = Dropout(settings.dropout)
        width = (len(self.modalities) + 1) * (settings.layers + 1) * settings.hidden
        self.head = nn.Linear(width, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All nodes and edges, where each type starts among all nodes, and the rows to classify."""
        sizes = {t: int(graph[t].num_nodes) for t in self.schema.node_types}
        merged, start = merge(graph, self.schema, sizes, rows.device)
        store, relations = merged[MERGED], {}
        for r in self.schema.relations:
            weight = edge_weights(graph, r)
            degree = weight.new_zeros(sizes[r[2]]).index_add(0, graph[r].edge_index[1], weight)
            relations[r] = SparseMap(adjacency(graph, r)), degree
        edges = XGEAEdges(store.edge_index[0], store.edge_index[1], store.edge_weight, relations)
        return type_inputs(graph, self.schema), sizes, edges, start, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, sizes, edges, start, rows = inputs
        x = {
            m: torch.cat(list(self.encode[key_of(m)](only(features, m), sizes).values()))
            for m in self.modalities
        }  # [n, d] over the nodes of all types
        target, parts = self.schema.target, []
        for m in self.modalities:
            others = [x[other] for other in self.modalities if other != m] or [x[m]]
            guided_by_others = self.mutual[key_of(m)](x[m], torch.stack(others).mean(dim=0), edges)
            parts.append(guided_by_others.index_select(0, rows + start[target]))
        parts.append(self.relations(sizes, edges)[target].index_select(0, rows))
        return self.head(self.dropout(torch.cat(parts, dim=1)))
