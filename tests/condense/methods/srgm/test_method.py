"""SR-GM as a whole: it optimises what it says, on any modalities, and stops without loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.errors import UserError
from condense.methods.srgm import loop as srgm_run
from condense.methods.srgm import validation as validator
from condense.run import condense
from condense.running.steps import Step
from models.relays.linear import Relay, train_relay
from models.relays.registry import RELAYS
from tests.support.graphs import small_graph

QUICK = {"epochs": 4, "outer": 5, "check_every": 5}


def history(**settings: object) -> list[dict[str, float]]:
    graph = small_graph(num_target=80)
    made = condense(graph, plan(graph, 0.2), "srgm", {**QUICK, **settings}, device="cpu")
    return made.provenance.history


@pytest.mark.parametrize("relay", RELAYS)
def test_matching_lowers_the_loss(relay: str) -> None:
    # One relay and no inner step: the same point of the loss throughout, so it must fall.
    fixed = {"epochs": 1, "outer": 40, "inner": 0, "lr_features": 0.05}
    if relay != "linear":
        fixed["hidden"] = 5
    steps = history(**fixed, relay=relay, damping=0.0, decouple="off")
    assert steps[-1]["loss"] < 0.8 * steps[0]["loss"]


@pytest.mark.parametrize("relay", RELAYS)
def test_damping_lowers_the_energy(relay: str) -> None:
    fixed = {"epochs": 1, "outer": 60, "inner": 0, "lr_features": 0.02, "decouple": "off"}
    fixed["relay"] = relay
    weak = history(**fixed, damping=1e-9)[-1]["energy"]
    strong = history(**fixed, damping=10.0)[-1]["energy"]
    assert strong < 0.9 * weak


def test_mass_density_and_energy_are_watched_and_kept() -> None:
    graph = small_graph(num_target=80)
    budget = plan(graph, 0.2, edge_ratio=1.0)  # All pairs: none can change at the cut.
    made = condense(graph, budget, "srgm", {**QUICK, "lr_edges": 1e-9}, device="cpu")
    names = ("edge_mass", "density", "effective_edges")
    for step in made.provenance.history:
        assert step["energy"] > 0
        # At so small a step the structure stays what it is, so each step tells of what is saved.
        for name in names:
            assert step[name] == pytest.approx(made.provenance.measures[name], rel=1e-3)


def test_great_damping_does_not_make_the_edges_fade() -> None:
    """Each node keeps its degree while it keeps an edge; at so great a step some lose their last one."""
    graph = small_graph(num_target=80)
    budget, made = plan(graph, 0.2), {}
    for damping, lr in ((0.0, 1e-9), (100.0, 0.5)):
        settings = {**QUICK, "damping": damping, "lr_edges": lr}
        made[damping] = condense(graph, budget, "srgm", settings, device="cpu")
    for condensed in made.values():
        for relation in graph.edge_types:
            found, most = condensed.graph[relation].edge_index.size(1), budget.edges[relation]
            assert most - 1 <= found <= most
    masses = [step["edge_mass"] for step in made[100.0].provenance.history]
    start = made[0.0].graph
    total = sum(float(start[r].edge_weight.sum()) for r in graph.edge_types)
    # The state that is saved need not be the last, and equal counts at the cut may fall either way.
    assert made[0.0].provenance.history[-1]["edge_mass"] == pytest.approx(total, rel=0.02)
    assert min(masses) > 0.9 * total


@pytest.mark.parametrize("relay", RELAYS)
def test_each_place_of_decoupling_changes_the_result(relay: str) -> None:
    graph = small_graph(num_target=80)
    # Images of other nodes, so that the two modalities disagree about the classes.
    order = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    graph["movie"].x_image = graph["movie"].x_image.nan_to_num()[order]
    made = {
        place: condense(
            graph, plan(graph, 0.2), "srgm",
            {**QUICK, "relay": relay, "decouple": place, "lr_features": 0.02, "damping": 1.0},
            device="cpu",
        ).provenance.history[-1]["loss"]
        for place in ("off", "field", "update", "parameters")
    }  # fmt: skip
    assert len(set(made.values())) == 4


def test_a_relay_of_its_own_kind_condenses_and_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = small_graph(num_target=80)
    trained = []

    def watched(start: Relay, *arguments: Any) -> Relay:
        trained.append([w.size(1) for w in start.weights])
        return train_relay(start, *arguments)

    for module in (validator, srgm_run):
        monkeypatch.setattr(module, "train_relay", watched)
    settings = {**QUICK, "relay": "two-layer", "hidden": 5}
    made = condense(graph, plan(graph, 0.2), "srgm", settings, device="cpu")
    assert trained == [[5, 3]] * (1 + 4 + 20)  # The start, four checks and twenty steps.
    assert made.provenance.settings["relay"] == "two-layer"
    assert made.provenance.measures["best_val_score"] > 0.8
    assert made.graph["movie"].x_text.isfinite().all()


def test_conflict_rates_are_logged_next_to_chance() -> None:
    for step in history():
        assert 0 <= step["conflict_rate"] <= 1
        assert 0 <= step["chance_conflict_rate"] <= 1


def test_three_modalities_of_unlike_widths() -> None:
    graph = small_graph(num_target=80)
    graph["movie"].x_price = torch.randn(80, 1, generator=torch.Generator().manual_seed(1))
    made = condense(graph, plan(graph, 0.2), "srgm", {**QUICK, "damping": 1.0}, device="cpu")
    assert made.graph["movie"].x_price.shape == (16, 1)
    assert made.graph["movie"].x_price.std() > 0


def test_a_modality_that_no_node_has() -> None:
    graph = small_graph(num_target=80)
    graph["movie"].has_image = torch.zeros(80, dtype=torch.bool)
    made = condense(graph, plan(graph, 0.2), "srgm", QUICK, device="cpu")
    assert not made.graph["movie"].has_image.any()
    assert made.graph["movie"].x_text.isfinite().all()


def test_one_modality_and_no_relation() -> None:
    graph = small_graph(num_target=60)
    for relation in list(graph.edge_types):
        del graph[relation]
    for node_type in ("director", "actor"):
        del graph[node_type]
    del graph["movie"].x_image, graph["movie"].has_image
    made = condense(graph, plan(graph, 0.2), "srgm", QUICK, device="cpu")
    assert made.graph.edge_types == []
    assert made.provenance.history[-1]["energy"] == 0


def test_ctrl_c_keeps_the_best_graph_so_far() -> None:
    def interrupt(step: Step) -> None:
        if step.index >= 10:
            raise KeyboardInterrupt

    graph = small_graph(num_target=80)
    made = condense(graph, plan(graph, 0.2), "srgm", QUICK, device="cpu", on_step=interrupt)
    assert not made.provenance.complete
    assert made.provenance.history[-1]["step"] == 10
    assert made.graph["movie"].y.numel() == 16


def test_no_epochs_give_the_start() -> None:
    graph = small_graph(num_target=80)
    made = condense(graph, plan(graph, 0.2), "srgm", {"epochs": 0}, device="cpu")
    assert made.provenance.history == []
    assert made.provenance.measures["best_step"] == 0


@pytest.mark.parametrize("hops", [0, 1, 3])
def test_other_path_lengths(hops: int) -> None:
    graph = small_graph(num_target=60)
    made = condense(graph, plan(graph, 0.2), "srgm", {**QUICK, "hops": hops}, device="cpu")
    assert len(made.provenance.history) == 4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden": 8}, r"hidden \(got 8\).*add --relay two-layer$"),
        (
            {"labels": "labelled", "teacher": "ridge"},
            r"teacher \(got 'ridge'\).*add --labels pseudo$",
        ),
        ({"labels": "labelled", "smooth": False}, r"smooth \(got False\).*add --labels pseudo$"),
    ],
)
def test_what_acts_on_something_that_is_not_there_is_refused(settings: dict, said: str) -> None:
    graph = small_graph()
    with pytest.raises(UserError, match=said):
        condense(graph, plan(graph, 0.2), "srgm", settings, device="cpu")


@pytest.mark.parametrize(
    "idle", [{"decouple": "field"}, {"energy": "authors"}, {"energy": "absolute"}]
)
def test_what_would_act_inside_the_energy_alone_is_refused_without_it(idle: dict) -> None:
    graph = small_graph(num_target=80)
    (name, value), budget = *idle.items(), plan(graph, 0.2)
    said = rf"^method srgm: {name} \(got '{value}'\) acts only inside R.*add --damping 0.1$"
    with pytest.raises(UserError, match=said):
        condense(graph, budget, "srgm", idle, device="cpu")
