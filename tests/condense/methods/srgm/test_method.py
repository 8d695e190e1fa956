"""SR-GM as a whole: it lowers its objective, for any modalities, and an interrupt loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.errors import UserError
from condense.judging import relay_validator
from condense.methods.srgm import loop
from condense.run import condense
from condense.running.steps import Step
from models.relays.linear import Relay, train_relay
from models.relays.registry import RELAYS
from tests.support.graphs import small_graph

QUICK = {"epochs": 4, "outer": 5, "check_every": 5}


def history(seed: int = 0, **settings: object) -> list[dict[str, float]]:
    graph, given = small_graph(num_target=80), {**QUICK, **settings}
    condensed = condense(graph, plan(graph, 0.2), "srgm", given, seed=seed, device="cpu")
    return condensed.provenance.history


@pytest.mark.parametrize("relay", RELAYS)
def test_matching_lowers_the_loss(relay: str) -> None:
    # With one relay and no inner step θ is fixed, so the loss must fall.
    fixed = {"epochs": 1, "outer": 40, "inner": 0, "lr_features": 0.05}
    if relay != "linear":
        fixed["hidden"] = 5
    left = []
    for seed in range(4):
        steps = history(seed, **fixed, relay=relay, damping=0.0, decouple="off")
        left.append(steps[-1]["loss"] / steps[0]["loss"])
    # A hidden unit that no node of a class activates cannot be matched, so some starts lose less.
    assert sum(left) / len(left) < 0.8


@pytest.mark.parametrize("relay", RELAYS)
def test_damping_lowers_the_energy(relay: str) -> None:
    fixed = {"epochs": 1, "outer": 60, "inner": 0, "lr_features": 0.02, "decouple": "off"}
    fixed["relay"] = relay
    weak = history(**fixed, damping=1e-9)[-1]["energy"]
    strong = history(**fixed, damping=10.0)[-1]["energy"]
    assert strong < 0.9 * weak


def test_mass_density_and_energy_are_logged_and_saved() -> None:
    graph = small_graph(num_target=80)
    budget = plan(graph, 0.2, edge_ratio=1.0)  # All pairs: none can change at the cut.
    condensed = condense(graph, budget, "srgm", {**QUICK, "lr_edges": 1e-9}, device="cpu")
    names = ("edge_mass", "density", "effective_edges")
    for step in condensed.provenance.history:
        assert step["energy"] > 0
        # With so small a learning rate the edges stay as they are: each step logs the saved measures.
        for name in names:
            assert step[name] == pytest.approx(condensed.provenance.measures[name], rel=1e-3)


def test_strong_damping_does_not_make_the_edges_fade() -> None:
    """A node keeps its degree while it has an edge; at so high a learning rate some lose their last one."""
    graph = small_graph(num_target=80)
    budget, by_damping = plan(graph, 0.2), {}
    for damping, lr in ((0.0, 1e-9), (100.0, 0.5)):
        settings = {**QUICK, "damping": damping, "lr_edges": lr}
        by_damping[damping] = condense(graph, budget, "srgm", settings, device="cpu")
    for condensed in by_damping.values():
        for relation in graph.edge_types:
            count, most = condensed.graph[relation].edge_index.size(1), budget.edges[relation]
            assert most - 1 <= count <= most
    masses = [step["edge_mass"] for step in by_damping[100.0].provenance.history]
    start = by_damping[0.0].graph
    total = sum(float(start[r].edge_weight.sum()) for r in graph.edge_types)
    # The saved state need not be the last, and ties at the cut may break either way.
    assert by_damping[0.0].provenance.history[-1]["edge_mass"] == pytest.approx(total, rel=0.02)
    assert min(masses) > 0.9 * total


@pytest.mark.parametrize("relay", RELAYS)
def test_each_place_of_decoupling_changes_the_result(relay: str) -> None:
    graph = small_graph(num_target=80)
    # Images of other nodes, so that the two modalities disagree about the classes.
    order = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    graph["movie"].x_image = graph["movie"].x_image.nan_to_num()[order]
    losses = {
        place: condense(
            graph, plan(graph, 0.2), "srgm",
            {**QUICK, "relay": relay, "decouple": place, "lr_features": 0.02, "damping": 1.0},
            device="cpu",
        ).provenance.history[-1]["loss"]
        for place in ("off", "field", "update", "parameters")
    }  # fmt: skip
    assert len(set(losses.values())) == 4


def test_a_two_layer_relay_condenses_and_validates(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = small_graph(num_target=80)
    trained = []

    def watched(start: Relay, *arguments: Any) -> Relay:
        trained.append([w.size(1) for w in start.weights])
        return train_relay(start, *arguments)

    for module in (relay_validator, loop):
        monkeypatch.setattr(module, "train_relay", watched)
    settings = {**QUICK, "relay": "two-layer", "hidden": 5}
    condensed = condense(graph, plan(graph, 0.2), "srgm", settings, device="cpu")
    assert trained == [[5, 3]] * (1 + 4 + 20)  # The start, four checks and twenty steps.
    assert condensed.provenance.settings["relay"] == "two-layer"
    assert condensed.provenance.measures["best_val_score"] > 0.8
    assert condensed.graph["movie"].x_text.isfinite().all()


def test_conflict_rates_are_logged_next_to_chance() -> None:
    for step in history():
        assert 0 <= step["conflict_rate"] <= 1
        assert 0 <= step["chance_conflict_rate"] <= 1


def test_three_modalities_of_different_widths() -> None:
    graph = small_graph(num_target=80)
    graph["movie"].x_price = torch.randn(80, 1, generator=torch.Generator().manual_seed(1))
    condensed = condense(graph, plan(graph, 0.2), "srgm", {**QUICK, "damping": 1.0}, device="cpu")
    assert condensed.graph["movie"].x_price.shape == (16, 1)
    assert condensed.graph["movie"].x_price.std() > 0


def test_a_modality_that_no_node_has() -> None:
    graph = small_graph(num_target=80)
    graph["movie"].has_image = torch.zeros(80, dtype=torch.bool)
    condensed = condense(graph, plan(graph, 0.2), "srgm", QUICK, device="cpu")
    assert not condensed.graph["movie"].has_image.any()
    assert condensed.graph["movie"].x_text.isfinite().all()


def test_one_modality_and_no_relation() -> None:
    graph = small_graph(num_target=60)
    for relation in list(graph.edge_types):
        del graph[relation]
    for node_type in ("director", "actor"):
        del graph[node_type]
    del graph["movie"].x_image, graph["movie"].has_image
    condensed = condense(graph, plan(graph, 0.2), "srgm", QUICK, device="cpu")
    assert condensed.graph.edge_types == []
    assert condensed.provenance.history[-1]["energy"] == 0


def test_ctrl_c_keeps_the_best_graph_so_far() -> None:
    def interrupt(step: Step) -> None:
        if step.index >= 10:
            raise KeyboardInterrupt

    graph = small_graph(num_target=80)
    condensed = condense(graph, plan(graph, 0.2), "srgm", QUICK, device="cpu", on_step=interrupt)
    assert not condensed.provenance.complete
    assert condensed.provenance.history[-1]["step"] == 10
    assert condensed.graph["movie"].y.numel() == 16


def test_no_epochs_return_the_start() -> None:
    graph = small_graph(num_target=80)
    condensed = condense(graph, plan(graph, 0.2), "srgm", {"epochs": 0}, device="cpu")
    assert condensed.provenance.history == []
    assert condensed.provenance.measures["best_step"] == 0


@pytest.mark.parametrize("hops", [0, 1, 3])
def test_other_path_lengths(hops: int) -> None:
    graph = small_graph(num_target=60)
    condensed = condense(graph, plan(graph, 0.2), "srgm", {**QUICK, "hops": hops}, device="cpu")
    assert len(condensed.provenance.history) == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 8}, r"hidden \(got 8\).*add --relay two-layer$"),
        (
            {"labels": "labelled", "teacher": "ridge"},
            r"teacher \(got 'ridge'\).*add --labels pseudo$",
        ),
        ({"labels": "labelled", "smooth": False}, r"smooth \(got False\).*add --labels pseudo$"),
    ],
)
def test_settings_of_an_absent_part_are_refused(settings: dict, message: str) -> None:
    graph = small_graph()
    with pytest.raises(UserError, match=message):
        condense(graph, plan(graph, 0.2), "srgm", settings, device="cpu")


@pytest.mark.parametrize(
    "idle", [{"decouple": "field"}, {"energy": "authors"}, {"energy": "absolute"}]
)
def test_settings_of_the_energy_are_refused_without_damping(idle: dict) -> None:
    graph = small_graph(num_target=80)
    (name, value), budget = *idle.items(), plan(graph, 0.2)
    message = rf"^method srgm: {name} \(got '{value}'\) acts only inside R.*add --damping 0.1$"
    with pytest.raises(UserError, match=message):
        condense(graph, budget, "srgm", idle, device="cpu")
