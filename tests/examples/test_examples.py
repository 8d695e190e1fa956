"""The examples run as they stand, and say what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SAID = {
    "own_graph.py": ("has_image", "bookshop.h5: ", "method   srgm:epochs=4"),
    "condense_and_evaluate.py": ("step 20 of 60", "srgm", "random", "retention"),
    "sweep.py": ("architectures in space.toml", "trained on the whole graph: test micro-F1"),
}


def test_every_example_is_tested_and_listed() -> None:
    found = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert found == set(SAID)
    listed = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f"[{name}]({name})" in listed for name in found)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_it_runs(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for part in SAID[name]:
        assert part in done.stdout
