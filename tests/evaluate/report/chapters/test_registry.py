"""A chapter is a file and a row; without runs it is empty."""

from __future__ import annotations

import pkgutil

import pytest

from evaluate.report import chapters
from evaluate.report.chapters.registry import CHAPTERS
from evaluate.report.read_runs import read_runs
from evaluate.report.runs import DatasetRuns


def test_every_file_is_a_chapter() -> None:
    files = {module.name for module in pkgutil.iter_modules(chapters.__path__)}
    registered = {build.__module__.rpartition(".")[2] for build in CHAPTERS.values()}
    # Works to cite are those of all data sets together, so they are no data set's chapter.
    assert files == registered | {"registry", "works_to_cite"}


@pytest.mark.parametrize("anchor", CHAPTERS)
def test_a_chapter_is_empty_without_runs(anchor: str) -> None:
    built = CHAPTERS[anchor](DatasetRuns("imdb", "real", "transductive"))
    assert built.empty
    assert built.heading


@pytest.mark.parametrize("anchor", [anchor for anchor in CHAPTERS if anchor != "failures"])
def test_a_chapter_has_content_with_runs(anchor: str, tiny) -> None:
    (runs,) = read_runs([tiny.results, tiny.search])
    built = CHAPTERS[anchor](runs)
    assert not built.empty
    names = [item.name for item in (*built.figures, *built.tables, *built.details)]
    assert len(set(names)) == len(names)
    assert all(name.startswith(runs.slug) for name in names)
