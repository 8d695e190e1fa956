"""FreeHGC as a whole: authors chosen, their papers by influence, and the papers' terms merged."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.run import condense
from tests.support.graphs import small_graph

WRITES, WRITTEN = ("author", "writes", "paper"), ("paper", "written_by", "author")
HAS, OF = ("paper", "has", "term"), ("term", "of", "paper")


def chain() -> MultimodalGraph:
    """Forty authors of two classes, 60 papers by one to three of them, 30 terms: as DBLP."""
    rng = torch.Generator().manual_seed(0)
    graph, counts = MultimodalGraph(), {"author": 40, "paper": 60, "term": 30}
    for node_type, count in counts.items():
        graph[node_type].num_nodes = count
        graph[node_type].x_text = torch.randn(count, 3, generator=rng)
    author = graph["author"]
    author.y = torch.arange(40) % 2
    part = torch.arange(40) // 2 % 4
    author.train_mask, author.val_mask, author.test_mask = part < 2, part == 2, part == 3
    written = (torch.rand(40, 60, generator=rng) < 0.05).nonzero().T.contiguous()
    terms = (torch.rand(60, 30, generator=rng) < 0.15).nonzero().T.contiguous()
    graph[WRITES].edge_index, graph[WRITTEN].edge_index = written, written.flip(0).contiguous()
    graph[HAS].edge_index, graph[OF].edge_index = terms, terms.flip(0).contiguous()
    graph.target, graph.num_classes, graph.name, graph.source = "author", 2, "chain", "simulated"
    return graph


def run(graph: MultimodalGraph, seed: int = 0, **settings) -> MultimodalGraph:
    return condense(
        graph, plan(graph, 0.2, edge_ratio=1.0), "freehgc", settings, seed=seed, device="cpu"
    ).graph


def test_papers_are_the_most_influential_ones_and_keep_their_authors():
    graph = chain()
    small = run(graph)
    authors, papers = small["author"].origin, small["paper"].origin
    assert bool(graph["author"].train_mask[authors].all())
    near = torch.isin(graph[WRITES].edge_index[0], authors)
    assert bool(torch.isin(papers, graph[WRITES].edge_index[1][near]).all())
    adjacency = torch.zeros(100, 100)
    adjacency[tuple(graph[WRITES].edge_index + torch.tensor([[0], [40]]))] = 1
    looped = adjacency + adjacency.T + torch.eye(100)
    scale = looped.sum(1).rsqrt()
    operator = scale[:, None] * looped * scale
    rank = torch.linalg.inv(torch.eye(100) - 0.95 * operator)[authors, 40:].sum(0)
    assert set(papers.tolist()) == set(rank.topk(len(papers)).indices.tolist())
    original = set(map(tuple, graph[WRITES].edge_index.T.tolist()))
    kept = {(int(authors[a]), int(papers[p])) for a, p in small[WRITES].edge_index.T}
    assert kept == {(a, p) for a, p in original if a in authors and p in papers}


def test_terms_are_means_of_the_papers_terms():
    graph = chain()
    small = run(graph)
    papers = small["paper"].origin
    assert "origin" not in small["term"]
    assert small["term"].x_text.shape == (6, 3)
    # Every paper keeps the number of its terms, and every term's paper its weight.
    degree = torch.zeros(len(papers)).index_add_(
        0, small[HAS].edge_index[0], small[HAS].edge_weight
    )
    assert degree.tolist() == torch.bincount(graph[HAS].edge_index[0])[papers].tolist()
    terms = graph[HAS].edge_index[1][torch.isin(graph[HAS].edge_index[0], papers)].unique()
    assert int(small["term"].node_weight.sum()) >= len(terms)
    assert torch.equal(small[OF].edge_index.flip(0), small[HAS].edge_index)


def test_chosen_terms_are_original_ones():
    graph = chain()
    small = run(graph, leaves="chosen")
    terms = small["term"].origin
    assert torch.equal(small["term"].x_text, graph["term"].x_text[terms])
    assert "node_weight" not in small["term"]
    assert torch.equal(run(graph)["author"].origin, small["author"].origin)


def test_the_first_author_of_each_class_has_the_most_papers():
    """Along one relation the first pick is the node of greatest degree, worth more than all that follow."""
    graph = chain()
    small = run(graph, hops=1)
    degree = torch.bincount(graph[WRITES].edge_index[0], minlength=40)
    for c in range(2):
        of_class = (graph["author"].train_mask & (graph["author"].y == c)).nonzero().flatten()
        chosen = small["author"].origin[small["author"].y == c]
        assert int(degree[chosen].max()) == int(degree[of_class].max())


def test_diversity_prefers_nodes_that_reach_others_along_other_paths():
    """Author 1 has one acquaintance by each of two relations, not the same; others have the same two by both.

    It has no papers either, so that there is no other reason to choose it.
    """
    graph = chain()
    written = graph[WRITES].edge_index
    without = written[:, written[0] != 1]
    graph[WRITES].edge_index, graph[WRITTEN].edge_index = without, without.flip(0)
    like = (graph["author"].train_mask & (graph["author"].y == 1)).nonzero().flatten()[1:]
    both = torch.stack([torch.arange(2 * len(like)), like.repeat_interleave(2)])
    for name, acquaintance in (("knows", 38), ("asks", 39)):
        one = torch.tensor([[acquaintance], [1]])
        graph["author", name, "author"].edge_index = torch.cat([one, both], dim=1)

    def chosen(diversity: float) -> list[bool]:
        every = [run(graph, seed, hops=1, diversity=diversity)["author"] for seed in range(4)]
        return [1 in store.origin.tolist() for store in every]

    assert all(chosen(1e3))
    assert not any(chosen(0.0))


def test_far_types_and_graphs_of_one_type_are_no_trouble():
    graph = chain()
    assert run(graph, hops=1, leaves="chosen")["term"].num_nodes == 6
    alone = small_graph()
    for relation in list(alone.edge_types):
        del alone[relation]
    del alone["director"], alone["actor"]
    alone["movie", "like", "movie"].edge_index = torch.randint(40, (2, 120))
    small = run(alone)
    assert small.node_types == ["movie"]
    assert len(small["movie"].origin.unique()) == 8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hops": 0}, "hops (got 0)"),
        ({"restart": 0.0}, "restart (got 0.0)"),
        ({"diversity": -1.0}, "diversity (got -1.0)"),
        ({"leaves": "merged"}, "leaves (got 'merged')"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(UserError) as caught:
        run(chain(), **settings)
    assert message in str(caught.value)
