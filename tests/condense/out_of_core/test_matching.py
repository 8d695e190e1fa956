"""SR-GM on disk: the same updates and edges as in memory, whatever the blocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.clustering.reduction import Reduction
from condense.data.condensed import CondensedGraph
from condense.data.features import FeatureScaler, complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.errors import UserError
from condense.judging.relay_validator import RelayValidator
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import SharedSpace
from condense.out_of_core import matching
from condense.out_of_core.matching_room import RowsHeld, check_matching, rows_held
from condense.out_of_core.room import BASE, GIB, Room
from condense.run import DivergedError
from models.schema import GraphSchema, features
from tests.condense.out_of_core.test_run import (
    assert_alike,
    in_memory,
    on_disk,
    small_blocks,  # noqa: F401  (it holds here, too)
)
from tests.support.graphs import small_graph
from tests.support.on_disk import films, products

SHORT = {"epochs": 3, "outer": 5, "check_every": 1, "lr_features": 0.01}


def noisy_films() -> MultimodalGraph:
    """Films whose classes are hard to tell, so that matching has something to do."""
    graph, rng = films(), torch.Generator().manual_seed(5)
    for node_type, modality in (("movie", "x_text"), ("movie", "x_image"), ("director", "x_text")):
        x = graph[node_type][modality]
        graph[node_type][modality] = x + 4 * torch.randn(x.shape, generator=rng)
    return graph


def equally_wide() -> MultimodalGraph:
    return small_graph(num_target=120, text_width=4, image_width=4, weighted=True)


@pytest.fixture
def last_is_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each validation scores higher than the one before, so that the last update is kept."""
    scores: dict[int, int] = {}

    def score(self: RelayValidator, *given: Any) -> float:
        scores[id(self)] = scores.get(id(self), 0) + 1
        return float(scores[id(self)])

    monkeypatch.setattr(RelayValidator, "score", score)


def assert_same_history(one: CondensedGraph, other: CondensedGraph) -> None:
    assert len(one.provenance.history) == len(other.provenance.history) > 0
    for found, expected in zip(one.provenance.history, other.provenance.history, strict=True):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6, nan_ok=True)


@pytest.mark.usefixtures("last_is_best")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"decouple": "parameters", "frame_width": 2},
    ],
)
def test_the_graph_is_that_of_a_graph_in_memory(tmp_path: Path, settings: dict[str, Any]) -> None:
    graph, settings = noisy_films(), {**SHORT, **settings}
    found = on_disk(graph, tmp_path / "a", "srgm", **settings)
    expected = in_memory(graph, "srgm", **settings)
    assert_alike(found.graph, expected.graph)
    assert_same_history(found, expected)
    start = on_disk(graph, tmp_path / "b", "srgm", **{**settings, "epochs": 0}).graph
    assert (found.graph["movie"].x_text - start["movie"].x_text).abs().max() > 0.02
    for key in ("relay_width", "start_val_score", "best_val_score", "best_step"):
        assert found.provenance.measures[key] == expected.provenance.measures[key]
    assert found.provenance.measures["best_step"] == settings["epochs"] * settings["outer"]


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (products, {"hops": 1}),
        (noisy_films, {"decouple": "field", "damping": 0.1, "labels": "labelled", "space": "own"}),
        (equally_wide, {"frames": "identity"}),
        (noisy_films, {"relay": "two-layer", "batch": 10, "decouple": "off", "hops": 1}),
    ],
)
def test_one_step_is_as_in_memory_where_rounding_decides_on_later_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, settings: dict[str, Any]
) -> None:
    """With edges of equal counts, or gradients that are rounding errors, of which Adam makes full steps."""
    monkeypatch.setattr(Room, "taught", lambda self, width: 10_000)
    settings = {**SHORT, "outer": 1, "epochs": 1, **settings}
    found = on_disk(make(), tmp_path / "a", "srgm", **settings)
    expected = in_memory(make(), "srgm", **settings)
    one, other = found.provenance.history[0], expected.provenance.history[0]
    for key in ("loss", "energy", "conflict_rate", "chance_conflict_rate"):
        assert one[key] == pytest.approx(other[key], rel=1e-5), key
    one, other = found.provenance.measures, expected.provenance.measures
    for key in ("relay_width", "start_val_score"):
        assert one[key] == other[key]


@pytest.mark.usefixtures("last_is_best")
def test_updates_stay_within_the_leading_directions(tmp_path: Path) -> None:
    graph, rng = noisy_films(), torch.Generator().manual_seed(0)
    for node_type, modality, width in (("movie", "text", 12), ("director", "text", 9)):
        count = int(graph[node_type].num_nodes)
        strong = torch.randn(count, 3, generator=rng) @ torch.randn(3, width, generator=rng)
        noise = 0.01 * torch.randn(count, width, generator=rng)
        graph[node_type][f"x_{modality}"] = strong + noise
    settings = {**SHORT, "rank": 3}
    start = on_disk(graph, tmp_path / "a", "srgm", **{**settings, "epochs": 0}).graph
    moved = on_disk(graph, tmp_path / "b", "srgm", **settings).graph
    whole = complete(hide_test_labels(graph))
    scaler = FeatureScaler.fit(whole)
    basis = Reduction.fit(scaler.apply(whole), 3, torch.Generator().manual_seed(0)).basis
    one, other = scaler.apply(moved), scaler.apply(start)
    for (node_type, modality), b in basis.items():
        change = features(one[node_type], modality) - features(other[node_type], modality)
        if b.size(0) > 6:
            assert (change - change @ b @ b.T).norm() <= 0.02 * change.norm()
    assert (moved["movie"].x_text - start["movie"].x_text).abs().max() > 0.01


@pytest.mark.usefixtures("last_is_best")
def test_the_spread_is_that_of_a_graph_in_memory(tmp_path: Path) -> None:
    graph, settings = noisy_films(), {**SHORT, "spread": "on"}
    found = on_disk(graph, tmp_path / "a", "srgm", **settings).graph
    expected = in_memory(graph, "srgm", **settings).graph
    assert_alike(found, expected)
    one, other = dict(found.spread.arrays()), dict(expected.spread.arrays())
    for key in ("present", "degree", "has"):
        assert torch.allclose(one[key].float(), other[key].float(), atol=0.01), key


def test_models_choose_as_in_memory(tmp_path: Path) -> None:
    graph, settings = noisy_films(), {**SHORT, "spread": "auto"}
    found = on_disk(graph, tmp_path / "a", "srgm", **settings).provenance.measures
    expected = in_memory(graph, "srgm", **settings).provenance.measures
    assert list(found["judged"]) == ["off", "on, unmatched", "on"]
    assert found["spread"] == expected["spread"]
    assert found["judged"]["off"] == pytest.approx(expected["judged"]["off"], abs=1e-9)
    settings = {"epochs": 0, "spread": "auto"}
    unmatched = on_disk(graph, tmp_path / "b", "srgm", **settings).provenance.measures
    assert list(unmatched["judged"]) == ["off", "on"]


def test_rows_of_a_sample_are_those_of_the_views_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only some nodes are compared, and some of each class matched, they are drawn by the seed."""
    monkeypatch.setattr(matching, "COMPARED", 50)
    monkeypatch.setattr(Room, "taught", lambda self, width: 25)
    seen: list[tuple[str, Any]] = []
    of_views, of, on = SharedSpace.of_views, Pool.of, RelayValidator.on

    def shared(views: Any, width: int) -> SharedSpace:
        seen.append(("views", {key: len(x) for key, x in views.items()}))
        return of_views(views, width)

    def pool(*given: Any) -> Pool:
        seen.append(("pool", of(*given).sizes))
        return of(*given)

    def validator(z: Any, *given: Any) -> RelayValidator:
        seen.append(("validated", len(z)))
        return on(z, *given)

    monkeypatch.setattr(SharedSpace, "of_views", shared)
    monkeypatch.setattr(Pool, "of", pool)
    monkeypatch.setattr(RelayValidator, "on", validator)
    one = on_disk(noisy_films(), tmp_path / "a", "srgm", **SHORT)
    other = on_disk(noisy_films(), tmp_path / "b", "srgm", **SHORT)
    counts = dict(seen)
    assert set(counts["views"].values()) == {25}
    assert counts["pool"] == (6, 6, 6)
    assert counts["validated"] == 5
    assert_alike(one.graph, other.graph)


def test_as_many_rows_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    room = Room(2 * GIB)
    most = int((2 * GIB - BASE) / 32 / 4096)  # 32 bytes a number: four copies of two.
    assert rows_held(room, 4096, 50, 1024) == RowsHeld(most // 5, 4 * most // 5 // 50)
    assert rows_held(room, 100, 3, 1024) == RowsHeld(2**15, 1024)


@pytest.mark.parametrize(
    ("classes", "ratio", "told"),
    [
        (
            2000,
            0.01,
            r"memory \(got 2GiB\) must be about .*GiB to match gradients of .* in 2,000 classes",
        ),
        (3, 1.0, "a smaller --rank or a smaller --ratio"),
    ],
)
def test_a_bound_that_is_too_small_is_told(
    monkeypatch: pytest.MonkeyPatch, classes: int, ratio: float, told: str
) -> None:
    monkeypatch.undo()
    graph = films()
    budget = plan(graph, 0.2)
    nodes = {t: round(1e7 * ratio) for t in budget.nodes}
    object.__setattr__(budget, "nodes", nodes)
    schema = GraphSchema.of(complete(graph))
    object.__setattr__(schema, "num_classes", classes)
    with pytest.raises(UserError, match=told):
        check_matching(schema, budget, SRGMSettings(), Room(2 * GIB))
    check_matching(GraphSchema.of(complete(graph)), plan(graph, 0.2), SRGMSettings(), Room(2 * GIB))


def test_a_bound_with_too_few_rows_is_told_before_anything_is_propagated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Room, "free", property(lambda self: 2.0**14))
    with pytest.raises(UserError, match=r"memory \(got 2GiB\) must be about"):
        on_disk(films(), tmp_path / "a", "srgm")
    assert not list((tmp_path / "a" / "work").glob("paths-*"))


def test_widths_that_do_not_suit_are_told_before_anything_is_propagated(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"frames \(got 'identity'\) needs modalities of one width"):
        on_disk(films(), tmp_path / "a", "srgm", frames="identity")
    assert not list((tmp_path / "a" / "work").glob("paths-*"))


def test_a_run_that_diverges_keeps_its_best_graph(tmp_path: Path) -> None:
    settings = {**SHORT, "lr_features": 1e30, "spread": "auto"}
    for _ in range(2):  # Again from the folder: it is not matched anew.
        with pytest.raises(DivergedError, match="try a smaller --lr-features") as caught:
            on_disk(noisy_films(), tmp_path / "a", "srgm", **settings)
        best = caught.value.best
        assert not best.provenance.complete
        assert best.provenance.measures["diverged"] == str(caught.value)
        assert "spread" not in best.provenance.measures
        assert bool(best.graph["movie"].x_text.isfinite().all())


def test_the_record_of_a_run_is_plain(tmp_path: Path) -> None:
    found = on_disk(films(), tmp_path / "a", "srgm", **SHORT)
    assert json.dumps(found.provenance.history)
    names = [stage["name"] for stage in found.provenance.stages]
    assert names == ["check", "sort", "read", "propagate", "cluster", "join", "match"]
