"""Every model that a run names is cited."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from evaluate.report.chapters.works_to_cite import chapter
from evaluate.report.runs import DatasetRuns
from evaluate.report.search_folder import SearchFolder
from tests.evaluate.report.rows import row


def test_models_are_cited_whatever_their_settings() -> None:
    results = [dataclasses.replace(row("srgm", "hgnn_ima:layers=2", 0, 0.5), source="simulated")]
    text = chapter([DatasetRuns("mine", "simulated", "transductive", rows=results)]).bibtex
    assert "{hgnn_ima," in text
    assert "{srgm," in text


def test_models_of_a_verification_are_cited() -> None:
    search = SearchFolder(
        Path("s"), {}, verify=[{"model": "sehgnn", "settings": "", "whole_val": ""}]
    )
    text = chapter([DatasetRuns("mine", "simulated", "transductive", searches=[search])]).bibtex
    assert "{sehgnn," in text
