"""HGCond as a whole: what the start joins, that matching helps, and that a resumed run is the same run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from condense.budget import plan
from condense.clustering.propagation import RelayView
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.errors import UserError
from condense.methods.hgcond.relay import HeteroSGC
from condense.methods.hgcond.settings import HGCondSettings
from condense.methods.hgcond.start import clusters_of_embeddings, targets, trained, whole_graph
from condense.methods.hgcond.synthesis import HGCondSynthesis
from condense.methods.srgm.synthesis import Synthesis
from condense.run import condense
from condense.running.checkpoints import Checkpoints
from condense.running.steps import Step
from tests.support.graphs import small_graph

SHORT = {"epochs": 4, "outer": 3, "check_every": 2, "start_epochs": 20, "hidden": 8}


def started(**settings) -> tuple[HGCondSynthesis, RelayView]:
    graph = complete(hide_test_labels(small_graph(num_target=60)))
    rng = torch.Generator().manual_seed(0)
    view = RelayView.of(graph, 2, 256, rng)
    whole = whole_graph(view)
    widths = {t: x.size(1) for t, x in whole.x.items()}
    theta = HeteroSGC.zeros(widths, 8, 3, 3, whole.x["movie"])
    trained(theta, whole, view, 20, rng)
    budget = plan(graph, 0.2)
    start = clusters_of_embeddings(view, whole, theta, budget, rng)
    condensed = Synthesis(start, budget, absent=0.0)
    return HGCondSynthesis(HGCondSettings(**settings), view, whole, condensed, theta, rng), view


def test_training_on_the_whole_graph_learns_the_training_nodes():
    graph = complete(hide_test_labels(small_graph(num_target=60)))
    view = RelayView.of(graph, 2, 256, torch.Generator().manual_seed(0))
    whole, (y, share) = whole_graph(view), targets(view)
    theta = HeteroSGC.zeros({t: x.size(1) for t, x in whole.x.items()}, 16, 3, 3, whole.x["movie"])

    def right() -> float:
        h = theta.embeddings(whole, theta.inputs(whole))["movie"]
        return float(((theta.logits(h).argmax(1) == y.argmax(1)) * share).sum())

    trained(theta, whole, view, 0, torch.Generator().manual_seed(0))
    before = right()
    trained(theta, whole, view, 200, torch.Generator().manual_seed(0))
    assert before < 0.8 < right()


def test_only_clusters_that_edges_join_are_joined():
    synthesis, view = started()
    partition = synthesis.condensed.start.partition
    weights = synthesis.condensed.weights()
    for relation in view.schema.relations:
        source, _, destination = relation
        src, dst = view.graph[relation].edge_index
        pairs = zip(
            partition.cluster[destination][dst].tolist(),
            partition.cluster[source][src].tolist(),
            strict=True,
        )
        rows, columns, _ = weights[relation].entries()
        found = set(zip(rows.tolist(), columns.tolist(), strict=True))
        assert found
        assert found <= set(pairs)


def test_matching_one_relay_brings_the_gradients_nearer():
    synthesis, _ = started(outer=60, inner=0, lr=0.05)
    losses = [synthesis.update(step)["loss"] for step in range(1, 61)]
    assert losses[-1] < 0.8 * losses[0]


def test_the_relay_starts_anew_with_every_epoch():
    synthesis, _ = started(outer=2)
    synthesis.update(1)
    first = [x.clone() for x in synthesis.theta.matrices()]
    synthesis.update(2)
    trained_ones = [x.clone() for x in synthesis.theta.matrices()]
    synthesis.update(3)
    assert not any(torch.equal(a, b) for a, b in zip(first, trained_ones, strict=True) if len(a))
    for matrix, before in zip(synthesis.theta.matrices(), first, strict=True):
        across = (matrix * before).sum(dim=1)
        torch.testing.assert_close(across, torch.zeros_like(across), atol=1e-5, rtol=0)


def test_a_resumed_run_is_the_same_run(tmp_path: Path):
    graph = small_graph(num_target=60)
    budget = plan(graph, 0.2)
    whole = condense(graph, budget, "hgcond", SHORT, device="cpu").graph

    def stop(step: Step) -> None:
        if step.index == 6:
            raise KeyboardInterrupt

    kept = Checkpoints(tmp_path / "kept", seconds=0)
    condense(graph, budget, "hgcond", SHORT, device="cpu", on_step=stop, checkpoints=kept)
    again = Checkpoints(tmp_path / "kept", seconds=0, resume=True)
    resumed = condense(graph, budget, "hgcond", SHORT, device="cpu", checkpoints=again)
    assert resumed.provenance.measures["resumed_from"]
    for node_type in whole.node_types:
        assert torch.equal(resumed.graph[node_type].x_text, whole[node_type].x_text)
    for relation in whole.edge_types:
        assert torch.equal(resumed.graph[relation].edge_weight, whole[relation].edge_weight)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": -1}, "epochs (got -1)"),
        ({"sequence": "sobol"}, "sequence (got 'sobol')"),
        ({"layers": 9}, "layers (got 9)"),
        ({"lr": 0.0}, "lr (got 0.0)"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    graph = small_graph()
    with pytest.raises(UserError) as caught:
        condense(graph, plan(graph, 0.2), "hgcond", settings, device="cpu")
    assert message in str(caught.value)
