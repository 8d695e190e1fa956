"""Fathers and leaves of schemas as FreeHGC's authors have them."""

from __future__ import annotations

import pytest

from condense.selection.father_leaf import fathers_and_leaves
from models.schema import GraphSchema


def schema(target: str, pairs: list[str]) -> GraphSchema:
    """Types and relations named by letters, each relation both ways: "AP" joins A with P."""
    types = tuple(dict.fromkeys(target + "".join(pairs)))
    relations = tuple((a, f"{a}{b}", b) for pair in pairs for a, b in (pair, pair[::-1]))
    return GraphSchema(types, {t: {} for t in types}, relations, target, 3)


@pytest.mark.parametrize(
    ("target", "pairs", "fathers", "leaves"),
    [
        ("A", ["AP", "PT", "PV"], ["P"], ["T", "V"]),  # DBLP
        ("M", ["MD", "MA", "MK"], [], ["D", "A", "K"]),  # IMDB
        ("P", ["PP", "PA", "PC", "PK"], [], ["A", "C", "K"]),  # ACM
        ("B", ["BF", "BS", "FS", "SS"], ["F", "S"], []),  # joined among each other, as in Freebase
        ("I", ["II"], [], []),
        ("I", ["II", "XX"], ["X"], []),  # out of reach
    ],
)
def test_fathers_and_leaves(target, pairs, fathers, leaves):
    assert fathers_and_leaves(schema(target, pairs)) == (fathers, leaves)


def test_a_relation_that_leads_to_the_target_alone_suffices():
    one_way = GraphSchema(("M", "D"), {"M": {}, "D": {}}, (("M", "by", "D"),), "M", 3)
    other_way = GraphSchema(("M", "D"), {"M": {}, "D": {}}, (("D", "of", "M"),), "M", 3)
    assert fathers_and_leaves(one_way) == fathers_and_leaves(other_way) == ([], ["D"])
