"""Graphs of which less is read than they hold get a sentence, in Python and in the three commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch

import cli
from condense.data.advice import advice
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.data.sparse import from_scipy
from condense.io import save
from tests.support.graphs import small_graph


def away(graph: MultimodalGraph) -> None:
    """Only the relations that leave the target."""
    for relation in list(graph.edge_types):
        if relation[2] == "movie":
            del graph[relation]


def aside(graph: MultimodalGraph) -> None:
    graph["city"].num_nodes = 2
    graph["director", "lives", "city"].edge_index = torch.tensor([[0, 3], [0, 1]])


def one_way(graph: MultimodalGraph) -> None:
    graph["city"].num_nodes = 2
    graph["city", "home_of", "director"].edge_index = torch.tensor([[0, 1], [0, 3]])


def apart(graph: MultimodalGraph) -> None:
    """Five films that no edge leads to, of which three have edges that lead away."""
    for relation in graph.edge_types:
        index = graph[relation].edge_index
        ends = torch.stack([index[r] for r in (0, 1) if relation[2 * r] == "movie"])
        if relation[2] == "movie":
            graph[relation].edge_index = index[:, (ends != 7).all(0) & (ends < 36).all(0)]
        else:
            graph[relation].edge_index = index[:, (ends < 38).all(0)]


def bare(name: str) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        graph["actor"][name] = torch.ones(20, 3)

    return change


def counts(graph: MultimodalGraph) -> None:
    graph["actor"].words = torch.ones(20, 3, dtype=torch.long)


def edge(name: str, width: int | None = None) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        store = graph["movie", "features", "actor"]
        edges = store.edge_index.size(1)
        store[name] = torch.ones(edges) if width is None else torch.ones(edges, width)

    return change


def edge_everywhere(graph: MultimodalGraph) -> None:
    for relation in graph.edge_types:
        graph[relation].time = torch.ones(graph[relation].edge_index.size(1))


def drowned(graph: MultimodalGraph) -> None:
    graph["movie"].x_text[:, 2] *= 1e19


def constant(graph: MultimodalGraph) -> None:
    graph["director"].x_text = torch.full((10, 3), 0.1)


def some_constant(graph: MultimodalGraph) -> None:
    x = graph["movie"].x_image
    x[:, 1], x[:, 3] = 0, 2
    x[~graph["movie"].has_image] = torch.nan  # Rows of missing modalities are not read.


def zeros(graph: MultimodalGraph) -> None:
    graph["movie"].x_text[:, 3:5] = 0


def alone(graph: MultimodalGraph) -> None:
    """Of two columns one is constant: the other drowns nothing."""
    graph["movie"].x_size = torch.rand(40, 2) * torch.tensor([1e6, 0])


def sparse(graph: MultimodalGraph) -> None:
    entries = scipy.sparse.csr_array(np.eye(10, 3000, 5, dtype=np.float32))
    graph["director"].x_words = from_scipy(entries)


def numbered(graph: MultimodalGraph) -> None:
    """150 tags with random features, and their ids in the columns 1 and 2."""
    tag = graph["tag"]
    tag.num_nodes, generator = 150, torch.Generator().manual_seed(0)
    tag.x_numbers = torch.rand(150, 4, generator=generator)
    tag.x_numbers[:, 1] = torch.randperm(150, generator=generator)
    tag.x_numbers[:, 2] = 10_000_000 + 3 * torch.randperm(150, generator=generator)


def rare(graph: MultimodalGraph) -> None:
    movie = graph["movie"]
    movie.train_mask[(movie.y == 1) & movie.train_mask.cumsum(0).gt(3)] = False


FINDINGS = [
    (alone, "1 of 2 columns of x_size of 'movie' are 0 on all nodes, for example column 1:"),
    (away, "no edge leads to the target type 'movie'"),
    (aside, "no path leads from 1 relation (director / lives / city) to 'movie', so nothing reads"),
    (one_way, "1 relation (city / home_of / director) without a reverse: no edge leads back from"),
    (
        apart,
        "no edge leads to 5 of 40 'movie' nodes, for example node 7: models know them by their",
    ),
    (bare("x"), "x of 'actor' is not read as features, and the type counts as one without"),
    (bare("feat"), "feat of 'actor' is not read as features"),
    (bare("embedding"), "embedding of 'actor' is not read as features"),
    (counts, "words of 'actor' is not read as features"),
    (
        edge("edge_attr"),
        "edge_attr of movie / features / actor is read by nothing; if it is a weight, call",
    ),
    (edge("weight"), "weight of movie / features / actor is read by nothing"),
    (edge("edge_attr", 3), "of its several numbers an edge, a weight must be one"),
    (
        edge_everywhere,
        "time of movie / directed_by / director and 3 more relations is read by nothing",
    ),
    (drowned, "column 2 of x_text of 'movie' has over 99.9% of the variance (its values span "),
    (constant, "x_text of 'director' is the same on all nodes"),
    (
        some_constant,
        "2 of 4 columns of x_image of 'movie' are the same, 1 of them 0, on all nodes, for exa",
    ),
    (zeros, "2 of 6 columns of x_text of 'movie' are 0 on all nodes, for example column 3:"),
    (
        sparse,
        "2990 of 3000 columns of x_words of 'director' are 0 on all nodes, for example column 0:",
    ),
    (
        numbered,
        "2 of 4 columns of x_numbers of 'tag' have a different whole number on each node, as ids ",
    ),
    (rare, "1 of 3 classes have a single training node, for example class 1: nothing"),
]


@pytest.mark.parametrize(("change", "said"), FINDINGS, ids=[said for _, said in FINDINGS])
def test_each_finding(change: Callable[[MultimodalGraph], None], said: str) -> None:
    graph = small_graph()
    change(graph)
    check(graph)
    (message,) = advice(graph)
    assert said in message


def test_the_nodes_that_only_edges_leave_are_counted() -> None:
    graph = small_graph()
    apart(graph)
    assert "; 3 of them have edges that lead away: add reverse edges" in advice(graph)[0]


def test_a_column_that_drowns_few_sampled_nodes_is_found() -> None:
    """One value of many makes a column dominant, wherever it is."""
    graph = small_graph()
    x = torch.rand(9000, 300, generator=torch.Generator().manual_seed(0))
    x[7777, 123] = 1e6
    graph["tag"].num_nodes, graph["tag"].x_numbers = len(x), x
    assert "column 123 of x_numbers of 'tag' has over 99.9%" in advice(graph)[0]


@pytest.mark.parametrize("weighted", [False, True])
def test_no_advice_for_graphs_that_are_read_whole(weighted: bool) -> None:
    graph = small_graph(weighted=weighted)
    graph["movie"].year = torch.arange(40)  # A number that nobody takes for features.
    graph["movie"].has_image[:] = False  # A modality that nobody has is no constant.
    graph["movie", "unused", "city"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph["city"].num_nodes = 1
    graph["movie"].x_text[:, 0] = 1  # One column of six may be so by design.
    graph["movie"].x_year = (torch.arange(40.0) % 7).unsqueeze(1)
    assert advice(graph) == []


def test_inspect_condense_and_evaluate_say_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = small_graph()
    away(graph)
    save("mine.h5", graph)
    said = "no edge leads to the target type 'movie'"
    assert cli.main(["inspect", "mine.h5"]) == 0
    assert f"warning: {said}" in capsys.readouterr().out
    assert cli.main(["inspect", "mine.h5", "--json"]) == 0
    assert said in json.loads(capsys.readouterr().out)["warnings"][0]
    words = ["condense", "--dataset", "mine.h5", "--method", "random", "--ratio", "0.2"]
    assert cli.main([*words, "--out", "small.h5", "--json"]) == 0
    got = capsys.readouterr()
    assert f"warning: {said}" in got.err
    assert said in json.loads(got.out)["warnings"][0]
    words = ["--condensed", "small.h5", "--models", "mlp", "--seeds", "1", "--epochs", "2"]
    assert cli.main(["evaluate", *words]) == 0
    assert f"warning: {said}" in capsys.readouterr().err
