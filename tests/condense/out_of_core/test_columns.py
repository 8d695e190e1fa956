"""Matrices on disk, read by rows, by columns and at places alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from condense.out_of_core.columns import Columns, Scaled, Stacked, cut


def written(folder: Path, x: torch.Tensor, widths: tuple[int, ...], step: int) -> Columns:
    folder.mkdir()
    columns = Columns(folder, len(x), cut(widths, step))
    for rows in x.split(7):
        columns.append(rows)
    return columns


def test_slabs_lie_within_one_modality_each() -> None:
    assert cut([5, 3], 2) == (slice(0, 2), slice(2, 4), slice(4, 5), slice(5, 7), slice(7, 8))
    assert cut([], 2) == ()


@pytest.mark.parametrize("step", [1, 2, 5, 100])
def test_what_is_written_by_rows_is_read_by_columns_and_back(tmp_path: Path, step: int) -> None:
    x = torch.randn(33, 8)
    matrix = written(tmp_path / "a", x, (5, 3), step)
    assert matrix.width == 8
    assert torch.equal(torch.cat([matrix.slab(i) for i in range(len(matrix.slabs))], dim=1), x)
    assert torch.equal(torch.cat([rows for _, rows in matrix.blocks(4)]), x)
    other = Columns(tmp_path / "a", 33, matrix.slabs)
    for number, columns in enumerate(matrix.slabs):
        other.write_slab(number, x[:, columns] + 1)
    assert torch.equal(other.rows(0, 33), x + 1)


@pytest.mark.parametrize("count", [3, 300])
def test_rows_are_found_in_the_order_asked_for(tmp_path: Path, count: int) -> None:
    x = torch.randn(500, 4)
    matrix = written(tmp_path / "a", x, (4,), 3)
    rows = torch.randint(500, (count,))
    assert torch.equal(matrix.at(rows, block=50), x[rows])


def test_scaled_rows_and_slabs_agree_and_are_zero_where_missing(tmp_path: Path) -> None:
    x, has = torch.randn(20, 5), torch.arange(20) % 3 > 0
    shift, scale = torch.randn(5), torch.rand(5) + 0.5
    matrix = Scaled(written(tmp_path / "a", x, (2, 3), 2), shift, scale, [has, None, None])
    expected = (x - shift) / scale
    expected[~has, :2] = 0
    found = torch.cat([matrix.slab(i) for i in range(len(matrix.slabs))], dim=1)
    assert torch.allclose(found, expected)
    assert torch.allclose(matrix.rows(3, 11), expected[3:11])


def test_stacked_columns_come_in_their_order(tmp_path: Path) -> None:
    x = torch.randn(10, 5)
    places = [torch.tensor([4, 1]), torch.tensor([0, 2, 3])]
    parts = [written(tmp_path / str(i), x[:, p], (len(p),), 2) for i, p in enumerate(places)]
    assert torch.equal(Stacked(parts, places).rows(2, 9), x[2:9])
