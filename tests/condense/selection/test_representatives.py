"""What a pick sees: the propagated features of its class, and none of them without cause."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.errors import BudgetError
from condense.running.timing import StageClock
from condense.selection.representatives import representatives, training_nodes
from tests.support.dense import assert_near, averaging, multiplicities, walk, walks
from tests.support.graphs import small_graph


def whole():
    return complete(hide_test_labels(small_graph(weighted=True, dtype=torch.float64)))


def dense_features(graph, hops):
    """Z by the formulas: every walk's mean of scaled features, blocks of one mean square on train rows."""
    adjacency = {r: averaging(multiplicities(graph, r)) for r in graph.edge_types}
    scaled, train = {}, graph["movie"].train_mask
    for node_type in graph.node_types:
        for key in [k for k in graph[node_type] if k.startswith("x_")]:
            x = graph[node_type][key]
            has = graph[node_type].get(f"has_{key[2:]}", torch.ones(len(x), dtype=torch.bool))
            centred = x - x[has].mean(dim=0)
            centred = centred / centred[has].square().mean().sqrt()
            scaled[node_type, key] = torch.where(has.unsqueeze(1), centred, 0.0)
    blocks = []
    for path in walks(graph.edge_types, "movie", hops):
        end = path[-1][0] if path else "movie"
        for (node_type, _), x in scaled.items():
            if node_type == end:
                z = walk(adjacency, path, x)
                blocks.append(z / z[train].square().sum(dim=1).mean().sqrt())
    return torch.cat(blocks, dim=1)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("hops", [0, 1, 2])
def test_classes_are_shown_by_their_propagated_features(hops):
    graph, seen = whole(), []

    def pick(x, count):
        seen.append(x)
        return torch.arange(count).flip(0)

    rng = torch.Generator().manual_seed(0)
    budget = plan(graph, 0.2)
    small = representatives(graph, budget, hops, 256, pick, rng, StageClock())
    z, nodes = dense_features(graph, hops), training_nodes(graph, budget)
    for c, count in enumerate(budget.classes):
        expected = z[graph["movie"].train_mask & (graph["movie"].y == c)]
        # Blocks may be in another order: that changes no distance.
        assert_near(torch.cdist(seen[c], seen[c]), torch.cdist(expected, expected), 1e-6)
        origin = small["movie"].origin[small["movie"].y == c]
        assert origin.tolist() == nodes[c][:count].flip(0).tolist()


def test_a_class_that_is_too_small_is_found_before_anything_is_computed():
    graph, clock = whole(), StageClock()
    budget = plan(graph, 0.9)
    with pytest.raises(BudgetError, match="training nodes of class 0"):
        representatives(graph, budget, 2, 256, lambda x, n: x, torch.Generator(), clock)
    assert clock.stages == []


def test_training_nodes_by_a_loop():
    graph = whole()
    store = graph["movie"]
    for c, nodes in enumerate(training_nodes(graph, plan(graph, 0.2))):
        assert nodes.tolist() == [
            i for i in range(40) if bool(store.train_mask[i]) and int(store.y[i]) == c
        ]
