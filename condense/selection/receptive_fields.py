"""Which nodes a target node reaches along each meta-path, and the target nodes that reach most together."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.data.sparse import Csr
from models.propagation.metapaths import MetaPath, endpoint, metapaths

FIRST = 0.1
"""Added to the size of a union in `cover`, so that the first node's gain is finite; as in FreeHGC's code."""


def receptive_fields(
    graph: MultimodalGraph,
    hops: int,
    rows: Int[Tensor, " k"],
    ends: Collection[str] | None = None,
) -> dict[MetaPath, Csr]:
    """The nodes N_p(v) that each target node v reaches along each meta-path p of 1 to `hops` relations.

    Args:
        graph: its edges; weights are not read.
        hops: the longest meta-path.
        rows: the target nodes v.
        ends: node types at which meta-paths may end; any by default.

    Returns:
        p -> boolean CSR [k, n_end], True where v reaches a node at the end of p; v itself among them, where
        p leads back.
    """
    start = sp.csr_array(
        (np.ones(len(rows), dtype=bool), (np.arange(len(rows)), rows.cpu().numpy())),
        shape=(len(rows), int(graph[graph.target].num_nodes)),
    )

    @functools.cache
    def reached(path: MetaPath) -> Csr:
        return reached(path[:-1]) @ _joined(graph, path[-1]) if path else start

    allowed = None if ends is None else list(ends)
    paths = metapaths(tuple(graph.edge_types), graph.target, hops, allowed)
    return {path: reached(path) for path in paths if path}


def _joined(graph: MultimodalGraph, relation: tuple[str, str, str]) -> Csr:
    """Which nodes a relation joins, boolean CSR [n_dst, n_src]."""
    src, dst = graph[relation].edge_index.cpu().numpy()
    shape = int(graph[relation[2]].num_nodes), int(graph[relation[0]].num_nodes)
    return sp.csr_array((np.ones(len(src), dtype=bool), (dst, src)), shape=shape)


def similarities(fields: Mapping[MetaPath, Csr], target: str) -> dict[MetaPath, NDArray]:
    """How alike the receptive fields of a node along different meta-paths are.

    J_p(v) = mean over q ≠ p with the same end type of |N_p(v) ∩ N_q(v)| / |N_p(v) ∪ N_q(v)|; two empty
    fields are alike, 1, and a meta-path without another to its end type has 0.

    Args:
        fields: see `receptive_fields`.
        target: where the meta-paths start.

    Returns:
        p -> J_p, float64 [k].
    """
    total = {path: np.zeros(field.shape[0]) for path, field in fields.items()}
    others = dict.fromkeys(fields, 0)
    paths = list(fields)
    for i, p in enumerate(paths):
        for q in paths[:i]:
            if endpoint(p, target) != endpoint(q, target):
                continue
            jaccard = _jaccard(fields[p], fields[q])
            for path in (p, q):
                total[path] += jaccard
                others[path] += 1
    return {path: total[path] / max(others[path], 1) for path in paths}


def _jaccard(a: Csr, b: Csr) -> Float[NDArray, " k"]:
    """|a_i ∩ b_i| / |a_i ∪ b_i| of each row i, 1 where both are empty."""
    common = np.diff(a.multiply(b).tocsr().indptr)
    union = np.diff(a.indptr) + np.diff(b.indptr) - common
    return np.where(union > 0, common / np.maximum(union, 1), 1.0)


def cover(
    field: Csr, bonus: Float[NDArray, " k"], count: int
) -> tuple[Int[NDArray, " count"], Float[NDArray, " count"]]:
    """Pick `count` ≤ k distinct rows, each of which enlarges the union R of the picked fields most.

    v_i = argmax_v (|R ∪ N(v)| − |R|) / (|R| + 0.1) + bonus_v. Of equally good rows the first is taken.

    Args:
        field: N, boolean CSR [k, n].
        bonus: what a row is worth besides.
        count: how many.

    Returns:
        The rows in the order in which they are picked, and what each was worth then.
    """
    by_column, gain = field.tocsc(), np.diff(field.indptr).astype(np.int64)
    reached, covered = 0, np.zeros(field.shape[1], dtype=bool)
    picked, worth = np.empty(count, dtype=np.int64), np.empty(count)
    free = np.zeros(field.shape[0])  # −inf where a row is picked already
    for i in range(count):
        score = gain / (reached + FIRST) + bonus + free
        picked[i] = best = score.argmax()
        worth[i], free[best] = score[best], -np.inf
        columns = field.indices[field.indptr[best] : field.indptr[best + 1]]
        columns = columns[~covered[columns]]
        covered[columns] = True
        reached += len(columns)
        gain -= np.bincount(by_column[:, columns].indices, minlength=len(gain))
    return picked, worth


def best_covering(
    fields: Sequence[Csr], bonuses: Sequence[NDArray], count: int, rows: int
) -> Int[NDArray, " count"]:
    """The `count` rows with the greatest sum of what they were worth to each field's `cover`.

    Rows that none picked come last. Of equally good rows the first are taken.

    Args:
        fields: boolean CSR [k, ·] each.
        bonuses: see `cover`, [k] each.
        count: how many, at most k.
        rows: k.
    """
    total = np.full(rows, -1.0)
    for field, bonus in zip(fields, bonuses, strict=True):
        picked, worth = cover(field, bonus, count)
        total[picked] = np.maximum(total[picked], 0.0) + worth
    return np.argsort(-total, kind="stable")[:count]
