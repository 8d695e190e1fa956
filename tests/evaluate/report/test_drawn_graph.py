"""The drawing holds the nodes and edges of the condensed graph."""

from __future__ import annotations

import numpy as np
import pytest

from evaluate.report import drawn_graph
from evaluate.report.drawn_graph import DrawnGraph
from tests.support.graphs import small_condensed


def test_nodes_and_mirrored_relations_once() -> None:
    graph = small_condensed().graph
    part = DrawnGraph.of(graph)
    counts = [int(graph[t].num_nodes) for t in graph.node_types]
    assert np.bincount(part.type_of).tolist() == counts
    assert part.types == tuple(graph.node_types)
    own = part.classes[part.type_of == list(part.types).index("movie")]
    assert own.tolist() == graph["movie"].y.tolist()
    assert (part.classes[part.type_of != list(part.types).index("movie")] == -1).all()
    assert part.relations == ("movie – director (directed_by)", "movie – actor (features)")
    assert part.left_out == (0, 0)
    features = graph["movie", "features", "actor"]
    first = {t: sum(counts[:i]) for i, t in enumerate(graph.node_types)}
    expected = {
        (first["movie"] + i, first["actor"] + j): w
        for (i, j), w in zip(features.edge_index.T.tolist(), features.edge_weight.tolist(), strict=True)
    }  # fmt: skip
    features_drawn = part.relation_of == 1
    got = dict(
        zip(
            map(tuple, part.edges[:, features_drawn].T.tolist()),
            part.weights[features_drawn],
            strict=True,
        )
    )
    assert got == expected


def test_too_many_are_thinned_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = small_condensed().graph
    whole = DrawnGraph.of(graph)
    monkeypatch.setattr(drawn_graph, "MOST_EDGES", 5)
    part = DrawnGraph.of(graph)
    assert part.left_out == (0, len(whole.weights) - 5)
    assert sorted(part.weights) == sorted(whole.weights)[-5:]
    monkeypatch.setattr(drawn_graph, "MOST_NODES", 10)
    fewer = DrawnGraph.of(graph)
    assert fewer.left_out[0] == len(whole.type_of) - len(fewer.type_of) > 0
    assert set(fewer.type_of) == {0, 1, 2}
    assert fewer.edges.max(initial=0) < len(fewer.type_of)
