"""What could not be done, and why: a report without it would look whole."""

from __future__ import annotations

from evaluate.report.content import Chapter
from evaluate.report.gather import Section
from evaluate.report.tables import Table

MISSING = "–"


def failing(section: Section) -> Chapter:
    """Trainings and condensings that the last run into a folder ended without."""
    # The same folder may have been named in two ways.
    rows = dict.fromkeys(
        (
            f.method,
            _seed(f.condense_seed),
            f.model or "condensing",
            ("choosing settings" if f.train_seed is None else str(f.train_seed))
            if f.model
            else MISSING,
            f.reason,
        )
        for f in section.failures
    )
    heading = "What failed"
    if not rows:
        return Chapter("failures", heading)
    table = Table(
        f"{section.slug}-failures",
        f"Failures, {section.title}",
        ("on", "condensing seed", "model", "training seed", "reason"),
        tuple(rows),
        left=5,
        note="Means above are over what did not fail. The same command tries these again.",
    )
    return Chapter("failures", heading, tables=(table,))


def _seed(seed: int | None) -> str:
    return MISSING if seed is None else str(seed)
