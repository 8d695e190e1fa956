"""The benchmark of GPUs: its arithmetic by hand, what it refuses, what it skips, and a run on the CPU."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import measure
from benchmarks.gpu.rows import (
    TOTAL,
    Job,
    Row,
    Setup,
    Synchronisation,
    facts,
    kept,
    kept_synchronisations,
)
from benchmarks.gpu.synchronisations import WARNING, counted_synchronisations
from benchmarks.gpu.table import tables
from condense.io import save
from evaluate.results.rows import WHOLE
from tests.support.graphs import small_graph

GPU = "cuda (a GPU)"
MIB = 2**20


def row(job: Job, seconds: float, stage: str = TOTAL, epoch: float | None = None) -> Row:
    rise = 2 * MIB if job.model else None
    return Row(
        **facts(job, Setup("2.13.0", "a CPU", 2), "simulated"),
        stage=stage, seconds=seconds, peak_bytes=3 * MIB, epoch_seconds=epoch, rise_bytes=rise,
    )  # fmt: skip


def costs(device: str, condense: float, whole: float, small: float) -> list[Row]:
    """Of condensing in two stages and of HGT's trainings."""
    graph = Job("amazon1", device, "mixture", 0.01)
    return [
        row(graph, condense / 4, "cluster"),
        row(graph, condense * 3 / 4, "judge"),
        row(graph, condense),
        row(Job("amazon1", device, model="hgt", epochs=20), whole, epoch=whole / 25),
        row(replace(graph, model="hgt", epochs=20), small, epoch=small / 20),
    ]


def test_speed_up_and_break_even_by_hand() -> None:
    both = [*costs("cpu", 60, 25, 5), *costs(GPU, 6, 5, 4)]
    text = tables(both, [])
    assert text.startswith("amazon1 (simulated); torch 2.13.0; a CPU, 2 threads\n")
    assert f"| condensed by | stage | {GPU} s | peak MiB | speed-up | cpu s | peak MiB |" in text
    assert "| `mixture` at 1 % | cluster | 1.5 | 3 | 10 × | 15 | 3 |" in text
    assert "| `mixture` at 1 % | total | 6 | 3 | 10 × | 60 | 3 |" in text
    # Epoch s, all s, peak, training, speed-up of an epoch and of all; then the CPU's.
    assert "| whole graph | hgt | 20 | 0.2 | 5 | 3 | 2 | 5 × | 5 × | 1 | 25 | 3 | 2 |" in text
    # 6 ÷ (5 − 4) and (6 + 4) ÷ 5; 60 ÷ (25 − 5) and (60 + 5) ÷ 25.
    assert "| `mixture` at 1 % | hgt | 20 | 6 | 2 | 3 | 2.6 |" in text


def test_one_device_is_not_compared_and_what_is_missing_is_a_dash() -> None:
    rows = costs("cpu", 60, 5, 5)
    assert "speed-up" not in tables(rows)
    assert "| `mixture` at 1 % | hgt | 20 | never | 13 |" in tables(rows)
    text = tables([*rows, costs(GPU, 6, 5, 4)[4]])  # Trained on the GPU, but not condensed there.
    assert "| `mixture` at 1 % | hgt | 20 | – | – | never | 13 |" in text
    assert "| whole graph | hgt | 20 | – | – | – | – | – | – | 0.2 | 5 | 3 | 2 |" in text


def test_rows_of_different_setups_are_not_compared() -> None:
    other = [replace(one, machine="another CPU") for one in costs(GPU, 6, 5, 4)]
    text = tables([*costs("cpu", 60, 25, 5), *other])
    assert "speed-up" not in text
    assert "torch 2.13.0; another CPU, 2 threads" in text


def test_the_total_of_synchronisations_comes_first() -> None:
    shared = facts(Job("amazon1", GPU, "mixture", 0.01), Setup("2.13.0", "a CPU", 2), "simulated")
    del shared["model"], shared["epochs"]
    counts = [("a.py:1", 3), ("b.py:2", 1000), (TOTAL, 1003)]
    lines = tables([], [Synchronisation(**shared, place=p, calls=n) for p, n in counts]).split("\n")
    assert [line.split(" | ")[2:] for line in lines[-3:]] == [
        [TOTAL, "1,003 |"],
        ["b.py:2", "1,000 |"],
        ["a.py:1", "3 |"],
    ]


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


Call = Callable[..., None]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the command with folders of its own."""
    folders = (f"--rows={tmp_path / 'rows'}", f"--graphs={tmp_path / 'graphs'}")

    def called(*words: str) -> None:
        monkeypatch.setattr(sys, "argv", ["gpu", *folders, *words])
        command.main()

    return called


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), f"--devices (got cuda cpu) needs a GPU, but torch {torch.__version__} finds none here; "
             "try --devices cpu"),
        (("--devices", "cpu", "--synchronisations"),
         "--synchronisations (got --devices cpu) counts what waits for a GPU; add cuda to --devices"),
        (("--devices", "cpu", "--epochs", "1"),
         "--epochs (got 1) must be at least 2, as the first warms up; try 20"),
        (("--devices", "cpu", "--methods", "mixtur"), "did you mean 'mixture'?"),
        (("--devices", "cpu", "--sets", "nowhere.h5"), "nowhere.h5"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_in_one_sentence(
    words: tuple[str, ...], message: str, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call(*words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_printing_needs_no_gpu(
    no_gpu: None, call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("--print")
    assert capsys.readouterr().out.strip() == "No row of these sets is kept."
    kept(tmp_path / "rows").add(costs(GPU, 6, 5, 4))
    call("--print")
    assert "| `mixture` at 1 % | hgt | 20 | 6 | 2 |" in capsys.readouterr().out


def test_a_second_call_measures_what_has_no_row(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Job] = []
    graphs = tmp_path / "graphs"

    def in_process(job: Job, count: bool, arguments: Any) -> int:
        done.append(job)
        if job.model == "sgc":
            return 1  # As for lack of memory.
        if not job.model:
            graphs.mkdir(exist_ok=True)
            command.file_of(job, Setup.here(), graphs).touch()
        shared = facts(job, Setup.here(), "simulated")
        kept(tmp_path / "rows").add([Row(**shared, stage=TOTAL, seconds=1.0, peak_bytes=MIB)])
        return 0

    save(tmp_path / "whole.h5", small_graph())
    monkeypatch.setattr(command, "_in_process", in_process)
    given = ("--devices", "cpu", "--sets", str(tmp_path / "whole.h5"), "--ratio", "0.2")
    graph = Job(str(tmp_path / "whole.h5"), "cpu", "mixture", 0.2)

    call(*given, "--models", "mlp")
    whole = replace(graph, method=WHOLE, ratio=1.0, model="mlp", epochs=20)
    assert done == [graph, whole, replace(graph, model="mlp", epochs=20)]
    done.clear()
    call(*given, "--models", "mlp")
    assert done == []
    with pytest.raises(SystemExit, match="2 failed, and the same command tries again"):
        call(*given, "--models", "mlp", "sgc")
    assert [job.model for job in done] == ["sgc", "sgc"]
    done.clear()
    # A condensed graph that is gone is made again for what still trains on it, and only then.
    for file in graphs.iterdir():
        file.unlink()
    call(*given, "--models", "mlp")
    assert done == []
    call(*given, "--models", "hgt")
    assert [(job.method, job.model) for job in done] == [
        ("mixture", ""),
        (WHOLE, "hgt"),
        ("mixture", "hgt"),
    ]


def test_devices_take_turns_at_each_job() -> None:
    arguments = command.options().parse_args(["--sets", "imdb", "--models", "mlp"])
    jobs = list(command.planned(arguments, [GPU, "cpu"]))
    assert [job.device for job in jobs] == [GPU, "cpu"] * 3
    assert jobs[4].condensing == jobs[0]
    assert jobs[5].on_whole == jobs[3]


def test_calls_that_wait_are_counted_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[str] = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

    def counted() -> dict[str, int]:
        with counted_synchronisations() as calls:
            for _ in range(3):
                warnings.warn(WARNING, stacklevel=1)
            warnings.warn(WARNING, stacklevel=1)
            warnings.warn("another", stacklevel=1)
        return calls

    with pytest.warns(UserWarning, match="another") as shown:
        calls = counted()
    assert [str(one.message) for one in shown] == ["another"]
    assert modes == ["warn", "default"]
    assert sorted(calls.values()) == [1, 3]
    assert all(place.startswith("tests/benchmarks/test_gpu.py:") for place in calls)


def test_synchronisations_are_counted_in_a_run_of_their_own(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, str, bool]] = []

    def in_process(job: Job, count: bool, arguments: Any) -> int:
        done.append((job.device, job.model, count))
        shared = facts(job, Setup.here(), "simulated")
        if count:
            del shared["model"], shared["epochs"]
            one = Synchronisation(**shared, place=TOTAL, calls=7)
            kept_synchronisations(tmp_path / "rows").add([one])
        elif not job.model:
            kept(tmp_path / "rows").add([Row(**shared, stage=TOTAL, seconds=1.0, peak_bytes=MIB)])
        return 0

    save(tmp_path / "whole.h5", small_graph())
    monkeypatch.setattr(command, "_in_process", in_process)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    given = ("--sets", str(tmp_path / "whole.h5"), "--ratio", "0.2", "--models", "mlp")
    with pytest.raises(SystemExit, match="2 failed"):  # No graph was made to train on.
        call(*given, "--synchronisations")
    assert done == [
        (GPU, "", False), ("cpu", "", False), (GPU, "mlp", False), ("cpu", "mlp", False), (GPU, "", True),
    ]  # fmt: skip


def test_counts_end_with_their_total(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", lambda mode: None)
    save(tmp_path / "whole.h5", small_graph())
    job = Job(str(tmp_path / "whole.h5"), "cpu", "random", 0.2)
    (total,) = measure.synchronisations(job, tmp_path)
    assert (total.place, total.calls, total.method) == (TOTAL, 0, "random")


def test_a_training_is_measured(tmp_path: Path) -> None:
    save(tmp_path / "whole.h5", small_graph())
    job = Job(str(tmp_path / "whole.h5"), "cpu", model="hgt", epochs=3)
    (found,) = measure.cost_of_training(job, tmp_path, tmp_path / "unused.h5")
    assert found.source == "simulated"
    assert found.epoch_seconds is not None
    assert 0 < found.epoch_seconds < found.seconds
    assert found.peak_bytes > 50 * MIB  # Python and torch alone take more.


@pytest.mark.slow
def test_a_run_on_the_cpu(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "whole.h5", small_graph(num_target=120))
    given = ("--devices", "cpu", "--sets", str(tmp_path / "whole.h5"), "--ratio", "0.1")
    given = (*given, "--epochs", "2", "--models", "sgc", "hgnn-ima")
    call(*given)
    text = capsys.readouterr().out
    assert "| `mixture` at 10 % | cluster |" in text
    for model in ("sgc", "hgnn_ima"):
        assert f"| whole graph | {model} | 2 |" in text
        assert f"| `mixture` at 10 % | {model} | 2 |" in text
    rows = list(kept(tmp_path / "rows"))
    stages = [one for one in rows if not one.model]
    assert stages[-1].seconds == pytest.approx(sum(one.seconds for one in stages[:-1]))
    assert len(rows) == len(stages) + 4
    assert not list(kept_synchronisations(tmp_path / "rows"))
    monkeypatch.setattr(command, "_in_process", None)  # All has a row.
    call(*given)
    assert capsys.readouterr().out.strip().startswith(f"{tmp_path / 'whole.h5'} (simulated); torch")
