"""Ctrl-C and SIGTERM at any time: a sentence and a status, never a traceback."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
from commands.signals import stoppable
from condense.io import load_condensed, save
from condense.methods.srgm import loop
from tests.support.graphs import small_graph
from tests.support.paths import ROOT

QUICK = ["--method=srgm", "--epochs", "2", "--outer", "3", "--check-every", "1",
         "--checkpoint-seconds", "0"]  # fmt: skip


@pytest.fixture(autouse=True)
def signals_that_are_not_ignored() -> Iterator[None]:
    """A background job, as which the tests may run, ignores SIGINT, and so would the commands."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    save(tmp_path / "mine.h5", small_graph(num_target=80))
    return ["condense", "--dataset", str(tmp_path / "mine.h5"), "--ratio", "0.2", *QUICK]


def signal_at(call: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = loop.train_relay, []

    def signalled(*arguments: Any, **named: Any) -> object:
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), number)
        return original(*arguments, **named)

    monkeypatch.setattr(loop, "train_relay", signalled)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_condense_keeps_the_best_so_far(command, tmp_path, monkeypatch, capsys, number, status):
    out = tmp_path / "small.h5"
    signal_at(4, number, monkeypatch)
    assert cli.main([*command, "--out", str(out)]) == status
    assert "--resume continues" in capsys.readouterr().out
    assert not load_condensed(out).provenance.complete
    monkeypatch.undo()
    assert cli.main([*command, "--out", str(out), "--resume"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.h5", "small.h5"]


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")],
)
def test_before_there_is_anything_to_keep(command, monkeypatch, capsys, number, status, word):
    def signalled(*arguments: Any) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr("condense.datasets.load.load_dataset", signalled)
    assert cli.main(command) == status
    assert f"{word}; nothing was written." in capsys.readouterr().err


@pytest.mark.parametrize("stopped", [True, False])
def test_an_error_that_stands_for_a_signal_is_no_defect(monkeypatch, capsys, stopped):
    """As pydantic reports a KeyboardInterrupt that meets it; without a signal it stays a defect."""

    def swallowing(argv: list[str]) -> int:
        try:
            if stopped:
                os.kill(os.getpid(), signal.SIGTERM)
            text = ""
        except KeyboardInterrupt:
            text = ": KeyboardInterrupt"
        raise RuntimeError(f"Error building a validator{text}")

    monkeypatch.setattr("commands.inspect.run", swallowing)
    assert cli.main(["inspect", "a.h5"]) == (143 if stopped else 3)
    assert ("Traceback" in capsys.readouterr().err) is not stopped


def test_handlers_are_put_back():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    assert cli.main(["--help"]) == 0
    assert [signal.getsignal(number) for number in numbers] == before


def test_what_the_caller_ignores_stays_ignored():
    """As a script's background jobs do, which the terminal's Ctrl-C is not meant for."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        pytest.fail("it was answered")
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_waits_until_an_import_has_ended(tmp_path, monkeypatch):
    (tmp_path / "interrupted_module.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(0.2)\nDONE = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def import_and_wait() -> None:
        importlib.import_module("interrupted_module")
        time.sleep(5)

    with stoppable() as stops:
        with pytest.raises(KeyboardInterrupt):
            import_and_wait()
        assert stops.terminated
    assert sys.modules["interrupted_module"].DONE


class _Interrupted:
    """Its finalizer is interrupted: Python drops what a finalizer raises."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)


def test_a_signal_inside_a_finalizer_is_not_lost():
    def collect_and_wait() -> None:
        _Interrupted()
        time.sleep(5)

    with stoppable() as stops:
        with pytest.raises(KeyboardInterrupt):
            collect_and_wait()
        assert stops.terminated


def test_other_threads_run_commands_too():
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(cli.main(["--help"])))
    thread.start()
    thread.join()
    assert statuses == [0]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5, 1.0, 2.0])
def test_while_the_program_starts(seconds, tmp_path):
    """From the moment Python runs our first line on; its own start is not ours."""
    code = (
        "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "print('ready', flush=True); runpy.run_path('cli.py', run_name='__main__')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "condense", "--out", str(tmp_path / "a.h5"), "--ratio", "0.5"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in text


@pytest.mark.slow
def test_a_second_command_with_the_same_out_is_told(command, tmp_path):
    """The first one's process is alive while the second asks."""
    out = tmp_path / "small.h5"
    long = [*command, "--outer", "10000", "--out", str(out)]
    with subprocess.Popen([sys.executable, "cli.py", *long], cwd=ROOT) as first:
        try:
            deadline = time.monotonic() + 60
            while not list(tmp_path.glob(".*.lock")) and time.monotonic() < deadline:
                time.sleep(0.1)
            second = subprocess.run(
                [sys.executable, "cli.py", *command, "--out", str(out)],
                cwd=ROOT, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            first.send_signal(signal.SIGTERM)
            assert first.wait(60) == 143
        finally:
            first.kill()  # Or leaving the block would wait for all its steps.
    assert second.returncode == 2
    assert f"is being written by process {first.pid} on" in second.stderr
