"""The examples run unchanged and print what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PRINTED = {
    "own_graph.py": ("has_image", "bookshop.h5: ", "method   srgm:epochs=4"),
    "condense_and_evaluate.py": ("step 20 of 60", "srgm", "random", "retention"),
    "sweep.py": ("architectures in space.toml", "trained on the whole graph: test micro-F1"),
}


def test_every_example_is_tested_and_listed() -> None:
    names = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert names == set(PRINTED)
    listed = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f"[{name}]({name})" in listed for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINTED)
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
    for part in PRINTED[name]:
        assert part in done.stdout
