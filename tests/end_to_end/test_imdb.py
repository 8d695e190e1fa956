"""The main job on real data: IMDB, three node types, text and image with missing posters."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import pytest
import torch

import cli
from condense.data.graph import MultimodalGraph
from condense.data.relations import primary, reverses
from condense.datasets.load import load_dataset
from condense.errors import FileError, UserError
from condense.io import data_digest, load_condensed
from tests.support.shared_data import DATA, needs_imdb

pytestmark = [needs_imdb, pytest.mark.slow]


def test_facts_of_the_data_set() -> None:
    graph = load_dataset("imdb", DATA, modalities=("text", "image", "tabular"))
    assert {t: int(graph[t].num_nodes) for t in graph.node_types} == {
        "movie": 4278,
        "director": 2081,
        "actor": 5257,
    }
    movie = graph["movie"]
    assert torch.bincount(movie.y).tolist() == [1135, 1584, 1559]
    assert [int(movie[s].sum()) for s in ("train_mask", "val_mask", "test_mask")] == [
        855,
        855,
        2568,
    ]
    assert int(movie.has_image.sum()) == 3832
    # Standardised on training nodes; nothing may be blown up elsewhere.
    assert movie.x_tabular.isfinite().all()
    assert float(movie.x_tabular.abs().max()) < 50
    assert primary(graph) == (("movie", "directed_by", "director"), ("movie", "features", "actor"))
    assert reverses(graph)["movie", "features", "actor"] == ("actor", "rev_features", "movie")
    # Directors' and actors' features are completed ones: means of their films' keywords.
    src, dst = graph["movie", "directed_by", "director"].edge_index
    total = torch.zeros_like(graph["director"].x_text).index_add_(0, dst, movie.x_text[src])
    mean = total / torch.bincount(dst).unsqueeze(1)
    torch.testing.assert_close(mean, graph["director"].x_text, atol=1e-3, rtol=1e-3)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="data-root"):
        load_dataset("imdb", tmp_path)
    with pytest.raises(UserError, match="simulated"):
        load_dataset("imdb", DATA, source="simulated")


def test_condense_and_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "imdb.h5"
    condense = ["condense", "--dataset", "imdb", "--data-root", str(DATA), "--out", str(out)]
    assert cli.main([*condense, "--method", "srgm", "--epochs", "5"]) == 0
    small = load_condensed(out)
    assert int(small.graph["movie"].num_nodes) == 43
    edges = {r: small.graph[r].edge_index.size(1) for r in small.graph.edge_types}
    assert edges["movie", "directed_by", "director"] == 42
    assert edges["movie", "features", "actor"] == 128
    status = cli.main(
        ["evaluate", "--condensed", str(out), "--models", "sgc", "--seeds", "1", "--epochs", "60",
         "--baselines", "random", "--data-root", str(DATA), "--out", str(tmp_path)]
    )  # fmt: skip
    assert status == 0
    scores = defaultdict(list)
    with (tmp_path / "results.csv").open() as stream:
        for row in csv.DictReader(stream):
            scores[row["method"]].append(float(row["micro_f1"]))
    mean = {method.partition(":")[0]: fmean(values) for method, values in scores.items()}
    assert mean["whole"] > 0.6
    assert mean["srgm"] > 0.95 * mean["whole"]
    assert mean["srgm"] > mean["random"] + 0.05


def test_permuted_test_labels_leave_the_data_groups_identical(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import condense.datasets.load as loading

    def permuted(*arguments: object, **named: object) -> MultimodalGraph:
        graph = load_dataset(*arguments, **named)  # type: ignore[arg-type]
        store = graph["movie"]
        rows = store.test_mask.nonzero().flatten()
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
        store.y[rows] = store.y[rows[order]]
        return graph

    digests = []
    for i, load in enumerate((load_dataset, load_dataset, permuted)):
        monkeypatch.setattr(loading, "load_dataset", load)
        out = tmp_path / f"{i}.h5"
        command = ["condense", "--dataset", "imdb", "--data-root", str(DATA)]
        command += ["--method", "srgm", "--epochs", "2"]
        assert cli.main([*command, "--out", str(out)]) == 0
        digests.append(data_digest(out))
    assert digests[0] == digests[1]  # The same seed gives the same data twice,
    assert digests[0] == digests[2]  # and no test label matters.
