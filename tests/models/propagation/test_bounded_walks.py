"""Bounded enumeration of walks against brute force, and what it costs with many relations."""

from __future__ import annotations

import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.propagation.bounded_walks import MOST_PATHS, bounded_walks
from models.propagation.metapaths import blocks, metapaths, returning_paths
from models.schema import GraphSchema
from tests.support.dense import walks

TYPES = ("a", "b", "c", "d")
RELATIONS = st.lists(st.tuples(*[st.sampled_from(TYPES)] * 2), max_size=6).map(
    lambda ends: tuple((s, f"r{i}", d) for i, (s, d) in enumerate(ends))
)
HOPS = st.integers(0, 4)


def spaced(paths: list, most: int) -> list:
    """The rule of `bounded_walks` on a list of all walks."""
    kept = []
    for length in sorted({len(p) for p in paths}):
        layer, room = [p for p in paths if len(p) == length], most - len(kept)
        if len(layer) > room:
            return kept + [layer[i * len(layer) // room] for i in range(room)]
        kept += layer
    return kept


def end(path: tuple) -> str:
    return path[-1][0] if path else "a"


@given(RELATIONS, HOPS, st.frozensets(st.sampled_from(TYPES)), st.integers(1, 40))
def test_walks_are_those_of_brute_force_in_its_order(relations, hops, ends, most):
    every = [p for p in walks(relations, "a", hops) if end(p) in ends]
    assert list(bounded_walks(relations, "a", hops, ends, most=most)) == spaced(every, most)


@given(RELATIONS, HOPS, st.integers(1, 40))
def test_returning_walks_are_those_of_brute_force_in_its_order(relations, hops, most):
    every = [
        p
        for p in walks(relations, "a", hops)
        if p and end(p) == "a" and "a" not in [r[0] for r in p[:-1]]
    ]
    ends = frozenset("a")
    found = bounded_walks(relations, "a", hops, ends, returning=True, most=most)
    assert list(found) == spaced(every, most)


@given(RELATIONS, HOPS)
def test_few_paths_are_all_paths(relations, hops):
    every = walks(relations, "a", hops)
    if len(every) <= MOST_PATHS:
        assert list(metapaths(relations, "a", hops)) == every


@given(RELATIONS, HOPS, st.integers(1, 40))
def test_parts_of_kept_walks_are_kept(relations, hops, most):
    """Products along parts are what longer products are made of."""
    kept = set(bounded_walks(relations, "a", hops, frozenset(TYPES), most=most))
    for path in kept:
        for i, relation in enumerate(path):
            assert path[:i] in kept
            assert relation[2] != "a" or path[i:] in kept


def many(count: int, others: int = 0) -> tuple:
    """Relations within the target type, or between it and as many other types as are asked for, both ways."""
    if not others:
        return tuple(("a", f"r{i}", "a") for i in range(count))
    pairs = [(f"t{i % others}", i) for i in range(count // 2)]
    return tuple(r for t, i in pairs for r in ((t, f"r{i}", "a"), ("a", f"rev{i}", t)))


@pytest.mark.parametrize("others", [0, 1, 9])
@pytest.mark.parametrize("count", [90, 1000])
def test_many_relations_cost_what_is_kept(count, others):
    """R⁴ walks of a thousand relations are 10¹²; only those that are kept may be met."""
    relations = many(count, others)
    begin = time.perf_counter()
    back = returning_paths(relations, "a", 4)
    every = metapaths(relations, "a", 4)
    assert time.perf_counter() - begin < 5
    assert len(every) == MOST_PATHS
    possible = (
        count
        if not others
        else sum(r[0] == s[2] for r in relations if r[2] == "a" for s in relations if s[0] == "a")
    )
    assert len(back) == min(MOST_PATHS, possible)


def test_types_without_features_take_no_place():
    to_nothing = tuple(("b", f"r{i}", "a") for i in range(2 * MOST_PATHS))
    modalities = {"a": {"x": 3}, "b": {}, "c": {"x": 2}}
    schema = GraphSchema(("a", "b", "c"), modalities, (*to_nothing, ("c", "has", "a")), "a", 2)
    assert [path for path, _ in blocks(schema, 2)] == [(), (("c", "has", "a"),)]


def test_what_is_left_out_is_said_once(caplog):
    relations = tuple(("a", f"said{i}", "a") for i in range(50))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            metapaths(relations, "a", 2)
    (message,) = [r.getMessage() for r in caplog.records]
    assert "2,551 meta-paths of at most 2 relations" in message
    assert "341 are read, 51 shorter ones and 290 of the 2,500 of 2 relations" in message


def test_ordinary_graphs_are_read_without_a_word(caplog):
    with caplog.at_level(logging.WARNING):
        metapaths(tuple(("a", f"quiet{i}", "a") for i in range(4)), "a", 4)
    assert not caplog.records
