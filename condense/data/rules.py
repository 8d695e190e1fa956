"""The rules of `MultimodalGraph`, checked at its border: after loading, before saving.

PyG's own `validate` accepts a feature matrix with the wrong number of rows; this does not.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from condense.data.graph import SPLITS, UNLABELLED, MultimodalGraph
from condense.errors import GraphError
from models.choices import nearest
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names, present

Kind = Literal["whole", "condensed"]
FORBIDDEN = ("/", ":")


def check(graph: MultimodalGraph, kind: Kind = "whole") -> None:
    """Raise unless `graph` keeps every rule of the data type.

    Args:
        graph: as described by `MultimodalGraph`.
        kind: a whole graph needs three splits and a training node in each class; in a condensed one
            every target node is labelled and trains.

    Raises:
        GraphError: the message names type, attribute, value and remedy.
    """
    _check_names(graph)
    _check_target(graph)
    for node_type in graph.node_types:
        _check_nodes(graph, node_type)
    for relation in graph.edge_types:
        _check_edges(graph, relation)
    _check_labels(graph)
    if kind == "whole":
        _check_splits(graph)
    else:
        _check_condensed(graph)


def _fail(where: str, got: object, rule: str, remedy: str) -> GraphError:
    return GraphError(f"{where} (got {got}) {rule}; {remedy}")


def _check_names(graph: MultimodalGraph) -> None:
    names = [*graph.node_types, *(part for relation in graph.edge_types for part in relation)]
    names += [k for t in graph.node_types for k in graph[t] if k.startswith(FEATURE_PREFIX)]
    for name in names:
        if not name or any(c in name for c in FORBIDDEN):
            raise _fail("a name of a type, relation or modality", repr(name),
                        "must be non-empty and have no '/' or ':'", "rename it")  # fmt: skip


def _check_target(graph: MultimodalGraph) -> None:
    settings = graph._global_store
    for key, rule in (
        ("target", "the node type that is classified"),
        ("num_classes", "the number of classes"),
        ("name", "the data set's name"),
        ("source", "'real' or 'simulated'"),
    ):
        if key not in settings:
            raise _fail(f"graph.{key}", "nothing", f"must be set to {rule}", f"set graph.{key} = …")
    if graph.source not in ("real", "simulated"):
        raise _fail("graph.source", repr(graph.source), "must be 'real' or 'simulated'", "set it")
    if graph.target not in graph.node_types:
        raise _fail("graph.target", repr(graph.target), "is no node type of the graph",
                    nearest(str(graph.target), graph.node_types))  # fmt: skip
    if not isinstance(graph.num_classes, int) or graph.num_classes < 2:
        raise _fail("graph.num_classes", repr(graph.num_classes), "must be an integer of at least 2",
                    "count the classes of y")  # fmt: skip
    if not modality_names(graph[graph.target]):
        raise _fail(f"target type {graph.target!r}", "no x_<modality> attribute",
                    "needs at least one modality", f"set graph[{graph.target!r}].x_text = …")  # fmt: skip


def _check_nodes(graph: MultimodalGraph, node_type: str) -> None:
    store = graph[node_type]
    if "num_nodes" not in store:
        raise _fail(f"graph[{node_type!r}].num_nodes", "nothing", "must be set on every type",
                    f"set graph[{node_type!r}].num_nodes = …")  # fmt: skip
    count = int(store.num_nodes)
    for key, value in store.items():
        if key == "num_nodes":
            continue
        where = f"graph[{node_type!r}].{key}"
        if not isinstance(value, Tensor):
            raise _fail(where, type(value).__name__, "must be a tensor with one row a node",
                        "turn it into a tensor or delete it")  # fmt: skip
        if value.dim() == 0 or value.size(0) != count:
            raise _fail(where, f"shape {list(value.shape)}", f"must have {count} rows, one a node",
                        "cut or pad it to num_nodes")  # fmt: skip
        if key.startswith(MASK_PREFIX) or key in SPLITS:
            if value.dtype != torch.bool or value.dim() != 1:
                raise _fail(where, f"{value.dtype} {list(value.shape)}", "must be bool [num_nodes]",
                            "convert it with .bool()")  # fmt: skip
        if (
            key.startswith(MASK_PREFIX)
            and FEATURE_PREFIX + key.removeprefix(MASK_PREFIX) not in store
        ):
            raise _fail(where, "a mask without features",
                        f"needs {FEATURE_PREFIX}{key.removeprefix(MASK_PREFIX)}", "set it or delete the mask")  # fmt: skip
    for modality in modality_names(store):
        _check_features(graph, node_type, modality)


def _check_features(graph: MultimodalGraph, node_type: str, modality: str) -> None:
    store = graph[node_type]
    x = store[FEATURE_PREFIX + modality]
    where = f"graph[{node_type!r}].{FEATURE_PREFIX}{modality}"
    if x.dim() != 2 or x.size(1) == 0 or not x.is_floating_point():
        raise _fail(where, f"{x.dtype} {list(x.shape)}", "must be float [num_nodes, width ≥ 1]",
                    "reshape it or convert it with .float()")  # fmt: skip
    bad = ~torch.isfinite(x).all(dim=1) & present(store, modality)
    if bad.any():
        row = int(bad.nonzero()[0])
        column = int((~torch.isfinite(x[row])).nonzero()[0])
        raise _fail(f"{where}[{row}, {column}]", float(x[row, column]),
                    f"is not finite ({int(bad.sum())} such rows)",
                    f"impute it, or set {MASK_PREFIX}{modality} to False on these nodes")  # fmt: skip


def _check_edges(graph: MultimodalGraph, relation: tuple[str, str, str]) -> None:
    store = graph[relation]
    where = f"graph[{relation!r}]"
    for end in (relation[0], relation[2]):
        if end not in graph.node_types:
            raise _fail(where, f"type {end!r}", "joins a node type that the graph lacks",
                        nearest(end, graph.node_types))  # fmt: skip
    index = store.get("edge_index")
    if (
        not isinstance(index, Tensor)
        or index.dtype != torch.long
        or index.dim() != 2
        or index.size(0) != 2
    ):
        got = (
            "nothing"
            if index is None
            else f"{getattr(index, 'dtype', type(index))} {list(getattr(index, 'shape', []))}"
        )
        raise _fail(
            f"{where}.edge_index",
            got,
            "must be long [2, edges]",
            "set source and destination indices",
        )
    for row, end in enumerate((relation[0], relation[2])):
        count = int(graph[end].num_nodes)
        if index.size(1) and not 0 <= int(index[row].min()) <= int(index[row].max()) < count:
            worst = index[row][(index[row] < 0) | (index[row] >= count)][0]
            raise _fail(f"{where}.edge_index[{row}]", int(worst), f"must lie in 0 … {count - 1}, the nodes of {end!r}",
                        "drop the edge or add the node")  # fmt: skip
    for key, value in store.items():
        if key != "edge_index" and (
            not isinstance(value, Tensor) or value.dim() == 0 or value.size(0) != index.size(1)
        ):
            raise _fail(f"{where}.{key}", getattr(value, "shape", type(value).__name__),
                        f"must have {index.size(1)} rows, one an edge", "set it for every edge or delete it")  # fmt: skip
    weight = store.get("edge_weight")
    if weight is not None and (
        not weight.is_floating_point()
        or weight.dim() != 1
        or not bool((torch.isfinite(weight) & (weight > 0)).all())
    ):
        raise _fail(f"{where}.edge_weight", f"{weight.dtype} {list(weight.shape)}",
                    "must be float [edges], finite and positive: a multiplicity", "drop edges of weight 0")  # fmt: skip


def _check_labels(graph: MultimodalGraph) -> None:
    store = graph[graph.target]
    where = f"graph[{graph.target!r}].y"
    y = store.get("y")
    if y is None or y.dtype != torch.long or y.dim() != 1:
        got = "nothing" if y is None else f"{y.dtype} {list(y.shape)}"
        raise _fail(where, got, "must be long [num_nodes]", "convert it with .long()")
    outside = (y < UNLABELLED) | (y >= graph.num_classes)
    if outside.any():
        raise _fail(where, int(y[outside][0]), f"must lie in −1 … {graph.num_classes - 1}",
                    "use −1 for unlabelled nodes, or raise num_classes")  # fmt: skip
    soft = store.get("y_soft")
    if soft is not None and (
        soft.dim() != 2
        or soft.size(1) != graph.num_classes
        or bool((soft < 0).any())
        or not torch.allclose(soft.sum(dim=1), torch.ones_like(soft[:, 0]), atol=1e-4)
    ):
        raise _fail(f"graph[{graph.target!r}].y_soft", list(soft.shape),
                    f"must be a distribution over {graph.num_classes} classes a row", "normalise its rows")  # fmt: skip


def _check_splits(graph: MultimodalGraph) -> None:
    store = graph[graph.target]
    for split in SPLITS:
        where = f"graph[{graph.target!r}].{split}"
        if split not in store:
            raise _fail(where, "nothing", "must be bool [num_nodes]", "set the three splits")
        if not store[split].any():
            raise _fail(where, "no node", "is empty", "give each split at least one node")
    for i, first in enumerate(SPLITS):
        for second in SPLITS[i + 1 :]:
            both = store[first] & store[second]
            if both.any():
                raise _fail(f"{first} and {second}", f"{int(both.sum())} nodes in both, first {int(both.nonzero()[0])}",
                            "must not overlap", "give each node one split")  # fmt: skip
    for split in ("train_mask", "val_mask"):
        bare = store[split] & (store.y == UNLABELLED)
        if bare.any():
            raise _fail(f"graph[{graph.target!r}].y[{int(bare.nonzero()[0])}]", "−1",
                        f"is a {split} node without a label ({int(bare.sum())} of them)",
                        "label it or take it out of the split")  # fmt: skip
    counts = torch.bincount(store.y[store.train_mask], minlength=graph.num_classes)
    if (counts == 0).any():
        raise _fail(f"class {int((counts == 0).nonzero()[0])}", "no training node",
                    "needs at least one", "move a node of the class to train_mask, or merge the class")  # fmt: skip


def _check_condensed(graph: MultimodalGraph) -> None:
    y = graph[graph.target].y
    if (y == UNLABELLED).any():
        raise _fail(
            f"graph[{graph.target!r}].y",
            "−1",
            "must label every node of a condensed graph",
            "label it",
        )
