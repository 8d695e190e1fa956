"""The rules of labels and splits on the target type."""

from __future__ import annotations

import torch

from condense.data.graph import SPLITS, UNLABELLED, MultimodalGraph
from condense.data.rules.nodes import described
from condense.data.rules.remedies import FLOATS, as_classes, as_labels
from condense.errors import GraphError


def check_labels(graph: MultimodalGraph) -> None:
    """Raise unless y lies in −1 … C−1 and the optional y_soft holds distributions."""
    store, here = graph[graph.target], f"graph[{graph.target!r}]"
    y, classes = store.get("y"), int(graph.num_classes)
    if y is None or y.dtype != torch.long or y.dim() != 1:
        got = "nothing" if y is None else described(y)
        remedy = "set each node's class, −1 where it is unknown" if y is None else as_labels(y)
        raise GraphError.of(f"{here}.y", got, "must be long [num_nodes]", remedy)
    outside = (y < UNLABELLED) | (y >= classes)
    if outside.any():
        rule = f"must lie in −1 … {classes - 1}"
        # More labels than classes are strays rather than another way of counting.
        otherwise = int(y.max()) >= classes >= len(torch.unique(y[y >= 0]))
        remedy = as_classes(y, classes) if otherwise else None
        remedy = remedy or "use −1 for unlabelled nodes, or raise num_classes"
        raise GraphError.of(f"{here}.y", int(y[outside][0]), rule, remedy)
    soft = store.get("y_soft")
    if soft is None:
        return
    if soft.dtype not in FLOATS or soft.dim() != 2 or soft.size(1) != classes:
        rule, remedy = f"must be float [num_nodes, {classes}]", "give one column per class"
        raise GraphError.of(f"{here}.y_soft", described(soft), rule, remedy)
    total = soft.double().sum(dim=1)
    # float16 rounds far more coarsely than float32. NaN fails the comparison.
    tolerance = 1e-2 if soft.dtype == torch.float16 else 1e-4
    bad = (soft < 0).any(dim=1) | ~((total - 1).abs() <= tolerance)
    if bad.any():
        row = int(bad.nonzero()[0])
        got = [round(float(p), 4) for p in soft[row]]
        rule = f"must be a distribution over the {classes} classes"
        remedy = "make it non-negative and divide it by its sum"
        raise GraphError.of(f"{here}.y_soft[{row}]", got, rule, remedy)


def check_splits(graph: MultimodalGraph) -> None:
    """Raise unless a whole graph has three disjoint splits and each class a training node."""
    store, here = graph[graph.target], f"graph[{graph.target!r}]"
    if "y_soft" in store:
        # On test nodes only y is hidden, not y_soft.
        rule = "belongs to condensed graphs: on a whole one it would leak test labels"
        raise GraphError.of(f"{here}.y_soft", described(store.y_soft), rule, "delete it")
    for split in SPLITS:
        if split not in store:
            rule, remedy = "must be bool [num_nodes]", "set the three splits"
            raise GraphError.of(f"{here}.{split}", "nothing", rule, remedy)
        if not store[split].any():
            remedy = "give each split at least one node"
            raise GraphError.of(f"{here}.{split}", "no node", "is empty", remedy)
    for i, first in enumerate(SPLITS):
        for second in SPLITS[i + 1 :]:
            both = (store[first] & store[second]).nonzero().flatten()
            if len(both):
                got = f"{len(both)} nodes in both, first {int(both[0])}"
                where = f"{here}.{first} and {second}"
                raise GraphError.of(where, got, "must not overlap", "give each node one split")
    for split in ("train_mask", "val_mask"):
        unlabelled = (store[split] & (store.y == UNLABELLED)).nonzero().flatten()
        if len(unlabelled):
            rule = f"is a {split} node without a label ({len(unlabelled)} of them)"
            remedy = "label it or remove it from the split"
            raise GraphError.of(f"{here}.y[{int(unlabelled[0])}]", "−1", rule, remedy)
    # Not bincount, which would allocate num_classes numbers, however many those are.
    taught = torch.unique(store.y[store.train_mask])
    if len(taught) < graph.num_classes:
        gaps = (taught != torch.arange(len(taught), device=taught.device)).nonzero()
        missing = int(gaps[0]) if len(gaps) else len(taught)
        where = f"class {missing} of {here}.train_mask"
        remedy = as_classes(store.y, int(graph.num_classes))
        remedy = remedy or "move a node of the class to train_mask, or merge the class"
        raise GraphError.of(where, "no training node", "needs at least one", remedy)


def check_condensed(graph: MultimodalGraph) -> None:
    """Raise unless every target node of a condensed graph is labelled."""
    unlabelled = (graph[graph.target].y == UNLABELLED).nonzero().flatten()
    if len(unlabelled):
        where = f"graph[{graph.target!r}].y[{int(unlabelled[0])}]"
        rule = f"must label every node of a condensed graph ({len(unlabelled)} are not labelled)"
        raise GraphError.of(where, "−1", rule, "label it, or remove it")
