"""A run that diverges names the first number that is not finite and keeps its best graph."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.inspecting.describe import warnings
from condense.methods.srgm import loop
from condense.methods.srgm.nonfinite import locate_nonfinite
from condense.methods.srgm.objective import ObjectiveTerms
from condense.run import DivergedError, condense
from condense.running.checkpoints import Checkpoints
from condense.running.finite import all_finite
from models.relays.linear import Parameters
from models.relays.two_layer import TwoLayer
from tests.condense.methods.srgm.test_synthesis import small_synthesis
from tests.support.graphs import small_graph

INF, NAN = float("inf"), float("nan")


def diverging(**settings: object) -> tuple[str, CondensedGraph]:
    graph = small_graph(num_target=80)
    chosen = {"epochs": 2, "outer": 5, "check_every": 1, **settings}
    with pytest.raises(DivergedError) as caught:
        condense(graph, plan(graph, 0.2), "srgm", chosen, device="cpu")
    return str(caught.value), caught.value.best


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        # The relay predicts class 1 for every node, so class 1 has no gradient.
        (
            {"lr_features": 1e30},
            "condensed graph (class 0, 1, 2; modality text of movie, image of movie",
        ),
        ({"lr_features": 1e30, "decouple": "off"}, "try a smaller --lr-features (got 1e+30)"),
        ({"damping": 1e38}, "step 1: the features' updates (class 0, 1, 2; modality text of movie"),
        ({"damping": 1e38}, "must stay finite; try a smaller --damping (got 1e+38)"),
    ],
)
def test_settings_that_are_too_large(settings: dict, named: str) -> None:
    error, best = diverging(**settings)
    assert named in error
    assert not best.provenance.complete
    assert best.provenance.measures["diverged"] == error
    assert any(f"diverged at {error}" in warning for warning in warnings(best))
    for x in (best.graph["movie"].x_text, best.graph["movie"].x_image):
        assert bool(x.isfinite().all())


def test_the_best_graph_before_the_divergence_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that breaks at step 4 does not cost the results of the first three steps."""
    original, calls = loop.train_relay, []

    def broken(theta: Parameters, *arguments: object) -> Parameters:
        calls.append(1)
        trained = original(theta, *arguments)  # type: ignore[arg-type]
        if len(calls) == 3:
            trained.weight[0, 1] = NAN
        return trained

    monkeypatch.setattr(loop, "train_relay", broken)
    error, best = diverging()
    assert error.startswith("step 4: the relay's weights (class 1; modality text of movie) must")
    assert [step["step"] for step in best.provenance.history] == [1, 2, 3]


@pytest.mark.parametrize("pieces", [[[1.0, 2.0]], [[3e38], [3e38]], [[3e38, 3e38]], [[]], []])
def test_finite_numbers_are_finite_whatever_their_sum(pieces: list[list[float]]) -> None:
    assert all_finite([torch.tensor(p) for p in pieces])


@pytest.mark.parametrize("bad", [INF, -INF, NAN])
def test_a_single_nonfinite_number_is_detected(bad: float) -> None:
    assert not all_finite([torch.zeros(2), torch.tensor([[0.0, bad], [1.0, 2.0]])])
    assert not all_finite([torch.tensor(bad)])
    assert not all_finite([torch.tensor([INF, -INF])])


@pytest.fixture
def parts(double):
    """A view, its synthesis, a relay and gradients of its shape."""
    _, view, synthesis, rng = small_synthesis()
    width = len(view.block)
    theta = Parameters.draw(width, 3, rng, synthesis.features(view))
    return view, synthesis, theta, (torch.ones(3, width, 3),)


def test_finite_numbers_give_no_location(parts) -> None:
    quantity, _ = locate_nonfinite(*parts)
    assert quantity.startswith("the sum over all")


def test_a_column_and_a_block_of_the_relay(parts) -> None:
    view, synthesis, theta, whole = parts
    number = next(i for i, (path, _) in enumerate(view.blocks) if len(path) == 2)
    path, modality = view.blocks[number]
    theta.weight[(view.block == number).nonzero()[0], 2] = INF
    relations = ", ".join(dict.fromkeys("/".join(r) for r in path))
    expected = (
        f"the relay's weights (class 2; modality {modality} of {path[-1][0]}; relation {relations})"
    )
    assert locate_nonfinite(view, synthesis, theta, whole) == (expected, "lr_relay")


def test_a_condensed_node_by_its_class(parts) -> None:
    view, synthesis, *rest = parts
    node = int((synthesis.y == 1).nonzero()[0])
    with torch.no_grad():
        synthesis.h["movie", "image"][node, 0] = NAN
    expected = "the condensed features (class 1; modality image of movie)"
    assert locate_nonfinite(view, synthesis, *rest) == (expected, "lr_features")


def test_a_relations_weights(parts) -> None:
    view, synthesis, *rest = parts
    relation = next(iter(synthesis.logits))
    with torch.no_grad():
        synthesis.logits[relation][0] = INF
    expected = f"the edges' log-weights (relation {'/'.join(relation)})"
    assert locate_nonfinite(view, synthesis, *rest) == (expected, "lr_edges")


def test_a_gradient_of_the_whole_graph_and_one_whose_square_overflows(parts) -> None:
    view, synthesis, theta, whole = parts
    for value in (NAN, 1e200):
        whole[0][1, -1, 0] = value
        quantity, setting = locate_nonfinite(view, synthesis, theta, whole)
        path, modality = view.blocks[-1]
        assert quantity.startswith("the gradients on the whole graph (class 1; modality ")
        assert f"modality {modality} of {path[-1][0]}; relation {'/'.join(path[0])}" in quantity
        assert setting == "lr_relay"


def test_an_energy_by_its_relation_and_modality(parts) -> None:
    view, synthesis, theta, whole = parts
    parts_of_energy = {(r, m): torch.ones(()) for r in synthesis.logits for m in ("text", "image")}
    relation = next(iter(synthesis.logits))
    parts_of_energy[relation, "image"] = torch.tensor(INF)
    terms = ObjectiveTerms(torch.ones(()), torch.tensor(INF), whole, {}, parts_of_energy)
    expected = f"the energy (modality image; relation {'/'.join(relation)})"
    assert locate_nonfinite(view, synthesis, theta, whole, terms) == (expected, "damping")


def test_the_layers_of_a_two_layer_relay(parts) -> None:
    view, synthesis, linear, _ = parts
    width, rng = len(view.block), torch.Generator().manual_seed(0)
    theta = TwoLayer.draw(width, 5, 3, rng, linear.weight)
    whole = torch.ones(3, width, 5), torch.ones(3, 5, 3)
    assert locate_nonfinite(view, synthesis, theta, whole)[0].startswith("the sum over all")
    whole[1][2, 4, 1] = INF
    expected = ("the gradients on the whole graph (class 2)", "lr_relay")
    assert locate_nonfinite(view, synthesis, theta, whole) == expected
    theta.weight[4, 1] = NAN  # Columns of the last layer are classes,
    assert locate_nonfinite(view, synthesis, theta, whole)[0] == "the relay's weights (class 1)"
    theta.hidden_weight[0, 2] = INF  # and those of a hidden one are not.
    expected = "the relay's weights (class 1; modality text of movie)"
    assert locate_nonfinite(view, synthesis, theta, whole)[0] == expected


def test_an_update_that_is_not_finite(parts) -> None:
    view, synthesis, *rest = parts
    relation, x = next(iter(synthesis.logits.items()))
    x.grad = torch.full_like(x, NAN)
    assert locate_nonfinite(view, synthesis, *rest) == (
        f"the edges' updates (relation {'/'.join(relation)})", "damping",
    )  # fmt: skip


def test_a_run_that_diverged_diverges_again_when_resumed(tmp_path) -> None:
    graph = small_graph(num_target=80)
    settings = {"epochs": 2, "outer": 5, "check_every": 1, "lr_features": 1e30}
    errors = []
    for resume in (False, True):
        with pytest.raises(DivergedError) as caught:
            condense(graph, plan(graph, 0.2), "srgm", settings, device="cpu",
                     checkpoints=Checkpoints(tmp_path / "kept", resume=resume))  # fmt: skip
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
