"""Sampled neighbourhoods: real edges, capped, uniform, and everything where the cap is high."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.room import Room
from condense.out_of_core.sampling import distinct, sampled_edges, with_sampled_neighbours
from condense.out_of_core.surroundings import with_neighbours
from tests.support.on_disk import films, opened, products


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "columns", lambda self, nodes: 3)
    monkeypatch.setattr(Room, "edges", property(lambda self: 29))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def as_sets(graph: MultimodalGraph) -> dict[object, Counter[tuple[float, ...]]]:
    """The edges of each relation, each with the features of its ends and its weight."""
    found: dict[object, Counter[tuple[float, ...]]] = {}
    for relation in graph.edge_types:
        store = graph[relation]
        weight = store.get("edge_weight", torch.ones(store.edge_index.size(1)))
        found[relation] = Counter(zip(*store.edge_index.tolist(), weight.tolist(), strict=True))
    return found


def sample(
    graph: GraphOnDisk, rows: Tensor, fan_out: tuple[int, ...], seed: int = 0
) -> tuple[MultimodalGraph, Tensor]:
    found = with_sampled_neighbours(graph, MultimodalGraph(), rows, fan_out, generator(seed))
    assert found is not None
    return found


@pytest.mark.parametrize("make", [films, products])
@pytest.mark.parametrize("hops", [0, 1, 2, 3])
def test_a_fan_out_above_all_degrees_gives_the_whole_surroundings(
    tmp_path: Path, make: object, hops: int
) -> None:
    assert callable(make)
    graph, _ = opened(make(), tmp_path)
    rows = torch.tensor([17, 3, 101])
    one, places = sample(graph, rows, (10_000,) * hops)
    other, expected = with_neighbours(graph, MultimodalGraph(), rows, hops)
    assert torch.equal(places, expected)
    assert as_sets(one) == as_sets(other)
    for node_type in one.node_types:
        for key, value in one[node_type].items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(other[node_type][key]))


def test_neighbourhoods_have_features_of_their_nodes_and_no_test_labels(tmp_path: Path) -> None:
    graph = products()
    on_disk, _ = opened(graph, tmp_path)
    rows = torch.tensor([5, 400, 77])
    part, places = sample(on_disk, rows, (3, 2))
    assert torch.equal(part["item"].x_text[places], graph["item"].x_text[rows])
    assert torch.equal(part["item"].x_image[places], graph["item"].x_image[rows])
    assert (part["item"].y[~(part["item"].train_mask | part["item"].val_mask)] == -1).all()


@pytest.mark.parametrize("most", [1, 3, 8])
def test_edges_exist_and_degrees_are_capped(tmp_path: Path, most: int) -> None:
    whole = products()
    graph, _ = opened(whole, tmp_path)
    nodes = torch.arange(0, 500, 3)
    for relation, edges in graph.relations.items():
        src, dst, _ = sampled_edges(edges, nodes, most, generator())
        pairs = list(zip(src.tolist(), dst.tolist(), strict=True))
        real = set(zip(*whole[relation].edge_index.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        assert set(pairs) <= real
        degree = Counter(d for _, d in real)
        assert Counter(dst.tolist()) == {
            n: min(degree[n], most) for n in nodes.tolist() if degree[n]
        }


def test_weights_stay_with_their_edges(tmp_path: Path) -> None:
    whole = films()
    graph, _ = opened(whole, tmp_path)
    relation = ("actor", "rev_features", "movie")
    store = whole[relation]
    known = dict(
        zip(zip(*store.edge_index.tolist(), strict=True), store.edge_weight.tolist(), strict=True)
    )
    src, dst, weight = sampled_edges(graph.relations[relation], torch.arange(120), 2, generator())
    assert [known[pair] for pair in zip(src.tolist(), dst.tolist(), strict=True)] == weight.tolist()


def test_each_neighbour_is_as_likely_as_any_other() -> None:
    """All 56 sets of 3 out of 8, which is stronger than equal chances for each of the 8."""
    draws = distinct(torch.full((56_000,), 8), 3, generator())
    code = (draws * torch.tensor([64, 8, 1])).sum(dim=1)
    _, counts = code.unique(return_counts=True)
    assert len(counts) == 56
    assert chisquare(counts.numpy()).pvalue > 0.001
    large = distinct(torch.full((20_000,), 50), 5, generator(1))
    assert chisquare(torch.bincount(large.flatten(), minlength=50).numpy()).pvalue > 0.001


def test_the_seed_decides(tmp_path: Path) -> None:
    graph, _ = opened(products(), tmp_path)
    rows = torch.arange(20)
    one, _ = sample(graph, rows, (2, 2), seed=1)
    assert as_sets(one) == as_sets(sample(graph, rows, (2, 2), seed=1)[0])
    assert as_sets(one) != as_sets(sample(graph, rows, (2, 2), seed=2)[0])


def test_what_does_not_fit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, _ = opened(products(), tmp_path)
    monkeypatch.setattr(
        "condense.out_of_core.sampling.assembled", lambda *_: pytest.fail("features were read")
    )
    asked: list[int] = []

    def fits(nodes: object, edges: int) -> bool:
        asked.append(edges)
        return edges < 20

    found = with_sampled_neighbours(
        graph, MultimodalGraph(), torch.arange(40), (3, 3), generator(), fits
    )
    assert found is None
    assert len(asked) == 2
