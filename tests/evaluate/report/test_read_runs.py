"""Runs are grouped by data set, and missing files are named."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from condense.errors import FileError, UserError
from condense.io import save
from evaluate.report.read_runs import read_runs
from evaluate.results.rows import write_rows
from tests.evaluate.report.rows import rows
from tests.support.graphs import small_condensed, small_graph


def test_a_folder_brings_its_condensed_graphs_and_its_search(tiny) -> None:
    (runs,) = read_runs([tiny.results, tiny.search])
    assert (runs.dataset, runs.source, runs.setting) == (
        "small",
        "simulated",
        "transductive",
    )
    assert runs.title == "small (simulated)"
    assert runs.slug == "small-simulated"
    assert runs.rows == tiny.rows
    assert [g.path for g in runs.graphs] == tiny.files
    assert [g.label for g in runs.graphs] == ["srgm:epochs=2,outer=5,check_every=2", "random"]
    assert len(runs.searches) == 1
    assert runs.records[0][1]["command"] == "evaluate"


def test_nothing_counts_twice(tiny) -> None:
    (runs,) = read_runs([tiny.results, tiny.results / "results.csv", *tiny.files, tiny.files[0]])
    assert len(runs.rows) == len(tiny.rows)
    assert len(runs.graphs) == 2


def test_data_sets_and_settings_are_kept_apart(tiny, tmp_path: Path) -> None:
    write_rows(tmp_path / "a.csv", rows())
    inductive = [dataclasses.replace(r, setting="inductive", cell="i" + r.cell) for r in rows()]
    write_rows(tmp_path / "b.csv", inductive)
    datasets = read_runs([tmp_path / "a.csv", tiny.results, tmp_path / "b.csv"])
    assert [s.title for s in datasets] == ["imdb", "small (simulated)", "imdb, inductive"]
    assert len({s.slug for s in datasets}) == 3


def test_older_results_without_names_of_trainings(tmp_path: Path) -> None:
    older = [dataclasses.replace(r, cell="") for r in rows()]
    write_rows(tmp_path / "a.csv", older)
    text = (tmp_path / "a.csv").read_text().splitlines()
    count = text[0].split(",").index("setting")
    (tmp_path / "a.csv").write_text("\n".join(",".join(t.split(",")[:count]) for t in text) + "\n")
    (runs,) = read_runs([tmp_path / "a.csv", tmp_path / "a.csv"])
    assert runs.rows == older


def test_a_condensed_graph_that_is_gone_is_noted(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.csv", rows())
    record = {"command": "evaluate", "condensed": ["gone.h5"], "dataset": "imdb", "source": "real"}
    (tmp_path / "run.json").write_text(json.dumps(record))
    (runs,) = read_runs([tmp_path])
    assert runs.notes == ["The condensed graph gone.h5 no longer exists there; name its file."]


def test_a_condensed_graph_beside_its_record_is_found(tmp_path: Path) -> None:
    save(tmp_path / "near.h5", small_condensed())
    record = {
        "command": "evaluate",
        "condensed": ["near.h5"],
        "dataset": "small",
        "source": "simulated",
    }
    (tmp_path / "run.json").write_text(json.dumps(record))
    (runs,) = read_runs([tmp_path])
    assert runs.graphs[0].path == tmp_path / "near.h5"


def test_an_interrupted_search_takes_its_data_from_its_run(tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text("trial,model,settings,score\n1,mlp,width=8,0.5\n")
    record = {"command": "search", "dataset": "amazon1", "source": "simulated"}
    (tmp_path / "run.json").write_text(json.dumps(record))
    (runs,) = read_runs([tmp_path])
    assert runs.title == "amazon1 (simulated)"
    assert len(runs.searches) == len(runs.records) == 1


@pytest.mark.parametrize(
    ("record", "absent"),
    [(None, "dataset and source"), ({"dataset": "amazon1"}, "source"), ({}, "dataset and source")],
)
def test_the_data_of_a_search_are_never_guessed(
    tmp_path: Path, record: dict[str, str] | None, absent: str
) -> None:
    (tmp_path / "trials.csv").write_text("trial,model,settings,score\n1,mlp,width=8,0.5\n")
    if record is not None:
        (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=f"does not name its {absent}: neither search.json nor"):
        read_runs([tmp_path])


def test_what_cannot_be_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.csv").write_text("a,b\n")
    (tmp_path / "notes.txt").write_text("")
    write_rows(tmp_path / "none.csv", [])
    save(tmp_path / "whole.h5", small_graph())
    with pytest.raises(UserError, match=r"runs \(got nothing\) needs at least one"):
        read_runs([])
    for name, message in {
        "missing": "does not exist",
        "missing.h5": "does not exist",
        "empty": "has nothing to report",
        "torn.csv": "cannot be read as results",
        "notes.txt": "is not a folder, a results.csv or a condensed graph",
        "none.csv": "holds no results yet",
        "whole.h5": "holds a whole graph, not a condensed one",
    }.items():
        with pytest.raises(FileError, match=message) as caught:
            read_runs([tmp_path / name])
        assert name in str(caught.value)
