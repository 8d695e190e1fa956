"""A resumed run gives the data of the uninterrupted run, and only its own checkpoints are resumed."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.clustering.clusters import Clusters
from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.errors import UserError
from condense.io import replace
from condense.io.checkpoint import load_checkpoint, save_checkpoint
from condense.judging.relay_validator import RelayValidator
from condense.run import condense
from condense.running import checkpoints as module
from condense.running.checkpoints import Checkpoints, State, folder_beside
from condense.running.steps import Step
from condense.running.timing import StageClock
from tests.support.graphs import small_graph

# A batch smaller than the pool, so that every step draws from the generator.
SETTINGS = {"epochs": 3, "outer": 5, "check_every": 2, "batch": 2, "lr_features": 0.02}


class Killed(BaseException):
    """Ends a run as `kill` would: the run's own code does not catch it."""


def run(
    checkpoints: Checkpoints | None = None,
    die_at: int = 0,
    seed: int = 0,
    ratio: float = 0.2,
    method: str = "srgm",
    **settings: Any,
) -> CondensedGraph:
    def on_step(step: Step) -> None:
        if step.index == die_at:
            raise Killed

    graph = small_graph(num_target=80)
    chosen = {**SETTINGS, **settings} if method == "srgm" else settings
    return condense(
        graph, plan(graph, ratio), method, chosen, seed=seed, device="cpu", on_step=on_step,
        checkpoints=checkpoints,
    )  # fmt: skip


def interrupted(folder: Path, die_at: int, **kind: Any) -> None:
    with pytest.raises(Killed):
        run(Checkpoints(folder), die_at, **kind)


@pytest.fixture(scope="module")
def uninterrupted() -> str:
    """The fingerprint of the uninterrupted run with SETTINGS."""
    return fingerprint(run().graph)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_beside(tmp_path / "small.h5")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="condense")
    return caplog


@pytest.mark.parametrize(
    ("settings", "deaths", "resumed_from"),
    [
        ({}, [4], [2]),  # step 4 was not kept yet
        ({"decouple": "update", "damping": 1.0}, [8, 12], [6, 10]),  # where an epoch begins
        (
            {"decouple": "parameters", "damping": 0.1, "energy": "absolute"},
            [10, 10, 14],
            [8, 8, 12],
        ),  # within one
        ({"labels": "labelled", "frame_width": 2, "lr_edges": 0.3}, [15], [14]),
        ({"damping": 0.0}, [6], [4]),  # the energy is computed at validations only
        ({"relay": "two-layer", "hidden": 5}, [8, 12], [6, 10]),
    ],
)
def test_a_resumed_run_gives_the_data_of_the_uninterrupted_run(
    settings: dict, deaths: list[int], resumed_from: list[int], folder: Path
) -> None:
    whole = run(**settings)
    for number, die_at in enumerate(deaths):
        with pytest.raises(Killed):
            run(Checkpoints(folder, resume=number > 0), die_at, **settings)
    resumed = run(Checkpoints(folder, resume=True), **settings)
    assert fingerprint(resumed.graph) == fingerprint(whole.graph)
    assert resumed.provenance.history == whole.provenance.history
    measures = {**whole.provenance.measures, "resumed_from": resumed_from}
    assert resumed.provenance.measures == measures


def test_the_best_of_an_earlier_part_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def score(*scores: float) -> None:
        left = iter(scores)
        monkeypatch.setattr(RelayValidator, "score", lambda validator, z, y: next(left))

    score(0.1, 0.2, 0.9, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # the start, steps 2, 4, …
    whole = run()
    score(0.1, 0.2, 0.9, 0.3, 0.4)
    interrupted(folder, 8)
    score(0.1, 0.4, 0.5, 0.6, 0.7, 0.8)
    resumed = run(Checkpoints(folder, resume=True))
    assert resumed.provenance.measures["best_step"] == whole.provenance.measures["best_step"] == 4
    assert resumed.provenance.measures["best_val_score"] == 0.9
    assert fingerprint(resumed.graph) == fingerprint(whole.graph)


def test_a_checkpoint_holds_the_state_of_its_own_step(folder: Path) -> None:
    interrupted(folder, 6)
    _, early = load_checkpoint(folder / "step-000000002.h5")
    _, late = load_checkpoint(folder / "step-000000004.h5")
    assert early.keys() == late.keys()
    for name in early:
        if name.split("/")[0] in ("now", "relay", "generator", "features"):
            assert not torch.equal(early[name], late[name]), name


def test_a_different_start_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(folder, 6)
    monkeypatch.setattr(Clusters, "digest", lambda start: "another")
    with pytest.raises(UserError, match="the start of this run, computed again, differs"):
        run(Checkpoints(folder, resume=True))
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("change", ["shape", "name"])
def test_tensors_of_another_shape_are_refused(folder: Path, change: str) -> None:
    """A checkpoint such as another version of the code might have written."""
    interrupted(folder, 6)
    path = max(folder.iterdir())
    record, tensors = load_checkpoint(path)
    name = next(name for name in tensors if name.startswith("now/edges/"))
    before = tensors.pop(name)
    if change == "shape":
        tensors[name] = before.expand(2, -1).clone()
    save_checkpoint(path, record, tensors)
    fault = f"has shape [2, {len(before)}]" if change == "shape" else "is missing"
    with pytest.raises(UserError) as caught:
        run(Checkpoints(folder, resume=True))
    assert f"resume: {name} {fault}" in str(caught.value)
    assert "start anew without --resume" in str(caught.value)


def test_two_are_kept(folder: Path) -> None:
    interrupted(folder, 10)
    assert [p.name for p in sorted(folder.iterdir())] == ["step-000000006.h5", "step-000000008.h5"]


def test_seconds_of_all_parts_add_up(folder: Path) -> None:
    interrupted(folder, 10)
    record, _ = load_checkpoint(folder / "step-000000008.h5")
    before = {s["name"]: s["seconds"] for s in record["stages"]}
    assert list(before) == ["prepare", "propagate", "start", "match"]
    clock = StageClock()
    keeper = Checkpoints(folder, resume=True)
    keeper.begin(record["run"], clock)
    assert {s["name"]: s["seconds"] for s in clock.spent()} == before
    provenance = run(Checkpoints(folder, resume=True)).provenance
    for stage in provenance.stages:
        assert stage["seconds"] > before.get(stage["name"], 0)


def test_a_damaged_checkpoint_falls_back_to_the_previous_one(
    folder: Path, log: Any, uninterrupted: str
) -> None:
    interrupted(folder, 10)
    (folder / "step-000000008.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    resumed = run(Checkpoints(folder, resume=True))
    assert resumed.provenance.measures["resumed_from"] == [6]
    assert "step-000000008.h5" in log.text
    assert "resuming from step 6" in log.text
    assert fingerprint(resumed.graph) == uninterrupted


def test_without_a_readable_checkpoint_the_run_starts_from_the_beginning(
    folder: Path, log: Any, uninterrupted: str
) -> None:
    interrupted(folder, 10)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    resumed = run(Checkpoints(folder, resume=True))
    assert "resumed_from" not in resumed.provenance.measures
    assert "nothing to resume" in log.text
    assert fingerprint(resumed.graph) == uninterrupted


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ({"outer": 6, "inner": 2}, "settings.outer (5 then, 6 now)"),
        ({"seed": 1}, "seed (0 then, 1 now)"),
        ({"ratio": 0.3}, "ratio (0.2 then, 0.3 now)"),
        ({"method": "random"}, "method (srgm then, random now)"),
    ],
)
def test_another_run_is_not_resumed(kind: dict, named: str, folder: Path) -> None:
    interrupted(folder, 6)
    before = sorted(p.read_bytes() for p in folder.iterdir())
    with pytest.raises(UserError) as caught:
        run(Checkpoints(folder, resume=True), **kind)
    assert named in str(caught.value)
    assert str(folder) in str(caught.value)
    assert sorted(p.read_bytes() for p in folder.iterdir()) == before


def test_another_number_of_threads_is_another_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(folder, 6)
    now = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: now + 1)
    with pytest.raises(UserError, match=rf"threads \({now} then, {now + 1} now\)"):
        run(Checkpoints(folder, resume=True))


def test_another_whole_graph_is_another_run(folder: Path) -> None:
    interrupted(folder, 6)
    graph = small_graph(num_target=80)
    graph["movie"].x_text = graph["movie"].x_text + 1e-3
    with pytest.raises(UserError, match="dataset_hash"):
        condense(graph, plan(graph, 0.2), "srgm", SETTINGS, device="cpu",
                 checkpoints=Checkpoints(folder, resume=True))  # fmt: skip


def test_without_a_checkpoint_the_run_starts_from_the_beginning_and_logs_it(
    folder: Path, log: Any, uninterrupted: str
) -> None:
    resumed = run(Checkpoints(folder, resume=True))
    assert "starting from the beginning" in log.text
    assert fingerprint(resumed.graph) == uninterrupted


def test_a_new_run_hints_at_its_own_checkpoints_and_replaces_others_by_its_first(
    folder: Path, log: Any
) -> None:
    interrupted(folder, 10)
    interrupted(folder, 2)  # before its first checkpoint: those of the longer run stay
    assert "has reached step 8: --resume continues it" in log.text
    assert len(list(folder.iterdir())) == 2
    interrupted(folder, 4)
    assert [p.name for p in folder.iterdir()] == ["step-000000002.h5"]
    interrupted(folder, 2, seed=1)  # before its first checkpoint: a mistyped option loses nothing
    assert "another run" in log.text
    assert [p.name for p in folder.iterdir()] == ["step-000000002.h5"]
    interrupted(folder, 10, seed=1)
    assert sorted(p.name for p in folder.iterdir()) == ["step-000000006.h5", "step-000000008.h5"]


def test_methods_without_a_loop_take_resume(folder: Path) -> None:
    resumed = run(Checkpoints(folder, resume=True), method="random")
    assert fingerprint(resumed.graph) == fingerprint(run(method="random").graph)
    assert not folder.exists()


def test_a_full_disk_loses_the_checkpoint_but_not_the_run(
    folder: Path, log: Any, uninterrupted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(replace.os, "fsync", full)
    assert fingerprint(run(Checkpoints(folder)).graph) == uninterrupted
    assert "No space left on device; free disk space" in log.text
    assert list(folder.iterdir()) == []


def test_a_file_where_the_folder_should_be(folder: Path, log: Any) -> None:
    folder.write_text("mine")
    run(Checkpoints(folder))
    assert "checkpoint not written, the run continues" in log.text
    assert folder.read_text() == "mine"


def test_writing_takes_a_small_part_of_the_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    keeper = Checkpoints(folder, seconds=10)
    keeper.begin({}, StageClock())
    taken = []

    def state(cost: float) -> State:
        taken.append(now[0])
        now[0] += cost
        return State({})

    for second in range(0, 2000, 5):
        now[0] = max(now[0], float(second))
        keeper.offer(second, lambda: state(1.0 if now[0] < 1000 else 0.1))
    gaps = [b - a for a, b in itertools.pairwise(taken)]
    assert taken[0] == 0  # The first one is always kept.
    assert all(gap >= 51 for gap in gaps[:15])  # 1 s of writing, 50 s without
    assert gaps[-1] == 15  # 10 s at least, looked at every 5


def test_negative_seconds_are_refused() -> None:
    with pytest.raises(UserError, match="checkpoint_seconds"):
        Checkpoints(None, -1)


def test_discarding_leaves_what_is_not_ours(folder: Path) -> None:
    interrupted(folder, 6)
    (folder / "notes.txt").write_text("mine")
    Checkpoints(folder).discard()
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]
