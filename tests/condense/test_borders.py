"""Every condenser on graphs at the borders of the mathematics: a finite graph, or a sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from condense.budget import plan
from condense.clustering.teachers.ridge import ridge
from condense.clustering.teachers.training_data import TrainingData
from condense.data.graph import SPLITS, MultimodalGraph
from condense.data.rules.check import check
from condense.data.rules.limits import MOST_CLASSES, MOST_NODES
from condense.errors import GraphError, UserError
from condense.methods.registry import METHODS
from condense.run import condense
from evaluate.training.metrics import measure
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, predict
from evaluate.training.tune import candidates, fit
from models.registry import MODELS
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names
from tests.condense.methods.test_methods import ONE_RELATION, graph_for
from tests.support.graphs import small_graph

BRIEF = {
    "srgm": {"epochs": 1, "outer": 2, "inner": 1},
    "gcond": {"epochs": 2, "outer": 2, "inner": 1, "period": 2, "edge_epochs": 1},
    "gcondx": {"epochs": 1, "outer": 2, "inner": 1},
    "doscond": {"epochs": 2, "period": 2, "edge_epochs": 1},
}
SPECS = {name: (name, BRIEF.get(name, {})) for name in METHODS}
SPECS["kmeans, pseudo"] = ("kmeans", {"labels": "pseudo", "teacher": "ridge"})


def _fill(value: float) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        for node_type in graph.node_types:
            for modality in modality_names(graph[node_type]):
                graph[node_type][FEATURE_PREFIX + modality].fill_(value)

    return change


def _scale(factor: float) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        for node_type in graph.node_types:
            for modality in modality_names(graph[node_type]):
                graph[node_type][FEATURE_PREFIX + modality].mul_(factor)

    return change


def _missing(split: str | None) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        store = graph[graph.target]
        modality = modality_names(store)[0]
        has = store.get(MASK_PREFIX + modality)
        has = torch.ones(store.num_nodes, dtype=torch.bool) if has is None else has.clone()
        has[store[split] if split else slice(None)] = False
        store[MASK_PREFIX + modality] = has
        store[FEATURE_PREFIX + modality][~has] = 0

    return change


def _one_class_validation(graph: MultimodalGraph) -> None:
    store = graph[graph.target]
    first = int(store.y[store.val_mask][0])
    store.val_mask &= store.y == first


def _class_absent_from_validation(graph: MultimodalGraph) -> None:
    store = graph[graph.target]
    first = int(store.y[store.val_mask][0])
    absent = store.val_mask & (store.y != first)
    store.val_mask = absent if bool(absent.any()) else store.val_mask


def _one_training_node(graph: MultimodalGraph) -> None:
    store = graph[graph.target]
    store.train_mask[(store.train_mask & (store.y == 0)).nonzero().flatten()[1:]] = False


def _empty(*which: int) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        for i, relation in enumerate(graph.edge_types):
            if not which or i in which:
                for key, value in list(graph[relation].items()):
                    cut = value[:, :0] if key == "edge_index" else value[:0]
                    graph[relation][key] = cut

    return change


def _isolated(graph: MultimodalGraph) -> None:
    """Half of the target nodes have no edge in any direction."""
    half = graph[graph.target].num_nodes // 2
    for relation in graph.edge_types:
        index = graph[relation].edge_index
        ends = [row for row, end in enumerate((relation[0], relation[2])) if end == graph.target]
        keep = (index[ends] >= half).all(dim=0)
        graph[relation].edge_index = index[:, keep]


def _type_without_nodes(graph: MultimodalGraph) -> None:
    graph["void"].num_nodes = 0
    graph["void", "to", graph.target].edge_index = torch.zeros(2, 0, dtype=torch.long)


def _one_type(graph: MultimodalGraph) -> None:
    for relation in list(graph.edge_types):
        del graph[relation]
    for node_type in list(graph.node_types):
        if node_type != graph.target:
            del graph[node_type]


CASES: dict[str, Callable[[MultimodalGraph], None]] = {
    "validation of one class": _one_class_validation,
    "a class absent from validation": _class_absent_from_validation,
    **{f"a modality missing in {split}": _missing(split) for split in SPLITS},
    "a modality missing everywhere": _missing(None),
    "constant features": _fill(3.0),
    "zero features": _fill(0.0),
    "features of 1e15": _scale(1e15),
    "features of 1e18": _scale(1e18),
    "features of 1e29": _scale(1e29),
    "features of 1e35": _scale(1e35),
    "features of 1e-30": _scale(1e-30),
    "an empty relation": _empty(0),
    "isolated target nodes": _isolated,
    "no edge": _empty(),
    "one training node": _one_training_node,
    "a type without nodes": _type_without_nodes,
    "one type": _one_type,
}


QUICK = ("zero features", "features of 1e18")
SENTENCES = {
    "features of 1e35": "must not exceed .* in size",
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize(
    "case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in CASES]
)
def test_a_finite_graph_or_a_sentence(case: str, spec: str) -> None:
    method, settings = SPECS[spec]
    graph = graph_for(method)
    CASES[case](graph)
    if method in ONE_RELATION and case in ("a type without nodes", "one type"):
        with pytest.raises(UserError, match="makes edges of one relation"):
            condense(graph, plan(graph, 0.1), method, settings, device="cpu")
        return
    if case in SENTENCES:
        with pytest.raises(GraphError, match=SENTENCES[case]):
            condense(graph, plan(graph, 0.1), method, settings, device="cpu")
        return
    small = condense(graph, plan(graph, 0.1), method, settings, device="cpu").graph
    check(small, "condensed")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_models_on_such_graphs_have_finite_scores_or_a_sentence(case: str) -> None:
    """MLP, GCN and HGT, trained on the whole graph and on clusters of it, tested on the whole graph."""
    graph = small_graph()
    CASES[case](graph)
    task = EvaluationTask.of(graph)
    training_graphs = [task.training]
    if case not in SENTENCES:
        condensed = condense(graph, plan(graph, 0.1), "kmeans", device="cpu")
        training_graphs.append(task.admit(condensed.graph))
    for training_graph in training_graphs:
        for name in ("mlp", "gcn", "hgt"):
            entry = MODELS[name]
            choice = candidates(entry, TrainSettings(epochs=3, check_every=1), 1, 0)[0]
            trained = fit(entry, choice, task, training_graph, 0)
            logits = predict(trained.model, task.whole, task.test_rows())
            scores = measure(logits.double(), task.test_labels())
            assert 0 <= trained.val_micro_f1 <= 1
            assert 0 <= scores["micro_f1"] <= 1


def test_constant_features_leave_the_shares_of_the_classes() -> None:
    y = torch.tensor([0, 0, 1])
    taught = ridge(
        TrainingData(torch.full((3, 4), 0.1), y, torch.ones(2, 4), torch.tensor([0, 1]), 2)
    )
    assert torch.equal(taught.weight, torch.zeros(4, 2))
    torch.testing.assert_close(taught.bias, torch.tensor([2 / 3, 1 / 3]))


def test_counts_beyond_the_limits_are_refused() -> None:
    graph = small_graph()
    graph.num_classes = MOST_CLASSES + 1
    with pytest.raises(GraphError, match=r"num_classes .* must be at most"):
        check(graph)
    graph = small_graph()
    graph["void"].num_nodes = MOST_NODES + 1
    with pytest.raises(GraphError, match=r"num_nodes .* must be at most"):
        check(graph)
