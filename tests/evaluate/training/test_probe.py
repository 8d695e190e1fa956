"""The linear probe: it learns, its step is chosen on validation nodes, and asked labels are never read."""

from __future__ import annotations

import pytest
import torch

from evaluate.training.clustering import clustering
from evaluate.training.metrics import auc, score
from evaluate.training.pretrain import PretrainSettings, embeddings, pretrain
from evaluate.training.probe import Nodes, Probed, ProbeSettings, probe
from models.hetcrf.model import HetCRF
from models.hetcrf.settings import HetCRFSettings
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.graphs import small_graph


def blobs(separation: float) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    y = torch.arange(300) % 3
    return separation * torch.eye(3, 8)[y] + torch.randn(300, 8, generator=rng), y


def parts(y: torch.Tensor) -> tuple[Nodes, Nodes, torch.Tensor]:
    train, val = torch.arange(60), torch.arange(60, 150)
    return Nodes(train, y[train]), Nodes(val, y[val]), torch.arange(150, 300)


def run(x: torch.Tensor, y: torch.Tensor, steps: int = 100, seed: int = 0) -> Probed:
    return probe(x, *parts(y), 3, ProbeSettings(steps=steps), seed)


def test_it_learns_and_reports_the_state_of_its_best_step() -> None:
    x, y = blobs(4.0)
    found = run(x, y)
    assert found.by_macro.shape == (150, 3)
    assert score(found.by_macro.argmax(1), y[150:], 3).macro_f1 > 0.9
    # Asked for the validation nodes themselves, the answers have the scores that chose the steps.
    train, val, _ = parts(y)
    same = probe(x, train, val, val.rows, 3, ProbeSettings(steps=100), 0)
    macro = score(same.by_macro.argmax(1), val.y, 3).macro_f1
    micro = score(same.by_micro.argmax(1), val.y, 3).micro_f1
    assert macro == pytest.approx(same.val_macro_f1)
    assert micro == pytest.approx(same.val_micro_f1)
    assert same.val_macro_f1 == found.val_macro_f1


def test_more_steps_never_lower_the_validation_score() -> None:
    x, y = blobs(1.0)
    scores = [run(x, y, steps).val_macro_f1 for steps in (1, 10, 100)]
    assert scores == sorted(scores)


def test_it_depends_on_its_seed_alone() -> None:
    x, y = blobs(1.0)
    state = torch.random.get_rng_state()
    assert torch.equal(run(x, y).by_macro, run(x, y).by_macro)
    assert not torch.equal(run(x, y).by_macro, run(x, y, seed=1).by_macro)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_embeddings_do_not_change() -> None:
    x, y = blobs(1.0)
    before = x.clone()
    run(x, y)
    assert torch.equal(x, before)


def test_clusters_of_groups_far_apart_agree_and_of_noise_do_not() -> None:
    x, y = blobs(30.0)
    rows = torch.arange(100, 300)
    found = clustering(x, rows, y[rows], 3, starts=2)
    assert found.nmi == pytest.approx(1)
    assert found.ari == pytest.approx(1)
    x, y = blobs(0.0)
    found = clustering(x, rows, y[rows], 3, starts=2)
    assert abs(found.ari) < 0.05


def test_auc_is_scikit_learns() -> None:
    from sklearn.metrics import roc_auc_score

    rng = torch.Generator().manual_seed(0)
    chance = torch.randn(50, 3, generator=rng, dtype=torch.float64).softmax(dim=1)
    truth = torch.arange(50) % 3
    assert auc(chance, truth) == pytest.approx(roc_auc_score(truth, chance, multi_class="ovr"))
    assert auc(torch.eye(3)[truth], truth) == 1
    # A class that no node has says nothing; ties count half.
    assert auc(torch.full((4, 3), 1 / 3), torch.tensor([0, 0, 1, 1])) == 0.5


def test_pretraining_reads_no_label_and_depends_on_its_seed_alone() -> None:
    graph, found = small_graph(), []
    settings = HetCRFSettings(hidden=8, heads=2, refresh=2)
    for seed in (0, 0, 1):
        blind = small_graph()
        if len(found):
            blind["movie"].y[:] = -1
        with seeded(seed):
            model = HetCRF(GraphSchema.of(graph), settings)
            losses: list[float] = []
            pretrain(
                model, blind, PretrainSettings(epochs=4), lambda e, loss, to=losses: to.append(loss)
            )
        assert len(losses) == 4
        found.append(embeddings(model, graph))
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])
