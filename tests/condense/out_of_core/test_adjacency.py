"""Relations sorted on disk: against dense matrices, whatever the size of a block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from condense.errors import FileError
from condense.out_of_core import adjacency
from condense.out_of_core.adjacency import Adjacency, EdgeBlock, sort_edges

HEIGHT, WIDTH = 40, 30


def edges(
    count: int, weighted: bool, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Random edges; some destinations have none, one has many, some pairs are joined twice."""
    rng = np.random.default_rng(seed)
    dst = rng.integers(5, HEIGHT, count)
    dst[: count // 4] = 7
    src = rng.integers(0, WIDTH, count)
    return src, dst, rng.integers(1, 4, count).astype(np.float32) if weighted else None


def dense(src: np.ndarray, dst: np.ndarray, weight: np.ndarray | None) -> torch.Tensor:
    a = torch.zeros(HEIGHT, WIDTH)
    value = torch.ones(len(src)) if weight is None else torch.from_numpy(weight)
    return a.index_put_((torch.from_numpy(dst), torch.from_numpy(src)), value, accumulate=True)


def in_order(folder: Path, block: int, src, dst, weight) -> Adjacency:
    def blocks() -> Iterator[EdgeBlock]:
        for first in range(0, len(src), 17):
            part = slice(first, first + 17)
            yield src[part], dst[part], None if weight is None else weight[part]

    return sort_edges(blocks(), blocks(), folder, (HEIGHT, WIDTH), block)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("block", [1, 20, 1000])
def test_sums_means_and_degrees_are_those_of_the_dense_matrix(
    tmp_path: Path, block: int, weighted: bool
) -> None:
    given = edges(200, weighted)
    a, found = dense(*given), in_order(tmp_path / "a", block, *given)
    x = torch.randn(WIDTH, 3)
    assert torch.allclose(found.sums(x), a @ x, atol=1e-5)
    assert torch.allclose(found.degrees(), a.sum(dim=1))
    mean = a / a.sum(dim=1, keepdim=True).clamp_min(1e-12)
    assert torch.allclose(found.means(x), mean @ x, atol=1e-6)
    assert found.edges == int((a > 0).sum())
    assert not list((tmp_path / "a").glob("pile-*"))


def test_a_relation_without_its_degrees_is_a_sentence(tmp_path: Path) -> None:
    found = in_order(tmp_path / "a", 20, *edges(200, True))
    (tmp_path / "a" / "degrees.f32").unlink()
    with pytest.raises(FileError, match=r"degrees\.f32 is missing .* delete its folder"):
        found.degrees()


def test_edges_into_some_destinations(tmp_path: Path) -> None:
    given = edges(200, True)
    found = in_order(tmp_path / "a", 20, *given)
    wanted = torch.zeros(HEIGHT, dtype=torch.bool)
    wanted[[7, 12]] = True
    src, dst, weight = found.edges_into(wanted)
    a = torch.zeros(HEIGHT, WIDTH).index_put_((dst, src), weight, accumulate=True)
    assert torch.allclose(a, dense(*given) * wanted.unsqueeze(1))


@pytest.mark.parametrize("threads", [1, 4])
def test_a_hub_with_more_edges_than_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    src, dst, weight = edges(400, True)
    dst[:300] = 7
    found = in_order(tmp_path / "a", 16, src, dst, weight)
    assert max(len(rows.sources) for rows in found) <= 16
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    a, x = dense(src, dst, weight), torch.randn(WIDTH, 3)
    assert torch.allclose(found.sums(x), a @ x, atol=1e-4)
    assert torch.equal(found.degrees(), a.sum(dim=1))


def test_sums_of_ones_do_not_stand_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a hub's edges are added up in float64: 2^30 and 29 times 1 are not 2^30."""
    monkeypatch.setattr(adjacency, "FEW", 4)
    src = np.arange(WIDTH)
    block = (src, np.zeros(WIDTH, np.int64), np.ones(WIDTH, np.float32))
    found = sort_edges([block], [block], tmp_path / "a", (1, WIDTH), 100)
    x = torch.ones(WIDTH, 1)
    x[0] = 2.0**27
    assert (
        float(found.sums(x)) == 2.0**27 + 32
    )  # What float32 holds next; one after the other adds nothing.


def test_edges_that_are_lost_on_the_way_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = edges(200, False)

    def losing(path: Path, values: np.ndarray) -> None:
        original(path, values[1:] if path.name.startswith("pile") else values)

    original = adjacency.append_array
    monkeypatch.setattr(adjacency, "append_array", losing)
    with pytest.raises(FileError, match=r"lacks \d+ edges that were written to it"):
        in_order(tmp_path / "a", 20, *given)


def test_a_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    found = in_order(tmp_path / "a", 20, *edges(200, False))
    path = tmp_path / "a" / "sources.i32"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(
        FileError, match=r"is cut off .* delete its folder and give the same command"
    ):
        found.sums(torch.ones(WIDTH, 1))


def test_marks_tell_transposes_from_others(tmp_path: Path) -> None:
    src, dst, weight = edges(200, True)
    one = in_order(tmp_path / "a", 20, src, dst, weight)

    def turned(folder: str, weight: np.ndarray | None) -> Adjacency:
        block = (
            dst[::-1].copy(),
            src[::-1].copy(),
            None if weight is None else weight[::-1].copy(),
        )
        return sort_edges([block], [block], tmp_path / folder, (WIDTH, HEIGHT), 50)

    assert turned("b", weight).marks == one.marks[::-1]
    assert weight is not None
    weight[3] += 1
    assert turned("c", weight).marks != one.marks[::-1]


def test_a_relation_without_edges(tmp_path: Path) -> None:
    none = np.zeros(0, np.int64)
    found = in_order(tmp_path / "a", 20, none, none, None)
    assert found.edges == 0
    assert torch.equal(found.means(torch.ones(WIDTH, 2)), torch.zeros(HEIGHT, 2))
