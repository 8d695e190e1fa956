"""What a sweep tries next, after a kill and after failures; no Ray is started."""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import pytest

from evaluate.distributed.proposals import Proposals
from evaluate.search.architecture import Architecture
from evaluate.search.record import FAILED, FINISHED, TrialRow
from evaluate.search.space import Space, read_space

SPACE = """
[training]
lr = [0.003, 0.03]
[models.mlp]
hidden = [2, 4, 8, 16]
[models.gcn]
hidden = [2, 4, 8, 16]
layers = [1, 2]
[models.gcn.training]
lr = [0.1]
"""
COUNT = 25  # Ten of these are drawn at random, before the estimator knows enough.


@pytest.fixture
def space(tmp_path: Path) -> Space:
    (tmp_path / "space.toml").write_text(SPACE)
    return read_space(tmp_path / "space.toml")


def score(architecture: Architecture) -> float:
    """Any score; NaN for some."""
    number = zlib.crc32(repr(architecture.key).encode()) % 100
    return math.nan if number < 40 else number / 100


def run(proposals: Proposals) -> list[TrialRow]:
    """All trials, one after another."""
    rows = []
    while one := proposals.next():
        value = score(one.architecture)
        status = FAILED if math.isnan(value) else FINISHED
        rows.append(TrialRow(one.number, *one.architecture.key, value, 1, 0.0, status))
        proposals.tell(one, value)
    return rows


def keys(rows: list[TrialRow]) -> list[tuple[int, str, str]]:
    return [(row.trial, row.model, row.settings) for row in rows]


def test_a_sweep_that_was_killed_draws_what_it_would_have_drawn(space: Space) -> None:
    whole = run(Proposals(space, 3, [], range(1, COUNT + 1)))
    assert keys(run(Proposals(space, 3, [], range(1, COUNT + 1)))) == keys(whole)
    assert keys(run(Proposals(space, 4, [], range(1, COUNT + 1)))) != keys(whole)
    assert FAILED in {row.status for row in whole}
    for ended in (1, 9, 12, 24):
        rest = run(Proposals(space, 3, whole[:ended], range(ended + 1, COUNT + 1)))
        assert keys(rest) == keys(whole[ended:])


def test_failed_trials_try_their_architecture_again(space: Space) -> None:
    rows = run(Proposals(space, 3, [], range(1, COUNT + 1)))
    failed = [row for row in rows if row.status == FAILED]
    again = run(Proposals(space, 3, rows, [row.trial for row in failed]))
    assert keys(again) == keys(failed)


def test_rows_that_are_not_drawn_again_are_known_all_the_same(space: Space) -> None:
    """As several jobs leave them: other architectures, in another order, with gaps."""
    rows = run(Proposals(space, 3, [], range(1, COUNT + 1)))
    best = max((r for r in rows if r.status == FINISHED), key=lambda row: row.score)
    kept = [
        TrialRow(n, best.model, best.settings, best.score, 1, 0.0, FINISHED) for n in range(2, 14)
    ]
    proposals = Proposals(space, 5, kept, [1, *range(14, COUNT)])
    found = run(proposals)
    assert [row.trial for row in found] == [1, *range(14, COUNT)]
    study = proposals._study
    known = [t for t in study.trials if t.value is not None and t.params["model"] == best.model]
    assert sum(t.value == best.score for t in known) >= len(kept)
