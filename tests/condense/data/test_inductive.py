"""The training and validation parts of a graph, compared with nodes and edges listed by hand."""

from __future__ import annotations

import pytest
import torch

from condense.data.graph import MultimodalGraph
from condense.data.inductive import SubGraph, training_part, validation_part
from condense.errors import UserError
from tests.support.graphs import small_graph


def papers() -> MultimodalGraph:
    """Authors 0 … 3 (train, val, test, no split), papers, terms, a conference and editors.

    Author i wrote paper i, and authors 0 and 2 paper 4. Term t occurs in paper t (so term 4 in paper 4),
    all papers are in one conference. Editors have no relation.
    """
    graph = MultimodalGraph()
    for node_type, count in {"author": 4, "paper": 5, "term": 5, "venue": 1, "editor": 2}.items():
        graph[node_type].num_nodes = count
    graph["author"].x_text = torch.arange(8.0).view(4, 2)
    graph["author"].y = torch.tensor([0, 1, 0, -1])
    for i, split in enumerate(("train_mask", "val_mask", "test_mask")):
        graph["author"][split] = torch.arange(4) == i
    graph["author", "wrote", "paper"].edge_index = torch.tensor(
        [[0, 1, 2, 3, 0, 2], [0, 1, 2, 3, 4, 4]]
    )
    graph["author", "wrote", "paper"].edge_weight = torch.arange(1.0, 7.0)
    graph["term", "in", "paper"].edge_index = torch.arange(5).expand(2, 5).clone()
    graph["paper", "at", "venue"].edge_index = torch.stack([torch.arange(5), torch.zeros(5).long()])
    graph.target, graph.num_classes = "author", 2
    graph.name, graph.source = "papers", "simulated"
    return graph  # fmt: skip


def numbers(part: SubGraph) -> dict[str, list[int]]:
    assert part.nodes is not None
    return {t: nodes.tolist() for t, nodes in part.nodes.items()}


def test_nodes_reached_only_through_removed_nodes_are_removed():
    part = training_part(papers(), "inductive")
    assert numbers(part) == {
        "author": [0], "paper": [0, 4], "term": [0, 4], "venue": [0], "editor": [0, 1],
    }  # fmt: skip
    wrote = part.graph["author", "wrote", "paper"]
    # Paper 4 was written by the test author, too: that edge is gone.
    assert wrote.edge_index.tolist() == [[0, 0], [0, 1]]
    assert wrote.edge_weight.tolist() == [1.0, 5.0]
    assert part.graph["author"].x_text.tolist() == [[0.0, 1.0]]
    assert {t: part.graph[t].num_nodes for t in part.graph.node_types} == {
        "author": 1, "paper": 2, "term": 2, "venue": 1, "editor": 2,
    }  # fmt: skip


def test_validation_nodes_are_scored_beside_the_training_nodes():
    part = validation_part(papers(), "inductive")
    assert numbers(part)["author"] == [0, 1]
    assert numbers(part)["paper"] == [0, 1, 4]
    assert part.graph["author"].val_mask.tolist() == [False, True]


def test_the_part_does_not_depend_on_edges_of_removed_nodes():
    graph, other = papers(), papers()
    other["author", "wrote", "paper"].edge_index[1, 1:4] = torch.tensor([2, 3, 1])
    before, after = training_part(graph, "inductive"), training_part(other, "inductive")
    assert numbers(before) == numbers(after)


@pytest.mark.parametrize("part", [training_part, validation_part])
def test_in_the_transductive_setting_the_whole_graph_is_visible(part):
    graph = small_graph()
    assert part(graph, "transductive").graph is graph
    assert part(graph, "transductive").nodes is None
    with pytest.raises(UserError, match=r"setting .got 'inductiv'.* did you mean 'inductive'"):
        part(graph, "inductiv")


def test_the_graph_is_not_changed():
    graph, untouched = small_graph(), small_graph()
    training_part(graph, "inductive")
    assert graph["movie"].num_nodes == untouched["movie"].num_nodes
    assert torch.equal(graph["movie"].x_text, untouched["movie"].x_text)
    for relation in graph.edge_types:
        assert torch.equal(graph[relation].edge_index, untouched[relation].edge_index)


def test_origins_are_counted_in_the_whole_graph():
    part = SubGraph(small_graph(), {"movie": torch.tensor([3, 5, 9]), "actor": torch.tensor([2])})
    condensed = small_graph(num_target=12)
    condensed["movie"].origin = torch.tensor([2, 0, -1])
    renumbered = part.in_whole_numbers(condensed)
    assert renumbered["movie"].origin.tolist() == [9, 3, -1]
    assert "origin" not in renumbered["actor"]
    assert condensed["movie"].origin.tolist() == [2, 0, -1]
    assert SubGraph(condensed).in_whole_numbers(condensed) is condensed
