"""The rules of values find in blocks what they find in a graph in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.data.fingerprint import Window, fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.data.rules.values import absent
from condense.data.rules.watch import Watch
from condense.errors import GraphError
from tests.support.graphs import small_graph

FEATURES = ("movie", "features", "actor")
ARRAYS = [
    ("movie", "x_text"),
    ("movie", "x_image"),
    ("director", "x_text"),
    (FEATURES, "edge_index"),
    (FEATURES, "edge_weight"),
]


def outline_of(graph: MultimodalGraph) -> MultimodalGraph:
    outline = graph.clone()
    for key, name in ARRAYS:
        outline[key][name] = absent(graph[key][name].shape, graph[key][name].dtype)
    return outline


def blocks(x: torch.Tensor, name: str, k: int) -> Iterator[tuple[Window, np.ndarray]]:
    for row in range(2) if name == "edge_index" else (None,):
        for first in range(0, x.size(-1) if name == "edge_index" else len(x), k):
            part = slice(first, first + k)
            window = (part,) if row is None else (slice(row, row + 1), part)
            yield window, x[window].numpy()


def message(call: Callable[[], None]) -> str:
    """What a GraphError says; "" where there is none."""
    try:
        call()
    except GraphError as error:
        return str(error)
    return ""


@settings(max_examples=60, deadline=None)
@given(
    faults=st.lists(
        st.tuples(
            st.sampled_from(ARRAYS),
            st.integers(0, 1 << 16),
            st.sampled_from([np.nan, np.inf, -1.0, 40.0, 1e4]),
        ),
        max_size=4,
    ),
    k=st.integers(1, 50),
)
def test_blocks_and_memory_agree(faults: list[tuple[Any, int, float]], k: int) -> None:
    graph = small_graph(weighted=True)
    for (key, name), at, value in faults:
        if name != "edge_index" or np.isfinite(value):
            x = graph[key][name] = graph[key][name].contiguous()
            x.view(-1)[at % x.numel()] = value
    outline = outline_of(graph)
    check(outline)
    watch = Watch(outline)
    for key, name in ARRAYS:
        look = watch.array(key, name)
        for window, block in blocks(graph[key][name], name, k):
            look(window, block)
    assert message(watch.check) == message(lambda: check(graph))


def test_sizes_leave_out_what_nobody_reads() -> None:
    graph = small_graph()
    graph["movie"].x_image[~graph["movie"].has_image] = 2e30
    watch = Watch(outline_of(small_graph(weighted=True)))
    look = watch.array("movie", "x_image")
    look((slice(0, 40),), graph["movie"].x_image.numpy())
    watch.check_sizes()
    graph["movie"].x_image[0, 1] = -3e30
    look((slice(0, 40),), graph["movie"].x_image.numpy())
    with pytest.raises(GraphError, match=r"\['movie'\]\.x_image \(got values up to 3\.0e\+30\)"):
        watch.check_sizes()


def test_arrays_in_memory_and_others_are_not_looked_at() -> None:
    outline = outline_of(small_graph(weighted=True))
    outline["movie"].other = absent([40, 2], torch.float32)
    watch = Watch(outline)
    nan = np.full((40, 2), np.nan, np.float32)
    for name in ("other", "y"):
        watch.array("movie", name)((slice(0, 40),), nan)
    watch.check()


@pytest.mark.parametrize(
    ("key", "name", "shape", "dtype", "words"),
    [
        ("movie", "x_text", [40], torch.float32, ("float32 [40]", ".unsqueeze(1)")),
        ("movie", "x_text", [39, 2], torch.float32, ("shape [39, 2]", "40 rows")),
        ("movie", "x_text", [40, 2], torch.int64, ("int64 [40, 2]", "float16, float32 or float64")),
        (FEATURES, "edge_index", [3, 9], torch.int64, ("int64 [3, 9]", "long [2, edges]")),
        (FEATURES, "edge_weight", [7], torch.float32, ("shape [7]", "one per edge")),
    ],
)
def test_types_and_shapes_without_values(key, name, shape, dtype, words: tuple[str, ...]) -> None:
    outline = outline_of(small_graph(weighted=True))
    outline[key][name] = absent(shape, dtype)
    for word in words:
        assert word in message(lambda: check(outline))


def test_fingerprint_reads_what_is_absent() -> None:
    graph = small_graph(weighted=True)
    asked = []

    def read(key: Any, name: str) -> Iterator[tuple[Window, np.ndarray]]:
        asked.append((key, name))
        return blocks(graph[key][name], name, 7)

    assert fingerprint(outline_of(graph), read) == fingerprint(graph)
    assert sorted(asked, key=str) == sorted(ARRAYS, key=str)
    graph["movie"].x_text[39, 5] += 1
    assert fingerprint(outline_of(graph), read) != fingerprint(small_graph(weighted=True))
