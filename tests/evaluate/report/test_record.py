"""Whom to cite is found wherever a model is named."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from evaluate.report.chapters.record import citing
from evaluate.report.gather import Section
from evaluate.report.search_folder import Search
from tests.evaluate.report.rows import row


def test_models_are_cited_whatever_their_settings() -> None:
    found = [dataclasses.replace(row("srgm", "hgnn_ima:layers=2", 0, 0.5), source="simulated")]
    text = citing([Section("mine", "simulated", "transductive", rows=found)]).bibtex
    assert "{hgnn_ima," in text
    assert "{srgm," in text


def test_models_of_a_verification_are_cited() -> None:
    search = Search(Path("s"), {}, verify=[{"model": "sehgnn", "settings": "", "whole_val": ""}])
    text = citing([Section("mine", "simulated", "transductive", searches=[search])]).bibtex
    assert "{sehgnn," in text
