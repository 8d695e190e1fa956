"""Every registered data set loads, obeys the rules and is documented."""

from __future__ import annotations

import importlib
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from commands.condense import CondenseArguments
from condense.data.features import complete
from condense.data.graph import SPLITS, UNLABELLED, hide_test_labels
from condense.datasets import debian_index
from condense.datasets.load import load_dataset
from condense.datasets.registry import DATASETS, dataset_name, dataset_table
from condense.errors import FileError, UserError
from models.choices import UnknownChoiceError, folded
from models.schema import modality_names
from tests.support.paths import ROOT
from tests.support.shared_data import DATA

FOLDERS = {"imdb": "imdb", "acm": "heco/acm", "dblp": "heco/dblp", "cora": "planetoid"}
FOLDERS |= {"photo": "amazon", "debian": "debian"}


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    """Prepared graphs are kept in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("name", DATASETS)
def test_every_entry(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = DATASETS[name]
    if entry.simulated:
        module = importlib.import_module(f"condense.datasets.{name}")
        load = getattr(module, f"load_{name}")
        monkeypatch.setattr(module, f"load_{name}", partial(load, scale=0.01))
    elif not (DATA / FOLDERS[name.split("-")[0]]).exists():
        pytest.skip(f"real files of {name} are not here")
    graph = load_dataset(name, DATA)
    assert graph.name == name
    assert graph.source == ("simulated" if entry.simulated else "real")
    store = graph[graph.target]
    assert set(modality_names(store)) == set(entry.modalities) <= set(entry.available)
    # Labels of nodes outside the split are hidden.
    inside = sum(store[split].int() for split in SPLITS)
    assert ((inside == 1) == (store.y != UNLABELLED)).all()
    # Every type has features after completion from its neighbours.
    visible = complete(hide_test_labels(graph))
    assert all(modality_names(visible[t]) for t in visible.node_types)
    last = entry.available[-1]
    single = load_dataset(name, str(DATA), modalities=[last])
    assert modality_names(single[graph.target]) == (last,)


@pytest.mark.parametrize("name", [n for n, entry in DATASETS.items() if not entry.simulated])
def test_missing_files_are_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_index, "APT_LISTS", tmp_path)
    with pytest.raises(FileError, match=r"is missing; put .*'s files below --data-root"):
        load_dataset(name, tmp_path)
    with pytest.raises(UserError, match=rf"{name} has no simulated stand-in"):
        load_dataset(name, tmp_path, source="simulated")


def test_no_entry_is_without_documentation() -> None:
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert f"<!-- datasets -->\n{dataset_table()}\n<!-- /datasets -->" in page
    for name in DATASETS:
        assert f"`{name}`" in dataset_table()
    help_text = CondenseArguments.__doc__ or ""
    for name in {n.removesuffix("-" + n.split("-")[-1]) for n in DATASETS}:
        assert name in help_text


def test_spellings() -> None:
    assert len({folded(name) for name in DATASETS}) == len(DATASETS)
    assert dataset_name("IMDB_unique") == "imdb-unique"
    assert dataset_name("My Graph.h5") == "My Graph.h5"
    with pytest.raises(UnknownChoiceError, match="did you mean 'imdb'"):
        dataset_name("imbd")


def test_names_are_known_without_torch() -> None:
    code = "import sys, condense.datasets.registry; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.pt", r"is not a graph's file \(\.h5, \.hdf5\): prepare x\.pt --out mine\.h5"),
        ("missing/x.PTH", "is not a graph's file"),
        ("a.mat", "is not a graph's file.*prepare a.mat --out"),
        ("b.npz", "is not a graph's file"),
        ("folder", "is a folder; .*--data-root"),
        ("folder/", "is a folder; .*--data-root"),
        ("folder/acm", "is not a graph's file"),
        ("graph.h5.bak", "is not a graph's file"),
        ("ogbn-arxiv", "has no loader here.*prepare FOLDER --out"),
    ],
)
def test_what_is_no_name_gets_a_fitting_sentence(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "graph.h5.bak").touch()
    for look_up in (dataset_name, load_dataset):
        with pytest.raises(UserError, match=said) as raised:
            look_up(name)
        assert "amazon1" not in str(raised.value)


def test_a_folder_named_as_a_data_set_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acm").mkdir()
    assert dataset_name("ACM") == "acm"
