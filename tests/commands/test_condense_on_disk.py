"""`condense` for a graph in a file that does not fit in the memory that it is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import cli
from commands import condense_on_disk as command
from condense.errors import FileError
from condense.io import load_condensed, save
from condense.methods.srgm import loop
from condense.out_of_core import fits, run
from condense.out_of_core.workspace import Workspace
from tests.support.graphs import small_graph
from tests.support.sparse import wide_graph


@pytest.fixture(autouse=True)
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every graph would take 100 GiB."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fits, "SPARE", 1e9)
    save(tmp_path / "mine.h5", small_graph(num_target=120))


def condense(*words: str) -> int:
    return cli.main(
        ["condense", "--dataset", "mine.h5", "--ratio", "0.2", "--out", "small.h5", *words]
    )


def test_the_result_is_a_condensed_graph_like_any_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert condense("--memory", "2GiB", "--spread", "off") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "of 2.0 GiB in memory: it is condensed on disk" in said
    assert "24 movie nodes" in said
    small = load_condensed("small.h5")
    assert small.graph["movie"].num_nodes == 24
    assert small.provenance.dataset_settings["dataset"] == "mine.h5"
    assert [stage["name"] for stage in small.provenance.stages][:4] == [
        "check",
        "sort",
        "read",
        "propagate",
    ]
    assert not Path("small.h5.work").exists()
    assert cli.main(["inspect", "small.h5"]) == 0
    assert "memory" in capsys.readouterr().out


def test_without_a_bound_half_of_the_free_memory_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "MOST_TIMES", 1e12)
    assert condense("--spread", "off") == 0
    assert "it is condensed on disk" in " ".join(capsys.readouterr().out.split())


def test_a_graph_that_fits_is_condensed_in_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fits, "SPARE", 1.0)
    assert condense("--memory", "2GiB", "--method", "random", "--address", "auto") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "--address is not used: the graph fits in memory" in said


def test_an_interrupted_run_is_resumed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = run.condense_on_disk

    def interrupt(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "condense_on_disk", interrupt)
    assert condense("--memory", "2GiB", "--spread", "off") == 130
    assert Path("small.h5.work/edges-0/sources.i32").exists()
    monkeypatch.setattr(run, "condense_on_disk", original)
    assert condense("--memory", "2GiB", "--spread", "off", "--resume") == 0
    capsys.readouterr()
    assert condense("--memory", "2GiB", "--spread", "off", "--resume") == 0
    assert "Nothing to do: small.h5 is complete" in " ".join(capsys.readouterr().out.split())


def test_a_run_that_goes_on_keeps_its_bound_on_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    original = run.condense_on_disk

    def interrupt(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "condense_on_disk", interrupt)
    assert condense("--memory", "3GiB") == 130
    monkeypatch.setattr(run, "condense_on_disk", original)
    assert condense("--memory", "2GiB", "--resume", "--spread", "off") == 2  # Another run.
    assert condense("--resume", "--spread", "off") == 2
    assert condense("--resume") == 0
    assert load_condensed("small.h5").provenance.measures["memory"] == 3 * 2**30


def test_without_resume_a_run_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    original = run.condense_on_disk

    def interrupt(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "condense_on_disk", interrupt)
    assert condense("--memory", "2GiB", "--seed", "1") == 130
    monkeypatch.setattr(run, "condense_on_disk", original)
    assert condense("--memory", "2GiB", "--seed", "2", "--spread", "off") == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--memory", "lots"], "memory (got 'lots') must be a size; try 6GiB"),
        (["--memory", "10MB"], "must be at least 1.5GiB"),
        (
            ["--memory", "2GiB", "--method", "herding"],
            "method (got 'herding') needs the graph in memory; take mixture, srgm,",
        ),
        (
            ["--memory", "2GiB", "--setting", "inductive"],
            "needs the graph in memory; take transductive",
        ),
        (["--memory", "2GiB", "--modalities", "text"], "are chosen in memory"),
        (["--memory", "2GiB", "--device", "cuda"], "is condensed on the CPU"),
        (["--memory", "2GiB", "--work", "mine.h5/folder"], "choose another --work"),
        (["--memory", "2GiB", "--work", "."], "files of something else"),
        (["--memory", "2GiB", "--address", "127.0.0.1:9"], "is not that of a Ray cluster"),
    ],
)
def test_wrong_input_is_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert condense(*words) == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert Path("mine.h5").exists()


@pytest.mark.parametrize("what", ["check_free", "stage"])
def test_a_full_disk_is_told_without_a_bound_too(
    what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*given: Any) -> None:
        raise FileError("the disk is full")

    monkeypatch.setattr(Workspace, what, full)
    monkeypatch.setattr(command, "MOST_TIMES", 1e12)
    assert condense() == 2
    assert "the disk is full" in capsys.readouterr().err
    assert not Path("small.h5").exists()


def test_what_needs_memory_is_done_there_unless_a_bound_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "MOST_TIMES", 1e12)
    assert condense("--method", "herding") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "is read into memory: method (got 'herding') needs the graph in memory" in said


MATCHED = ("--method", "srgm", "--memory", "2GiB", "--epochs", "2", "--check-every", "5")


def test_gradients_are_matched_on_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert condense(*MATCHED, "--spread", "auto", "--tensorboard", "curves") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "it is condensed on disk" in said
    small = load_condensed("small.h5")
    assert small.graph["movie"].num_nodes == 24
    assert [record["step"] for record in small.provenance.history] == [5, 10, 15, 20]
    names = [stage["name"] for stage in small.provenance.stages]
    assert names[-4:] == ["join", "match", "spread", "judge"]
    assert any((tmp_path / "curves").iterdir())
    assert not Path("small.h5.work").exists()
    assert cli.main(["inspect", "small.h5"]) == 0


def test_matching_that_is_interrupted_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = loop.train_relay, []

    def interrupted(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return original(*given)

    monkeypatch.setattr(loop, "train_relay", interrupted)
    assert condense(*MATCHED) == 130
    assert not Path("small.h5").exists()
    assert condense(*MATCHED, "--resume") == 0
    assert len(calls) == 12 + 15  # From the state after step 5 on.
    found = load_condensed("small.h5").graph
    assert condense(*MATCHED) == 0
    expected = load_condensed("small.h5").graph
    for node_type in expected.node_types:
        assert torch.equal(found[node_type].x_text, expected[node_type].x_text)


def test_matching_that_diverges_leaves_its_best_graph(capsys: pytest.CaptureFixture[str]) -> None:
    assert condense(*MATCHED, "--lr-features", "1e30") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "try a smaller --lr-features (got 1e+30). The best graph before is in small.h5" in said
    assert not load_condensed("small.h5").provenance.complete


def test_a_named_data_set_is_loaded_into_memory(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["condense", "--dataset", "cora", "--memory", "2GiB"]
    assert cli.main(words) == 2  # Its files are not here.
    assert "--memory is not used" in " ".join(capsys.readouterr().out.split())


def test_a_given_folder_of_an_interrupted_run_is_not_deleted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "condense_on_disk", interrupt)
    assert condense("--memory", "2GiB", "--work", "here") == 130
    assert condense("--memory", "2GiB", "--work", "here", "--seed", "3") == 2
    assert "go on with --resume, or delete the folder" in " ".join(capsys.readouterr().err.split())
    assert Path("here/edges-0/sources.i32").exists()


def test_sparse_features_are_read_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    save("mine.h5", wide_graph())
    assert condense("--memory", "2GiB") == 2
    assert "sparse" in capsys.readouterr().err
    assert condense("--method", "random") == 0


def test_a_damaged_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("mine.h5")
    path.write_bytes(path.read_bytes()[:-100])
    assert condense("--memory", "2GiB") == 2
    assert "truncated" in capsys.readouterr().err
