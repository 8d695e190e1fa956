"""The command line as a user meets it: right and wrong input, files, exit status."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

import cli
from commands.condense import CondenseArguments
from commands.evaluate import EvaluateArguments
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.io import data_digest, load_condensed, save
from condense.methods.registry import METHODS
from condense.methods.srgm import loop
from condense.methods.srgm import method as srgm
from models.registry import MODELS
from tests.support.graphs import small_graph
from tests.support.sparse import wide_graph

QUICK = ["--method=srgm", "--epochs", "2", "--outer", "3", "--ratio", "0.2", "--edge-ratio", "0.3"]


def whole_graph() -> MultimodalGraph:
    return small_graph(num_target=80)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default output folders are below the working directory: not in the repository."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "mine.h5"
    save(path, whole_graph())
    return path


@pytest.fixture
def condensed(whole: Path, tmp_path: Path) -> Path:
    out = tmp_path / "small.h5"
    assert cli.main(["condense", "--dataset", str(whole), "--out", str(out), *QUICK]) == 0
    return out


def test_condense_inspect_evaluate(
    whole: Path, condensed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["inspect", str(condensed)]) == 0
    said = capsys.readouterr().out
    for part in ("movie", "text (6)", "image (4", "features", "classes", "bytes", "method   srgm"):
        assert part in said
    for name in ("edge_mass", "density", "effective_edges"):
        assert f"measure  {name} " in said
        assert f"history  {name} " in said
    assert "history  energy " in said
    arguments = ["--models", "mlp", "hgt", "--seeds", "2", "--epochs", "10", "--check-every", "5"]
    out = tmp_path / "table"
    status = cli.main(
        ["evaluate", "--condensed", str(condensed), *arguments, "--out", str(out),
         "--baselines", "random", "kmeans:labels=pseudo"]
    )  # fmt: skip
    assert status == 0
    with (out / "results.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    methods = {row["method"] for row in rows}
    assert methods == {"whole", "srgm:epochs=2,outer=3", "random", "kmeans:labels=pseudo"}
    assert len(rows) == 2 * 4 * 2
    text = capsys.readouterr().out
    assert "retention" in text
    assert "srgm:epochs=2,outer=3" in text


def test_inspect_a_whole_graph(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(whole)]) == 0
    said = capsys.readouterr().out
    assert "whole graph" in said
    assert "train" in said


def test_inspect_warns_of_a_vanished_structure(
    condensed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = load_condensed(condensed)
    for relation in found.graph.edge_types:
        found.graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
        found.graph[relation].edge_weight = torch.zeros(0)
    save(tmp_path / "edgeless.h5", found)
    cli.main(["inspect", str(condensed)])
    assert "vanished" not in capsys.readouterr().out
    cli.main(["inspect", str(tmp_path / "edgeless.h5")])
    assert "has all but vanished" in capsys.readouterr().out.replace("\n", " ")
    faded = [{"step": 1, "energy": 1.0}, {"step": 2, "energy": 0.001}]
    damped = {**found.provenance.settings, "damping": 0.1}
    little = dataclasses.replace(found.provenance, history=faded, settings=damped)
    save(tmp_path / "faded.h5", CondensedGraph(found.graph, little))
    cli.main(["inspect", str(tmp_path / "faded.h5")])
    assert "the energy of the gradient field fell from 1 to 0.001" in capsys.readouterr().out
    chosen = CondensedGraph(found.graph, dataclasses.replace(found.provenance, method="herding"))
    save(tmp_path / "chosen.h5", chosen)
    cli.main(["inspect", str(tmp_path / "chosen.h5")])
    said = capsys.readouterr().out.replace("\n", " ")
    assert "few edges join the selected nodes" in said
    assert "vanished" not in said


def test_the_same_seed_gives_the_same_data(whole: Path, tmp_path: Path) -> None:
    digests = {}
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        out = tmp_path / f"{name}.h5"
        command = ["condense", "--dataset", str(whole), "--out", str(out), "--seed", seed, *QUICK]
        assert cli.main(command) == 0
        digests[name] = data_digest(out)
    assert digests["a"] == digests["b"]
    assert digests["a"] != digests["c"]


def test_permuted_test_labels_leave_the_data_groups_identical(tmp_path: Path) -> None:
    graph, permuted = whole_graph(), whole_graph()
    store = permuted["movie"]
    rows = store.test_mask.nonzero().flatten()
    store.y[rows] = store.y[rows.flip(0)]
    digests = set()
    for name, one in (("a", graph), ("b", permuted)):
        save(tmp_path / f"{name}.h5", one)
        out = tmp_path / f"{name}-small.h5"
        assert (
            cli.main(
                ["condense", "--dataset", str(tmp_path / f"{name}.h5"), "--out", str(out), *QUICK]
            )
            == 0
        )
        digests.add(data_digest(out))
    assert len(digests) == 1


def test_flags_win_over_the_file_over_defaults(whole: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text(
        f'dataset = "{whole}"\nratio = 0.2\nedge-ratio = 0.3\nseed = 5\n'
        'method = "srgm"\n[srgm]\nepochs = 1\nouter = 2\nrank = 3\n'
    )
    out = tmp_path / "small.h5"
    assert cli.main(["condense", "--config", str(config), "--out", str(out), "--outer", "3"]) == 0
    made = load_condensed(out).provenance
    assert made.seed == 5
    assert (made.settings["epochs"], made.settings["outer"], made.settings["rank"]) == (1, 3, 3)
    assert made.settings["hops"] == srgm.SRGMSettings().hops


def test_ctrl_c_leaves_the_best_graph_in_the_file(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def interrupted(*arguments: Any, **named: Any) -> object:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(*arguments, **named)

    original = loop.train_relay
    monkeypatch.setattr(loop, "train_relay", interrupted)
    out = tmp_path / "small.h5"
    assert cli.main(["condense", "--dataset", str(whole), "--out", str(out), *QUICK]) == 130
    assert not load_condensed(out).provenance.complete
    assert "Interrupted: the best graph so far is in" in capsys.readouterr().out
    cli.main(["inspect", str(out)])
    assert "interrupted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["condence"], "did you mean 'condense'"),
        (["condense", "--dataset", "imdbb"], "did you mean 'imdb'"),
        (
            ["condense", "--dataset", "imdb", "--data-root", "nowhere"],
            "put IMDB's files below --data-root",
        ),
        (["condense", "--dataset", "imdb", "--source", "simulated"], "no simulated stand-in"),
        (["condense", "--dataset", "missing.h5"], "missing.h5"),
        (["condense", "--dataset", "photo-9"], "did you mean 'photo-4'"),
        (
            ["condense", "--dataset", "{whole}", "--ratio", "2"],
            "ratio (got 2.0) must lie in (0, 1]",
        ),
        (["condense", "--dataset", "{whole}", "--ratio", "0.01"], "fewer than the 3 classes"),
        (["condense", "--dataset", "{whole}", "--method", "srgmm"], "did you mean 'srgm'"),
        (
            ["condense", "--method", "srgm", "--epochs", "-1"],
            "epochs (got -1): input should be greater than or equal",
        ),
        (["condense", "--damping", "3"], "--damping is an option of srgm, and not of mixture"),
        (["condense", "--method=random", "--labels=pseudo"], "add --method mixture"),
        (
            ["condense", "--dataset", "{whole}", "--method", "herding", "--hops", "9"],
            "method herding: hops (got 9): input should be less than or equal to 4",
        ),
        (["condense", "--dataset", "{whole}", "--modalities", "imag"], "did you mean 'image'"),
        (
            ["condense", "--dataset", "{whole}", "--ratio", "0.2", "--device", "tpu9"],
            "device (got 'tpu9')",
        ),
        (["condense", "--config", "nowhere.toml"], "config (got nowhere.toml) cannot be read"),
        (["condense", "--dataset", "{whole}", "--out", "{folder}"], "is a folder"),
        (["condense", "--dataset", "{whole}", "--out", "{whole}"], "is the whole graph itself"),
        (["inspect", "missing.h5"], "missing.h5"),
        (["evaluate"], "needs at least one file"),
        (["evaluate", "--condensed", "{whole}"], "whole graph"),
        (["evaluate", "--condensed", "x.h5", "--models", "htg"], "did you mean 'hgt'"),
        (["evaluate", "--condensed", "x.h5", "--seeds", "0"], "seeds (got 0)"),
        (["evaluate", "--condensed", "x.h5", "--patience", "0"], "patience (got 0)"),
        (["evaluate", "--condensed", "x.h5", "--per-graph", "9"], "at most seeds (5)"),
        (["evaluate", "--condensed", "x.h5", "--models"], "models (got nothing)"),
        (["evaluate", "--condensed", "x.h5", "--baselines", "kmeans:labels"], "setting=value"),
        (["evaluate", "--condensed", "x.h5", "--baselines", "kmeans:labels=x"], "labels (got 'x')"),
    ],
)
def test_wrong_input(
    argv: list[str], said: str, whole: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert cli.main([a.format(whole=whole, folder=tmp_path) for a in argv]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["condense", "--method", "srgm", "--epoch", "3"], "--epochs"),
        (["condense", "--epoch", "3"], "Unrecognized options: --epoch"),
        (["condense", "--ratio", "much"], "--ratio"),
    ],
)
def test_wrong_flags(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(argv)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ratio = ", "is not TOML"),
        ("ratio = " + "[" * 5000 + "]" * 5000, "is not TOML"),
        ("ratio = 1" + "0" * 5000, "is not TOML"),
        ("ration = 0.1", "'ration' is unknown; did you mean 'ratio'"),
        ("[srgmm]\nepochs = 1", "did you mean 'srgm'"),
        ("[srgm]\nepochs = 1", "config table [srgm] has no effect with method mixture"),
        ('method = "srgm"\n[srgm]\nepoch = 1', "did you mean 'epochs'"),
        ('method = "srgm"\n[srgm]\nepochs = -1', "epochs (got -1)"),
        ('ratio = "much"', "ratio (got 'much')"),
        ('setting = "inductif"', "setting (got 'inductif')"),
    ],
)
def test_wrong_configuration(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "run.toml"
    config.write_text(text)
    assert cli.main(["condense", "--config", str(config)]) == 2
    assert said in capsys.readouterr().err


def test_evaluating_on_another_graph_is_refused(
    condensed: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = whole_graph()
    other["movie"].x_text = other["movie"].x_text + 1
    save(whole, other)
    assert cli.main(["evaluate", "--condensed", str(condensed)]) == 2
    assert "another version" in capsys.readouterr().err
    whole.unlink()
    assert cli.main(["evaluate", "--condensed", str(condensed)]) == 2
    assert "give --whole FILE" in capsys.readouterr().err


def test_help_and_docs_name_every_method_and_model() -> None:
    docs = Path(cli.__file__).parent / "docs"
    for page, registry, arguments in (
        ("methods.md", METHODS, CondenseArguments),
        ("models.md", MODELS, EvaluateArguments),
    ):
        text = (docs / page).read_text(encoding="utf-8")
        for name in registry:
            assert f"| `{name}` |" in text
            assert name in (arguments.__doc__ or "")


def test_help_needs_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, cli; cli.main(['--help']); print([m for m in ('torch', 'ray') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(cli.__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("[]")


def test_interrupting_evaluate_keeps_what_has_ended(
    condensed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import evaluate.grid.workload as outcome

    original, calls = outcome.fit, []

    def interrupted(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(outcome, "fit", interrupted)
    command = ["evaluate", "--condensed", str(condensed), "--models", "mlp", "--seeds", "2"]
    assert cli.main([*command, "--epochs", "5", "--out", str(tmp_path / "t")]) == 130
    assert len((tmp_path / "t" / "results.csv").read_text().splitlines()) == 3
    said = capsys.readouterr()
    assert "Interrupted" in said.err
    assert "retention" in said.out


def test_a_graph_made_in_python_needs_its_whole_graph_named(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from condense.budget import plan
    from condense.run import condense

    graph = whole_graph()
    graph.name = "mine"
    save(whole, graph)
    save(tmp_path / "small.h5", condense(graph, plan(graph, 0.2), "random", device="cpu"))
    command = ["evaluate", "--condensed", str(tmp_path / "small.h5"), "--models", "mlp"]
    assert cli.main(command) == 2
    assert "no data set known here; give --whole FILE" in capsys.readouterr().err
    short = ["--seeds", "1", "--epochs", "5", "--out", str(tmp_path)]
    assert cli.main([*command, "--whole", str(whole), *short]) == 0


def test_wide_sparse_features_from_file_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "wide.h5", wide_graph())
    command = ["condense", "--dataset", "wide.h5", "--method", "kmeans", "--ratio", "0.1"]
    assert cli.main([*command, "--out", "small.h5"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "--bits 16 halves its features" in said
    assert cli.main([*command, "--out", "half.h5", "--bits", "16"]) == 0
    assert load_condensed(Path("half.h5")).graph["doc"].x_text.dtype == torch.float16
    capsys.readouterr()
    again = [*command, "--out", "half.h5", "--resume"]
    assert cli.main([*again, "--bits", "16"]) == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert cli.main(again) == 0
    assert "Nothing to do" not in capsys.readouterr().out
    assert load_condensed(Path("half.h5")).graph["doc"].x_text.dtype == torch.float32
    few = ["--models", "mlp", "--seeds", "1", "--epochs", "40", "--out", "table"]
    assert cli.main(["evaluate", "--condensed", "small.h5", *few]) == 0
    assert cli.main(["inspect", "small.h5"]) == 0
    assert "4,000 sparse columns are read in 256 dimensions" in capsys.readouterr().out
    with Path("table/results.csv").open() as stream:
        scores = {row["method"]: float(row["micro_f1"]) for row in csv.DictReader(stream)}
    assert min(scores.values()) > 0.7
