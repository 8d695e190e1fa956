"""Tables and figures of made-up rows against numbers by hand, and whose images are mixed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from benchmarks.ablation import (
    COLUMNS,
    MODELS_COMPARED,
    PLAIN,
    append,
    complete_scores,
    measure,
    rows_file,
    with_mixed_images,
)
from benchmarks.mixing import STYLES, VARIANTS, draw, points_of, table
from condense.errors import UserError
from tests.support.graphs import small_graph

DAMPING = "srgm:decouple=off,damping=0.1"


def write(file: Path, variant: str, seed: int, *scores: float) -> None:
    """Rows of the first models, in per cent."""
    for model, score in zip(MODELS_COMPARED, scores, strict=False):
        append(file, dict(zip(COLUMNS, (variant, seed, model, score / 100, 1.0), strict=True)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three seeds of which damping is 1, 2 and 3 points ahead."""
    rows = rows_file(tmp_path, "imdb", 0.4)
    for seed, (plain, damped) in enumerate(((60, 61), (64, 66), (62, 65))):
        write(rows, PLAIN, seed, plain - 1, plain + 1, plain - 2, plain + 2)
        write(rows, DAMPING, seed, damped, damped, damped, damped)
    return rows


def test_rows_are_kept_by_share(tmp_path: Path):
    names = [rows_file(tmp_path, "imdb", share).name for share in (0.0, 0.2, 1.0)]
    assert names == ["imdb.csv", "imdb-mixed0.2.csv", "imdb-mixed1.csv"]


def test_by_hand(file: Path):
    plain, damping = points_of(0.4, file, 3)
    assert (plain.variant, plain.share, plain.seeds, plain.over_plain) == (PLAIN, 0.4, 3, None)
    assert (plain.mean, plain.deviation) == (pytest.approx(62), pytest.approx(2))
    assert (damping.variant, damping.mean) == (DAMPING, pytest.approx(64))
    assert damping.over_plain is not None
    # Differences 1, 2, 3: t(0.975, 2) · 1 / √3.
    assert damping.over_plain.mean == pytest.approx(2)
    assert damping.over_plain.half == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)


def test_all_of_a_share_is_over_the_same_seeds(file: Path):
    write(file, "srgm:epochs=0", 0, 50, 50, 50, 50)
    write(file, "srgm:epochs=0", 1, 50, 50)  # Ended before all models were trained.
    write(file, "another", 0, 1, 1, 1, 1)
    assert {v: list(of) for v, of in complete_scores(file, tuple(VARIANTS)).items()} == {
        PLAIN: [0], DAMPING: [0], "srgm:epochs=0": [0],
    }  # fmt: skip
    points = {r.variant: r for r in points_of(0.4, file, 3)}
    assert [r.seeds for r in points.values()] == [1, 1, 1]
    start = points["srgm:epochs=0"].over_plain
    assert start is not None
    assert start.mean == pytest.approx(-10)


def test_only_the_first_seeds(file: Path, tmp_path: Path):
    assert [r.seeds for r in points_of(0.4, file, 2)] == [2, 2]
    assert points_of(0.4, tmp_path / "none.csv", 3) == []


def test_nothing_is_measured_twice(file: Path):
    before = file.read_bytes()
    measure("imdb", [PLAIN, DAMPING], 3, 0.4, Path("there are no data"), file)
    assert file.read_bytes() == before


def test_the_table_names_a_share_once(file: Path):
    _, first, second = table(points_of(0.4, file, 3)).splitlines()
    assert first == "  40%  neither                     62.00 ± 2.00"
    assert second == "       damping                     64.00 ± 2.65  +2.00 ± 2.48 (3 pairs)"


def test_the_same_rows_give_the_same_figure(file: Path, tmp_path: Path):
    points = [*points_of(0.2, file, 1), *points_of(0.4, file, 3)]  # A single pair has no interval.
    for name in ("one.svg", "other.svg"):
        draw(points, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_every_variant_looks_different():
    assert next(iter(VARIANTS)) == PLAIN
    assert len({colour for colour, _ in STYLES.values()}) == len(VARIANTS)
    assert len({marker for _, marker in STYLES.values()}) == len(VARIANTS)


def test_images_are_exchanged_among_nodes_that_have_one():
    graph = small_graph()
    movie = graph["movie"]
    before = movie.x_image.clone()
    for share in (0.25, 0.5, 1.0):
        image = with_mixed_images(graph, share)["movie"].x_image
        assert bool(image[~movie.has_image].isnan().all())
        mine, theirs = image[movie.has_image], before[movie.has_image]
        assert torch.equal(mine.sort(dim=0).values, theirs.sort(dim=0).values)
        assert 0 < int((mine != theirs).any(dim=1).sum()) <= round(share * len(mine))
    assert torch.equal(movie.x_image.nan_to_num(), before.nan_to_num())


def test_a_set_without_images_is_named():
    graph = small_graph()
    del graph["movie"].x_image
    with pytest.raises(UserError, match=r"--mix-images .got 0.5 for small. .* movie nodes have"):
        with_mixed_images(graph, 0.5)
