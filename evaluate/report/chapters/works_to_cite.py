"""Whom to cite: the one chapter that is about all data sets of the page together."""

from __future__ import annotations

from collections.abc import Iterable

from evaluate.report.citations import bibtex
from evaluate.report.content import Chapter
from evaluate.report.runs import DatasetRuns
from evaluate.results.rows import WHOLE


def chapter(datasets: Iterable[DatasetRuns]) -> Chapter:
    """BibTeX entries of the methods, models, data sets and programs that were used."""
    methods: dict[str, None] = {}
    models: dict[str, None] = {}
    names: dict[str, None] = {}
    searched = False
    for runs in datasets:
        methods |= dict.fromkeys(g.condensed.provenance.method for g in runs.graphs)
        methods |= dict.fromkeys(
            r.method.partition(":")[0] for r in runs.rows if r.trained_on != WHOLE
        )
        specs = [r.model for r in runs.rows]
        specs += [
            row["model"] for search in runs.searches for row in (*search.trials, *search.verify)
        ]
        models |= dict.fromkeys(spec.partition(":")[0] for spec in specs)
        if runs.source == "real":
            names[runs.dataset] = None
        searched = searched or bool(runs.searches)
    return Chapter("Works to cite", bibtex=bibtex(methods, models, names, searched))
