"""The rules of a node type: counts, features, masks, weights and origins."""

from __future__ import annotations

import numbers

import torch
from torch import Tensor

from condense.data.fingerprint import dtype_name
from condense.data.graph import SPLITS, MultimodalGraph
from condense.data.rules.limits import MOST_NODES
from condense.data.rules.remedies import FLOATS, as_features, as_mask, as_vector, is_node_list
from condense.data.rules.sparse import check_sparse_features
from condense.data.rules.values import Finite
from condense.data.sparse import is_sparse
from condense.errors import GraphError
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names, present

ROWS = 4096
"""Features are searched for NaN in blocks of this many rows, to avoid a temporary of full size."""


def check_nodes(graph: MultimodalGraph, node_type: str) -> None:
    """Raise unless each attribute of `node_type` has the right data type, shape and range."""
    store = graph[node_type]
    here = f"graph[{node_type!r}]"
    count = store.get("num_nodes")
    check_count(count, here)
    for key, value in store.items():
        if key in SPLITS or key.startswith(MASK_PREFIX):
            _check_node_list(f"{here}.{key}", value, count)
        if key != "num_nodes":
            _check_rows(f"{here}.{key}", value, count)
            if not (key.startswith(FEATURE_PREFIX) and is_sparse(value)):
                dtype_name(value, f"{here}.{key}")
    for key in store:
        if key.startswith(MASK_PREFIX) or key in SPLITS:
            _check_mask(f"{here}.{key}", store[key])
        if key.startswith(MASK_PREFIX):
            features = FEATURE_PREFIX + key.removeprefix(MASK_PREFIX)
            if features not in store:
                remedy = f"set {features}, or delete the mask"
                raise GraphError.of(f"{here}.{key}", "a mask alone", f"needs {features}", remedy)
    for modality in modality_names(store):
        where = f"{here}.{FEATURE_PREFIX}{modality}"
        _check_features(
            where,
            store[FEATURE_PREFIX + modality],
            present(store, modality),
            MASK_PREFIX + modality,
        )
    if "node_weight" in store:
        _check_weight(f"{here}.node_weight", store.node_weight)
    if "origin" in store:
        _check_origin(f"{here}.origin", store.origin)


def check_count(count: object, here: str) -> None:
    """Raise unless `count` can be the number of nodes of the type called `here`."""
    if not is_whole_number(count) or count < 0:  # pyright: ignore[reportOperatorIssue]
        got = "nothing" if count is None else repr(count)
        rule = "must be set on every type, to an integer of at least 0"
        raise GraphError.of(f"{here}.num_nodes", got, rule, f"set {here}.num_nodes = …")
    if count > MOST_NODES:  # pyright: ignore[reportOperatorIssue]
        rule, remedy = f"must be at most {MOST_NODES:,}", "count the nodes again"
        raise GraphError.of(f"{here}.num_nodes", f"{count:,}", rule, remedy)


def is_whole_number(value: object) -> bool:
    """Whether `value` is an integer of Python's or numpy's, and no truth value."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check_node_list(where: str, value: object, count: int) -> None:
    """Raise for the numbers of nodes where a mask belongs; their count alone would mislead."""
    if isinstance(value, Tensor) and is_node_list(value, count):
        rule = "must be bool [num_nodes]"
        raise GraphError.of(where, described(value), rule, as_mask(value, count))


def _check_rows(where: str, value: object, count: int) -> None:
    if not isinstance(value, Tensor):
        rule = "must be a tensor with one row per node"
        remedy = "convert it with torch.as_tensor(…), or delete it"
        raise GraphError.of(where, type(value).__name__, rule, remedy)
    if value.dim() == 0 or value.size(0) != count:
        rule = f"must have {count} rows, one per node"
        remedy = "give each node a row, correct num_nodes, or delete it"
        raise GraphError.of(where, f"shape {list(value.shape)}", rule, remedy)


def _check_mask(where: str, mask: Tensor) -> None:
    if mask.dtype != torch.bool or mask.dim() != 1:
        remedy = as_mask(mask, mask.size(0))
        raise GraphError.of(where, described(mask), "must be bool [num_nodes]", remedy)


def _check_features(where: str, x: Tensor, has: Tensor, mask: str) -> None:
    if x.dim() != 2 or x.size(1) == 0 or x.dtype not in FLOATS:
        rule = "must be float16, float32 or float64 [num_nodes, width ≥ 1]"
        raise GraphError.of(where, described(x), rule, as_features(x))
    if is_sparse(x):
        check_sparse_features(where, x, has, mask)
        return
    if x.is_meta:
        return
    finite = Finite(where, has, mask)
    for start in range(0, x.size(0), ROWS):
        finite.add(start, x[start : start + ROWS])
    finite.check()


def _check_weight(where: str, weight: Tensor) -> None:
    if weight.dtype not in FLOATS or weight.dim() != 1:
        remedy = as_vector(weight, "" if weight.dtype in FLOATS else ".float()")
        raise GraphError.of(where, described(weight), "must be float [num_nodes]", remedy)
    bad = ~torch.isfinite(weight) | (weight < 0)
    if bad.any():
        row = int(bad.nonzero()[0])
        rule = (
            "must be finite and not negative: the number of original nodes that the node stands for"
        )
        remedy = "use 0 for a node that stands for none"
        raise GraphError.of(f"{where}[{row}]", float(weight[row]), rule, remedy)


def _check_origin(where: str, origin: Tensor) -> None:
    if origin.dtype != torch.long or origin.dim() != 1:
        remedy = as_vector(origin, "" if origin.dtype == torch.long else ".long()")
        raise GraphError.of(where, described(origin), "must be long [num_nodes]", remedy)
    if (origin < -1).any():
        row = int((origin < -1).nonzero()[0])
        rule = "must be the number of an original node, or −1"
        remedy = "use −1 for a synthetic node"
        raise GraphError.of(f"{where}[{row}]", int(origin[row]), rule, remedy)


def described(value: Tensor) -> str:
    """A tensor's data type and shape, for messages."""
    return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
