"""Debian's packages as a graph, from a made-up index, and the real one against its known counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from condense.data.rules.check import check
from condense.datasets import debian
from condense.datasets.debian import (
    load_debian,
    number_features,
    section_classes,
    tag_features,
)
from condense.datasets.debian_index import PackageIndex
from condense.errors import FileError
from tests.support.shared_data import DATA, needs

SECTIONS = ("games", "libs", "net")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """120 packages each of three sections and 5 of a fourth; each depends on the one before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    paragraphs = []
    for i in range(365):
        section = SECTIONS[i % 3] if i < 360 else "misc"
        tag = f"Tag: use::{section}\n" if i % 2 else ""
        paragraphs.append(
            f"Package: p{i}\nSection: {section}\nSource: s{i // 2}\nMaintainer: m{i % 7}\n"
            f"Depends: p{max(i - 1, 0)}\n{tag}Description: words of {section} and w{i % 11} w{i % 5}\n"
        )
    path = tmp_path / "debian" / "Packages"
    path.parent.mkdir()
    path.write_text("\n".join(paragraphs))
    return tmp_path


def test_a_made_up_index(root: Path) -> None:
    graph = load_debian(root)
    check(graph)
    package = graph["package"]
    assert (package.num_nodes, graph["source"].num_nodes, graph["maintainer"].num_nodes) == (
        365,
        183,
        7,
    )
    depends = graph["package", "depends", "package"].edge_index
    assert torch.equal(depends, torch.stack([torch.arange(1, 365), torch.arange(364)]))
    back = graph["package", "rev_depends", "package"].edge_index
    assert torch.equal(back, depends.flip(0))
    built = graph["package", "built_from", "source"].edge_index
    # Two packages in a row are built from one source.
    assert (built[1][0:364:2] == built[1][1:365:2]).all()
    assert torch.bincount(built[1]).sort().values.tolist() == [1] + [2] * 182
    assert (package.y[:360] == torch.arange(360) % 3).all()
    assert (package.y[360:] == -1).all()
    assert [int(package[f"{s}_mask"].sum()) for s in ("train", "val", "test")] == [180, 90, 90]
    assert torch.equal(package.has_tags, torch.arange(365) % 2 == 1)


def test_it_is_prepared_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_debian(root)
    monkeypatch.setattr(debian, "read_index", lambda path: pytest.fail("prepared again"))
    again, poor = load_debian(root), load_debian(root, poor=True)
    assert torch.equal(first["package"].x_text, again["package"].x_text)
    assert torch.equal(first["package"].train_mask, again["package"].train_mask)
    assert poor.name == "debian-poor"
    store = poor["package"]
    for mask, count in (("train_mask", 20), ("val_mask", 30), ("test_mask", 70)):
        assert torch.bincount(store.y[store[mask]]).tolist() == [count] * 3


def test_a_damaged_cache_is_replaced(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = load_debian(root)
    (kept,) = (root / "cache" / "mmgc").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    again = load_debian(root)
    assert "it is prepared again" in caplog.text
    assert torch.equal(first["package"].x_text, again["package"].x_text)
    caplog.clear()
    load_debian(root)
    assert not caplog.text


def test_without_a_cache(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (root / "cache").write_text("a file where a folder should be")
    assert load_debian(root).num_classes == 3
    assert "is not kept" in caplog.text


def test_sections_need_packages(root: Path) -> None:
    path = root / "debian" / "Packages"
    path.write_text(path.read_text().replace("Section: libs", "Section: a").replace("net", "games"))
    assert load_debian(root).num_classes == 2
    path.write_text(path.read_text().replace("Section: a", "Section: games"))
    with pytest.raises(FileError, match=r"got 1 sections of 100 packages"):
        load_debian(root)


def test_classes_are_in_alphabetical_order() -> None:
    classes, labels = section_classes(["b"] * 100 + ["a"] * 100 + ["c"] * 99)
    assert classes == ["a", "b"]
    assert labels.tolist() == [1] * 100 + [0] * 100 + [-1] * 99


def test_the_most_frequent_tags_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "TAGS", 2)
    x, has = tag_features([["b", "c"], ["a", "b"], [], ["d"], ["a"]])
    assert x.tolist() == [[0, 1], [1, 1], [0, 0], [0, 0], [1, 0]]  # Columns a and b.
    assert has.tolist() == [True, True, False, True, True]


def test_unknown_sizes_are_the_mean_with_an_indicator() -> None:
    index = PackageIndex(
        installed_size=[np.e - 1, float("nan"), np.e**3 - 1],
        size=[1, 1, 1],
        priority=["optional", "required", "extra"],
        portable=[True, False, False],
    )
    x = number_features(index)
    expected = [[-1, 0, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1], [1, 0, 0, 0, 0, 0]]
    assert torch.allclose(x, torch.tensor(expected).float(), atol=1e-5)


@needs("debian")
@pytest.mark.slow
def test_the_real_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    graph = load_debian(DATA)
    counts = [graph[t].num_nodes for t in graph.node_types]
    assert counts == [63_436, 34_169, 2_248]  # Four names stand twice in the index.
    edges = [graph[r].edge_index.size(1) for r in graph.edge_types[::2]]
    assert edges == [247_686, 28_800, 22_849, 63_436, 63_436]
    assert graph.num_classes == 50
    assert int(graph["package"].has_tags.sum()) == 30_300
    y = graph["package"].y
    assert torch.bincount(y[y >= 0]).min() >= 100
