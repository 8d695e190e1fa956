"""Help answers at once: what it imports, how long it takes, and that it shows examples."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import cli

ROOT = Path(cli.__file__).parent
HEAVY = ("torch", "torch_geometric", "ray", "optuna", "pandas", "sklearn", "scipy", "numpy", "h5py")
SECONDS = 0.5
every_help = pytest.mark.parametrize(
    "argv", [["--help"], *([name, "--help"] for name in cli.COMMANDS)], ids=lambda argv: argv[0]
)


def imported_by(argv: list[str]) -> tuple[int, list[str], str]:
    """Exit status, which of HEAVY were imported, and all that was said."""
    code = f"""
import sys, cli
try:
    status = cli.main({argv!r})
except SystemExit as stopped:
    status = stopped.code
print("@", status, [m for m in {HEAVY!r} if m in sys.modules], sep="|")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    said, _, found = done.stdout.rpartition("@|")
    status, _, heavy = found.strip().partition("|")
    return int(status), ast.literal_eval(heavy), said + done.stderr


@every_help
def test_help_shows_examples_and_imports_nothing_heavy(argv: list[str]) -> None:
    status, heavy, said = imported_by(argv)
    assert status == 0
    assert heavy == []
    command = argv[0] if len(argv) > 1 else "condense"
    assert any(
        line.lstrip(' "eval$(').startswith(f"python cli.py {command} ")
        for line in said.splitlines()
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["condence"], "did you mean 'condense'"),
        (["condense", "--method", "srgmm"], "did you mean 'srgm'"),
        (["condense", "--dataset", "imbd"], "did you mean 'imdb'"),
        (["condense", "--method", "srgm", "--epochs", "-1"], "epochs (got -1)"),
        (["condense", "--method", "srgm", "--epoch", "1"], "--epochs"),
        (["evaluate", "--models", "htg"], "did you mean 'hgt'"),
        (["reproduce", "coar"], "did you mean 'cora'"),
    ],
)
def test_a_wrong_name_or_value_is_refused_before_anything_heavy(argv: list[str], said: str) -> None:
    status, heavy, answer = imported_by(argv)
    assert status == 2
    assert heavy == []
    assert said in answer


@pytest.mark.slow
@every_help
def test_help_takes_less_than_half_a_second(argv: list[str]) -> None:
    """In the processor's seconds, which on an idle machine are the clock's: others may keep it busy."""
    seconds = []
    for _ in range(5):
        before = used()
        subprocess.run(
            [sys.executable, "cli.py", *argv], cwd=ROOT, stdout=subprocess.DEVNULL, check=True
        )
        seconds.append(used() - before)
    assert min(seconds) < SECONDS


def used() -> float:
    """Seconds that the processor has spent on the processes that this one has started."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
