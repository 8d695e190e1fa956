"""GC-SNTK learns what kernel ridge regression needs, stops and resumes, and explains what it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.errors import UserError
from condense.methods.gcsntk.settings import GCSNTKSettings
from condense.methods.gcsntk.synthesis import Batch, KernelSynthesis, on_simplex, training_batches
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.start import classes_of
from condense.run import DivergedError, condense
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep, Step, ignore
from tests.support.graphs import small_graph

QUICK = {"epochs": 20, "check_every": 5}


def synthesis_of(dtype: torch.dtype = torch.float32, **settings: object) -> KernelSynthesis:
    graph = complete(hide_test_labels(small_graph(num_target=80, dtype=dtype)))
    view, rng = HomogeneousGraph.of(graph), torch.Generator().manual_seed(0)
    chosen = GCSNTKSettings(**settings)  # type: ignore[arg-type]
    batches = training_batches(view, view.propagated(1), chosen, rng)
    y = classes_of(view, plan(graph, 0.1))
    x = torch.rand(len(y), view.x.size(1), generator=rng, dtype=view.x.dtype)
    return KernelSynthesis(batches, x, y, view.num_classes, chosen)


def test_updates_lower_the_loss() -> None:
    synthesis = synthesis_of()
    losses = [synthesis.update(step)["loss"] for step in range(1, 101)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.usefixtures("double")
def test_gradients_equal_finite_differences() -> None:
    synthesis = synthesis_of(torch.float64, ridge=0.1)

    def loss(x: Tensor, labels: Tensor) -> Tensor:
        synthesis.x, synthesis.labels = x, labels
        return synthesis.loss(synthesis.batches[0])

    arguments = synthesis.x, synthesis.labels
    assert arguments[0].dtype == torch.float64
    assert torch.autograd.gradcheck(loss, arguments)


def test_batches_hold_each_training_node_once() -> None:
    whole, parts = (synthesis_of(batch=size).batches for size in (2000, 6))
    assert len(whole) == 1
    assert len(parts) == 4
    assert max(len(batch.target) for batch in parts) <= 6
    together = torch.cat([batch.target for batch in parts])
    assert together.sum(dim=0).tolist() == whole[0].target.sum(dim=0).tolist()
    assert bool((together.sum(dim=1) == 1).all())


def test_each_batch_is_learnt_in_turn() -> None:
    synthesis = synthesis_of(batch=6)
    seen: list[int] = []
    loss = synthesis.loss

    def noted(batch: Batch) -> Tensor:
        seen.append(next(i for i, b in enumerate(synthesis.batches) if b is batch))
        return loss(batch)

    synthesis.loss = noted  # type: ignore[method-assign]
    for step in range(1, 6):
        synthesis.update(step)
    assert seen == [0, 1, 2, 3, 0]


def test_the_nearest_distribution() -> None:
    rng = torch.Generator().manual_seed(0)
    y = torch.randn(50, 4, generator=rng, dtype=torch.float64)
    low, high = y.min(dim=1).values - 1, y.max(dim=1).values
    for _ in range(60):  # The threshold at which the positive parts sum to one, by bisection.
        middle = (low + high) / 2
        above = (y - middle.unsqueeze(1)).clamp_min(0).sum(dim=1) > 1
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    torch.testing.assert_close(on_simplex(y), (y - low.unsqueeze(1)).clamp_min(0))
    torch.testing.assert_close(on_simplex(on_simplex(y)), on_simplex(y))


def test_labels_are_learnt_unless_they_stay() -> None:
    graph = small_graph(num_target=80)
    learnt, fixed = (
        condense(
            graph, plan(graph, 0.2), "gcsntk", {**QUICK, "learn_labels": learn}, device="cpu"
        ).graph
        for learn in (True, False)
    )
    assert learnt["movie"].y_soft.shape == (16, 3)
    one_hot = torch.nn.functional.one_hot(learnt["movie"].y, 3)
    assert not torch.equal(learnt["movie"].y_soft, one_hot.float())
    assert "y_soft" not in fixed["movie"]


def test_the_start_from_nodes_is_propagated_training_nodes() -> None:
    graph = small_graph(num_target=80)
    settings = {"epochs": 0, "hops": 0, "start": "nodes"}
    small = condense(graph, plan(graph, 0.2), "gcsntk", settings, device="cpu").graph
    own = graph["movie"].x_text[graph["movie"].train_mask]
    distance = torch.cdist(small["movie"].x_text, own).min(dim=1).values
    assert float(distance.max()) < 1e-4


def test_other_node_types_and_edges_are_not_kept() -> None:
    graph = small_graph(num_target=80)
    small = condense(graph, plan(graph, 0.2), "gcsntk", QUICK, device="cpu").graph
    assert {small[t].num_nodes for t in ("director", "actor")} == {0}
    assert {small[r].edge_index.size(1) for r in small.edge_types} == {0}


def test_ctrl_c_keeps_the_best_graph_and_a_resumed_run_gives_the_same_data(tmp_path: Path) -> None:
    graph = small_graph(num_target=80)

    def interrupt(step: Step) -> None:
        if step.index == 10:
            raise KeyboardInterrupt

    def run(folder: Path | None, resume: bool = False, on_step: OnStep = ignore) -> CondensedGraph:
        return condense(
            graph, plan(graph, 0.2), "gcsntk", QUICK, device="cpu",
            checkpoints=Checkpoints(folder, resume=resume), on_step=on_step,
        )  # fmt: skip

    whole = run(None)
    stopped = run(tmp_path / "kept", on_step=interrupt)
    assert not stopped.provenance.complete
    assert stopped.provenance.history[-1]["step"] == 10
    resumed = run(tmp_path / "kept", resume=True)
    assert resumed.provenance.history == whole.provenance.history
    assert torch.equal(resumed.graph["movie"].x_text, whole.graph["movie"].x_text)
    assert torch.equal(resumed.graph["movie"].y_soft, whole.graph["movie"].y_soft)


def test_features_without_information() -> None:
    graph = small_graph(num_target=80)
    graph["movie"].x_text = torch.ones(80, 6)
    graph["director"].x_text = torch.ones(20, 6)
    del graph["movie"].x_image, graph["movie"].has_image
    for start in ("uniform", "nodes"):
        small = condense(
            graph, plan(graph, 0.2), "gcsntk", {**QUICK, "start": start}, device="cpu"
        ).graph
        assert small["movie"].x_text.isfinite().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ridge": 0}, "ridge (got 0): input should be greater than or equal to 0.000001"),
        ({"aggregations": 0}, "aggregations (got 0)"),
        ({"start": "ones"}, "start (got 'ones')"),
        ({"batch": 10**6}, "batch (got 1000000)"),
        ({"k": 2}, "'k' is unknown"),
    ],
)
def test_wrong_settings_are_named(settings: dict, message: str) -> None:
    graph = small_graph()
    with pytest.raises(UserError) as caught:
        condense(graph, plan(graph, 0.2), "gcsntk", settings, device="cpu")
    assert message in str(caught.value)


def test_a_learning_rate_at_which_the_run_diverges_is_named() -> None:
    graph = small_graph(num_target=80)
    with pytest.raises(DivergedError, match=r"try a smaller --lr .got 1e\+30") as caught:
        condense(graph, plan(graph, 0.2), "gcsntk", {**QUICK, "lr": 1e30}, device="cpu")
    assert caught.value.best.graph["movie"].x_text.isfinite().all()
