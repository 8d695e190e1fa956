"""Runs find their sections; what is not there is said."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from condense.errors import FileError, UserError
from condense.io import save
from evaluate.report.gather import gather
from evaluate.results.rows import write_rows
from tests.evaluate.report.rows import rows
from tests.support.graphs import small_condensed, small_graph


def test_a_folder_brings_its_condensed_graphs_and_its_search(tiny) -> None:
    (section,) = gather([tiny.results, tiny.search])
    assert (section.dataset, section.source, section.setting) == (
        "small",
        "simulated",
        "transductive",
    )
    assert section.title == "small (simulated)"
    assert section.slug == "small-simulated"
    assert section.rows == tiny.rows
    assert [g.path for g in section.graphs] == tiny.files
    assert [g.label for g in section.graphs] == ["srgm:epochs=2,outer=5,check_every=2", "random"]
    assert len(section.searches) == 1
    assert section.records[0][1]["command"] == "evaluate"


def test_nothing_counts_twice(tiny) -> None:
    (section,) = gather([tiny.results, tiny.results / "results.csv", *tiny.files, tiny.files[0]])
    assert len(section.rows) == len(tiny.rows)
    assert len(section.graphs) == 2


def test_data_sets_and_settings_get_a_section_each(tiny, tmp_path: Path) -> None:
    write_rows(tmp_path / "a.csv", rows())
    inductive = [dataclasses.replace(r, setting="inductive", cell="i" + r.cell) for r in rows()]
    write_rows(tmp_path / "b.csv", inductive)
    found = gather([tmp_path / "a.csv", tiny.results, tmp_path / "b.csv"])
    assert [s.title for s in found] == ["imdb", "small (simulated)", "imdb, inductive"]
    assert len({s.slug for s in found}) == 3


def test_older_results_without_names_of_trainings(tmp_path: Path) -> None:
    older = [dataclasses.replace(r, cell="") for r in rows()]
    write_rows(tmp_path / "a.csv", older)
    text = (tmp_path / "a.csv").read_text().splitlines()
    count = text[0].split(",").index("setting")
    (tmp_path / "a.csv").write_text("\n".join(",".join(t.split(",")[:count]) for t in text) + "\n")
    (section,) = gather([tmp_path / "a.csv", tmp_path / "a.csv"])
    assert section.rows == older


def test_a_condensed_graph_that_has_gone_is_noted(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.csv", rows())
    record = {"command": "evaluate", "condensed": ["gone.h5"], "dataset": "imdb", "source": "real"}
    (tmp_path / "run.json").write_text(json.dumps(record))
    (section,) = gather([tmp_path])
    assert section.notes == ["The condensed graph gone.h5 is not there any more; name its file."]


def test_a_condensed_graph_beside_its_record_is_found(tmp_path: Path) -> None:
    save(tmp_path / "near.h5", small_condensed())
    record = {
        "command": "evaluate",
        "condensed": ["near.h5"],
        "dataset": "small",
        "source": "simulated",
    }
    (tmp_path / "run.json").write_text(json.dumps(record))
    (section,) = gather([tmp_path])
    assert section.graphs[0].path == tmp_path / "near.h5"


def test_a_search_that_was_broken_off_is_about_the_data_of_its_run(tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text("trial,model,settings,score\n1,mlp,width=8,0.5\n")
    record = {"command": "search", "dataset": "amazon1", "source": "simulated"}
    (tmp_path / "run.json").write_text(json.dumps(record))
    (section,) = gather([tmp_path])
    assert section.title == "amazon1 (simulated)"
    assert len(section.searches) == len(section.records) == 1


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
    with pytest.raises(UserError, match=f"does not say its {absent}: neither search.json nor"):
        gather([tmp_path])


def test_what_cannot_be_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.csv").write_text("a,b\n")
    (tmp_path / "notes.txt").write_text("")
    write_rows(tmp_path / "none.csv", [])
    save(tmp_path / "whole.h5", small_graph())
    with pytest.raises(UserError, match=r"runs \(got nothing\) needs at least one"):
        gather([])
    for name, said in {
        "missing": "is not there",
        "missing.h5": "is not there",
        "empty": "has nothing to report",
        "torn.csv": "cannot be read as results",
        "notes.txt": "is none of a folder, a results.csv and a condensed graph",
        "none.csv": "holds no results yet",
        "whole.h5": "holds a whole graph, not a condensed one",
    }.items():
        with pytest.raises(FileError, match=said) as caught:
            gather([tmp_path / name])
        assert name in str(caught.value)
