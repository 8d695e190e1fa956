"""A condensed graph with a spread that is small enough to follow by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from condense.data.graph import MultimodalGraph
from condense.data.spread import FeatureBasis, Spread

CITES, WRITES, BACK = (
    ("paper", "cites", "paper"),
    ("author", "writes", "paper"),
    ("paper", "by", "author"),
)
PLACES = ((CITES,), (WRITES,), (WRITES, BACK))


def graph_with_spread(n: int = 2, **changes: Any) -> MultimodalGraph:
    """`n` papers of two classes (text of width 2, a number) and no authors (text of width 2).

    Each paper is cited by the next one, in a ring. There are two coordinates, the text of papers and of
    authors; a code is one number; nothing is random unless `changes` say so.

    Args:
        n: papers; paper i has the text (i, −i), the number 10 i and the class i mod 2.
        changes: of the spread's fields.
    """
    graph = MultimodalGraph()
    paper, author = graph["paper"], graph["author"]
    number = torch.arange(n).float()
    paper.num_nodes, author.num_nodes = n, 0
    paper.x_text, paper.x_size = torch.stack([number, -number], dim=1), 10 * number.unsqueeze(1)
    author.x_text = torch.zeros(0, 2)
    paper.y = torch.arange(n) % 2
    graph[CITES].edge_index = torch.stack([torch.arange(n).roll(-1), torch.arange(n)])
    graph[CITES].edge_weight = torch.ones(n)
    for relation in (WRITES, BACK):
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
        graph[relation].edge_weight = torch.zeros(0)
    graph.target, graph.num_classes = "paper", 2
    graph.name, graph.source = "papers", "simulated"
    eye, zero = torch.eye(2), torch.zeros(2, 2)
    papers = FeatureBasis(
        mean=torch.tensor([100.0, 100.0, 7.0]),
        rows=torch.cat([eye, torch.zeros(2, 1)], dim=1),
        outside=torch.zeros(3),
        differ=zero,
        apart=torch.zeros(3),
    )
    authors = FeatureBasis(torch.tensor([200.0, 200.0]), eye, torch.zeros(2), zero, torch.zeros(2))
    spread = Spread(
        places=PLACES,
        bases=(papers, authors),
        basis_of={"paper": 0, "author": 1},
        code=number.unsqueeze(1),
        decoder=torch.tensor([[1.0, 0.0, 0.0, 1.0, 2.0, 2.0]]),
        centre=torch.tensor([0.0, 0.5, 0.5, 0.0, 0.0, 0.0]),
        factor=torch.zeros(1, 9),
        rest=torch.zeros(9),
        present=torch.ones(n, 3),
        degree=torch.ones(n, 3),
        has=torch.ones(n, 2),
    )
    graph.spread = dataclasses.replace(spread, **changes)
    return graph
