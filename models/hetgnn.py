"""HetGNN: Heterogeneous Graph Neural Network (Zhang et al., KDD 2019), trained end to end.

The paper's text was not open to us, so no equation is numbered; what follows is from public summaries of it
and from the authors' code (github.com/chuxuzhang/KDD2019_HetGNN). For a node v with modalities C_v and most
visited neighbours N_t(v) of type t, with a Bi-LSTM a type for contents and another for neighbours:

    content      f₁(v) = Σ_{m ∈ C_v} BiLSTM({W_m x_vᵐ + b_m})_m / |C_v|
    same type    f₂ᵗ(v) = Σ_{u ∈ N_t(v)} BiLSTM({f₁(u)})_u / |N_t(v)|
    across types E_v = Σ_i α_i f_i over {f₁(v)} ∪ {f₂ᵗ(v)}_t,  α = softmax_i LeakyReLU(uᵀ [f_i ‖ f₁(v)])

Where ours differs from the authors' code, or has to choose:

- Neighbours: theirs are those met most often on a hundred steps of random walks with restart; ours those with
  the greatest expected number of visits, see `restart_walks`, so that they are the same in every run.
- Theirs are fixed in number (10 authors, 10 papers, 3 venues), lists too short filled up by drawing from them
  again. Ours are as many as there are, at most 10 a type: the sums above divide by their number.
- The Bi-LSTM meets them in order of visits, as in the code. Ties are broken by what the nodes contain, so no
  result depends on how nodes are numbered.
- Weights act in the walks alone, as multiplicities; only the order of visits matters after.
- Only raw modalities are contents. The code adds embeddings of each node learnt beforehand, which whole and
  condensed graphs could not share.
- Cross-entropy through a linear head, as a classifier is trained; the paper has a loss on co-visited nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.dropout import Dropout
from models.layers.fusion import ModalityEncoders, TypeInputs, type_inputs
from models.layers.keys import key_of
from models.propagation.restart_walks import Visited, most_visited
from models.schema import GraphSchema


@dataclass(frozen=True)
class HetGNNSettings:
    """Settings of `HetGNN`; `neighbours` and `restart` are those of the authors' code.

    Attributes:
        hidden: d, even; 64 is that of all embeddings in HGNN-IMA's paper; the authors have 128.
        neighbours: k, the most of one type.
        restart: chance to return after a step of the walk.
        steps: the longest walk between two restarts; ours. At a restart of 0.5, two hold 3/4 of all visits;
            a third did no better on IMDB's validation nodes and makes the search on amazon1 some ten
            times slower.
        dropout: on the embeddings before the head; ours.
        input_dropout: share of feature columns dropped in each training step; ours.
    """

    hidden: int = 64
    neighbours: int = 10
    restart: float = 0.5
    steps: int = 2
    dropout: float = 0.5
    input_dropout: float = 0.8


SPACE = {
    "neighbours": (5, 10, 20),
    "steps": (2, 3),
    "dropout": (0.3, 0.5, 0.7),
    "input_dropout": (0.5, 0.8, 0.9),
}

Known = dict[str, list[tuple[tuple[str, ...], Tensor]]]
Inputs = tuple[TypeInputs, Known, dict[str, int], dict[str, list[Visited]], Tensor]


class SequenceMean(nn.Module):
    """The mean over a Bi-LSTM's states, [n, l, d] -> [n, d]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Float[Tensor, "n l d"]) -> Float[Tensor, "n d"]:
        """The embedding of each of n sequences."""
        return self.lstm(x)[0].mean(dim=1)


class ContentEncoder(nn.Module):
    """f₁ of all nodes: of the modalities that a node has, in the graph's order.

    A node that has none has a learnt vector, one a type, which starts at zero.
    """

    def __init__(self, schema: GraphSchema, settings: HetGNNSettings) -> None:
        super().__init__()
        modalities = {t: dict(m) for t, m in schema.modalities.items()}
        self.project = ModalityEncoders(modalities, settings.hidden, settings.input_dropout)
        self.mean = nn.ModuleDict(
            {key_of(t): SequenceMean(settings.hidden) for t, m in modalities.items() if m}
        )
        self.absent = nn.ParameterDict(
            {key_of(t): nn.Parameter(torch.zeros(settings.hidden)) for t in schema.node_types}
        )

    def forward(
        self, features: TypeInputs, known: Known, sizes: dict[str, int]
    ) -> dict[str, Float[Tensor, "n d"]]:
        """[n_t, d] by type; `known` says which nodes have which modalities."""
        projected, embeddings = self.project(features), {}
        for node_type, groups in known.items():
            f = self.absent[key_of(node_type)].expand(sizes[node_type], -1)
            for modalities, nodes in groups:
                parts = [projected[node_type][m].index_select(0, nodes) for m in modalities]
                own = self.mean[key_of(node_type)](torch.stack(parts, dim=1))
                f = f.index_copy(0, nodes, own)
            embeddings[node_type] = f
        return embeddings


class HetGNN(nn.Module):
    """`ContentEncoder`, neighbours of each type, attention over types, and a linear head.

    A missing modality is left out of its node's contents. No normalisation layer, hence no shifting
    statistics. A type of which a node has no neighbour takes no part in its attention; a node without any
    is E_v = f₁(v).
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: HetGNNSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        self.content = ContentEncoder(schema, settings)
        self.neighbours = nn.ModuleDict(
            {key_of(t): SequenceMean(settings.hidden) for t in schema.node_types}
        )
        # u: the half that meets f_i, and the half that meets f₁; it starts as in the authors' code.
        self.other = nn.Parameter(torch.ones(settings.hidden))
        self.own = nn.Parameter(torch.ones(settings.hidden))
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """Features and presence of all nodes, the neighbours of `rows`, and these rows."""
        inputs = type_inputs(graph, self.schema)
        sizes = {t: int(graph[t].num_nodes) for t in self.schema.node_types}
        ties = {t: fingerprints(own, sizes[t], rows.device) for t, own in inputs.items()}
        walk = self.settings
        visited = most_visited(
            graph, self.schema, rows, ties, walk.restart, walk.steps, walk.neighbours
        )
        return inputs, {t: subsets(own) for t, own in inputs.items()}, sizes, visited, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, known, sizes, visited, rows = inputs
        f1 = self.content(features, known, sizes)
        own = f1[self.schema.target][rows]  # [rows, d]
        parts, there = [own], [torch.ones_like(rows, dtype=torch.bool)]
        for node_type, groups in visited.items():
            f2, has = torch.zeros_like(own), torch.zeros_like(there[0])
            for group in groups:
                x = f1[node_type][group.nodes]  # [n, l, d]
                f2 = f2.index_copy(0, group.at, self.neighbours[key_of(node_type)](x))
                has = has.index_fill(0, group.at, True)
            parts.append(f2)
            there.append(has)
        f = torch.stack(parts, dim=1)  # [rows, 1 + T, d]
        score = nn.functional.leaky_relu(f @ self.other + (own @ self.own).unsqueeze(1))
        alpha = score.masked_fill(~torch.stack(there, dim=1), -torch.inf).softmax(dim=1)
        return self.head(self.dropout((alpha.unsqueeze(2) * f).sum(dim=1)))


def subsets(
    modalities: dict[str, tuple[Tensor, Tensor]],
) -> list[tuple[tuple[str, ...], Tensor]]:
    """The nodes of one type that have the same modalities, one at least, for each such set."""
    if not modalities:
        return []
    has = torch.stack([has for _, has in modalities.values()], dim=1)  # [n, M]
    code = (has * 2 ** torch.arange(has.size(1), device=has.device)).sum(dim=1)
    groups = []
    for number in code.unique().tolist():
        names = tuple(m for i, m in enumerate(modalities) if number >> i & 1)
        if names:
            groups.append((names, (code == number).nonzero().flatten()))
    return groups


def fingerprints(
    modalities: dict[str, tuple[Tensor, Tensor]], count: int, device: torch.device
) -> Float[Tensor, " n"]:
    """A number for each node of one type that its features alone decide, hardly ever equal by chance."""
    numbers = torch.zeros(count, device=device)
    for number, (x, _) in enumerate(modalities.values()):
        by = torch.arange(1, x.size(1) + 1, device=device, dtype=x.dtype)
        numbers = numbers + x @ (by + number).sin()
    return numbers
