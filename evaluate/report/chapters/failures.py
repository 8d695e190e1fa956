"""Trainings and condensations that failed, and why: without them a report would look complete."""

from __future__ import annotations

from evaluate.report.content import Chapter
from evaluate.report.runs import DatasetRuns
from evaluate.report.tables import MISSING, Table
from evaluate.results.store import Failure


def chapter(runs: DatasetRuns) -> Chapter:
    """Every failure of the last run into each folder, with its reason."""
    # A folder may have been named twice, in two spellings.
    rows = dict.fromkeys(_row(failure) for failure in runs.failures)
    heading = "What failed"
    if not rows:
        return Chapter(heading)
    table = Table(
        f"{runs.slug}-failures",
        f"Failures, {runs.title}",
        ("on", "condensing seed", "model", "training seed", "reason"),
        tuple(rows),
        left=5,
        note="The means above leave these out. The same command tries them again.",
    )
    return Chapter(heading, tables=(table,))


def _row(failure: Failure) -> tuple[str, ...]:
    condense_seed = MISSING if failure.condense_seed is None else str(failure.condense_seed)
    if not failure.model:
        return failure.method, condense_seed, "condensing", MISSING, failure.reason
    training = "choosing settings" if failure.train_seed is None else str(failure.train_seed)
    return failure.method, condense_seed, failure.model, training, failure.reason
