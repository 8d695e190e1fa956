"""The planted graph: equal seeds give equal files, and classes, degrees and edges are as it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import planted
from benchmarks.planted import BOUGHT, BOUGHT_BY, SIMILAR
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.io import load_graph, save_blocks

NODES = 20_000


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> MultimodalGraph:
    path = tmp_path_factory.mktemp("planted") / "a.h5"
    save_blocks(path, *planted.planted(NODES), packed=False)
    return load_graph(path)


def test_nodes_and_splits(graph: MultimodalGraph) -> None:
    item = graph["item"]
    assert (item.num_nodes, graph["user"].num_nodes) == (12_000, 8_000)
    assert (graph.target, graph.num_classes, graph.source) == ("item", 20, "simulated")
    assert list(graph["user"]) == ["num_nodes"]
    shares = torch.bincount(item.y, minlength=20) / 12_000
    zipf = 1 / torch.arange(1, 21)
    assert (shares - zipf / zipf.sum()).abs().max() < 0.01
    assert shares.min() > 0.01
    for split, share in (("train_mask", 0.2), ("val_mask", 0.1), ("test_mask", 0.7)):
        assert abs(float(item[split].float().mean()) - share) < 0.01
    assert abs(float(item.has_image.float().mean()) - 0.9) < 0.01
    assert (item.x_image[~item.has_image] == 0).all()
    assert (item.x_image[item.has_image] != 0).all(dim=1).all()


def test_edges(graph: MultimodalGraph) -> None:
    counts = [graph[r].edge_index.size(1) for r in (SIMILAR, BOUGHT, BOUGHT_BY)]
    assert abs(sum(counts) / NODES - 10) < 0.5
    assert torch.equal(graph[BOUGHT].edge_index.flip(0), graph[BOUGHT_BY].edge_index)
    source, destination = graph[SIMILAR].edge_index
    assert (source != destination).all()
    y = graph["item"].y
    by_chance = float(((torch.bincount(y) / len(y)) ** 2).sum())
    assert float((y[source] == y[destination]).float().mean()) > 2 * by_chance
    for ends, count in (
        (source, 12_000),
        (destination, 12_000),
        (graph[BOUGHT].edge_index[0], 8_000),
    ):
        degree = torch.bincount(ends, minlength=count).double()
        assert degree.max() > 8 * degree.mean()


def test_noise_has_full_rank_and_clusters_differ(graph: MultimodalGraph) -> None:
    members = planted.Members.draw(0, 12_000, 8_000)
    assert np.array_equal(members.cluster // planted.CLUSTERS, graph["item"].y.numpy())
    x = graph["item"].x_text.double().numpy()
    means = np.stack([x[members.cluster == k].mean(0) for k in range(4)])
    noise = x[members.cluster < 4] - means[members.cluster[members.cluster < 4]]
    sizes = np.linalg.svd(noise / np.sqrt(len(noise)), compute_uv=False)
    assert sizes[0] == pytest.approx(1.5, abs=0.1)
    assert sizes[-1] == pytest.approx(0.5, abs=0.1)
    # Differences between the clusters of one class are as large as they should be.
    expected = planted.MEANS["text"] * np.sqrt(2 * (1 - planted.OF_CLASS) * planted.WIDTH)
    apart = [np.linalg.norm(means[i] - means[j]) for i in range(4) for j in range(i)]
    assert np.mean(apart) == pytest.approx(expected, rel=0.2)


def test_equal_seeds_give_equal_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        out = tmp_path / f"{name}.h5"
        monkeypatch.setattr(
            sys, "argv", ["planted", "--nodes", "10000", "--out", str(out), "--seed", str(seed)]
        )
        planted.main()
        assert f"{out}: 10,000 nodes, 0.00 GB" in capsys.readouterr().out
    first, second, third = (path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert first == second
    assert first != third


def test_wrong_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, words in (
        (["--nodes", "9"], "nodes (got 9) must be at least 10000"),
        (["--nodes", "10000", "--seed", "-1"], "seed (got -1) must be at least 0"),
        (["--nodes", "10000", "--out", f"{tmp_path}/none/a.h5"], "missing folder"),
    ):
        out = ["--out", str(tmp_path / "a.h5")]
        monkeypatch.setattr(sys, "argv", ["planted", *out, *options])
        with pytest.raises(SystemExit):
            planted.main()
        assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_too_few_nodes() -> None:
    with pytest.raises(UserError, match=r"nodes \(got 9999\) must be at least 10000"):
        planted.planted(9_999)


@pytest.mark.slow
def test_features_and_neighbours_are_worth_points(tmp_path: Path) -> None:
    """An MLP, which sees the features alone, is right on two items in three; neighbours add some more."""
    from condense.data.features import FeatureScaler, complete
    from evaluate.training.train import TrainSettings, predict, train
    from models.registry import MODELS
    from models.schema import GraphSchema

    save_blocks(tmp_path / "a.h5", *planted.planted(100_000), packed=False)
    graph = complete(load_graph(tmp_path / "a.h5"))
    graph = FeatureScaler.fit(graph).apply(graph)
    rows = graph["item"].test_mask.nonzero().flatten()
    right = {}
    for name in ("mlp", "sgc"):
        torch.manual_seed(0)
        model = MODELS[name].build(GraphSchema.of(graph), MODELS[name].settings())
        train(model, graph, graph, TrainSettings(epochs=60, lr=0.01))
        predicted = predict(model, graph, rows).argmax(dim=1)
        right[name] = float((predicted == graph["item"].y[rows]).float().mean())
    assert 0.60 < right["mlp"] < 0.75
    assert 0.05 < right["sgc"] - right["mlp"] < 0.15
