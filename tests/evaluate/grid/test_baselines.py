"""Baselines are condensed once; whatever decides their data is in their file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from condense.budget import plan
from condense.data.fingerprint import fingerprint
from condense.errors import UserError
from evaluate.grid import baselines
from evaluate.grid.baselines import condense_baseline
from tests.support.graphs import small_graph

GRAPH = small_graph(num_target=80)


def test_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def baseline(seed: int = 0, ratio: float = 0.2, **settings: object) -> str:
        budget = plan(GRAPH, ratio)
        made = condense_baseline(
            GRAPH, budget, "kmeans", settings, seed, "cpu", tmp_path / "rivals"
        )
        return fingerprint(made.graph)

    first = baseline()
    others = [baseline(seed=1), baseline(ratio=0.1), baseline(labels="pseudo")]
    assert len({first, *others}) == 4
    assert len(list((tmp_path / "rivals").iterdir())) == 4
    monkeypatch.setattr(baselines, "condense", None)  # Whoever condenses now fails.
    assert [baseline(), baseline(seed=1)] == [first, others[0]]
    with pytest.raises(TypeError):
        baseline(seed=2)
    with pytest.raises(UserError, match="label"):
        baseline(label="pseudo")


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    budget = plan(GRAPH, 0.2)
    made = condense_baseline(GRAPH, budget, "random", {}, 0, "cpu", tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"no graph")
    again = condense_baseline(GRAPH, budget, "random", {}, 0, "cpu", tmp_path)
    assert fingerprint(again.graph) == fingerprint(made.graph)
    assert fingerprint(baselines.load_condensed(file).graph) == fingerprint(made.graph)
