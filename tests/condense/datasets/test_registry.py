"""Every registered data set loads, obeys the rules and is documented."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

import cli
from commands.condense import CondenseArguments
from condense.data.features import complete
from condense.data.graph import SPLITS, UNLABELLED, hide_test_labels
from condense.datasets import registry
from condense.datasets.registry import DATASETS, load_dataset
from condense.errors import FileError, UserError
from models.schema import modality_names
from tests.support.shared_data import DATA

FOLDERS = {"imdb": "imdb", "acm": "heco/acm", "dblp": "heco/dblp", "cora": "planetoid"}
FOLDERS |= {"photo": "amazon"}


@pytest.mark.parametrize("name", DATASETS)
def test_every_entry(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = DATASETS[name]
    if entry.simulated:
        load = getattr(registry, f"load_{name}")
        monkeypatch.setattr(registry, f"load_{name}", partial(load, scale=0.01))
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
def test_missing_files_are_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"is missing; put .*'s files below --data-root"):
        load_dataset(name, tmp_path)
    with pytest.raises(UserError, match=rf"{name} has no simulated stand-in"):
        load_dataset(name, tmp_path, source="simulated")


def test_every_entry_is_documented() -> None:
    page = (Path(cli.__file__).parent / "docs" / "datasets.md").read_text(encoding="utf-8")
    for name in DATASETS:
        assert f"`{name}`" in page
    documentation = CondenseArguments.__doc__ or ""
    for name in {n.removesuffix("-" + n.split("-")[-1]) for n in DATASETS}:
        assert name in documentation
