"""A relation's edges and weights from `edge_index`, or from the matrix `adj_t`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from condense.data.pyg.arrays import as_tensor, storable, vector
from condense.data.pyg.changes import Changes
from condense.data.rules.nodes import described
from condense.data.rules.remedies import is_edge_list
from condense.errors import GraphError
from models.choices import nearest

WEIGHTS = ("edge_weight", "weight")
EDGES = 1 << 20
"""Edges that are looked at at a time."""
STRUCTURE = ("edge_index", "adj_t", "adj", "num_edges", "is_sorted", "sort_order")


def check_weight(weight: str | None, stores: Iterable[Mapping[str, Any]]) -> None:
    """Raise where the attribute that is to hold the weights is none of any relation's.

    Args:
        weight: its name, as the user gives it; None for none.
        stores: the attributes of each relation.
    """
    known = {name for store in stores for name in store if name not in STRUCTURE}
    if weight is not None and weight not in known:
        remedy = nearest(weight, sorted(known)) if known else "leave it out: edges have none"
        raise GraphError.of("edge_weight", repr(weight), "is not an attribute of edges", remedy)


def edge_attributes(
    store: Mapping[str, Any], where: str, weight: str | None, changes: Changes
) -> dict[str, Tensor]:
    """The attributes of a relation as the rules ask for: edge_index, edge_weight and others.

    Args:
        store: the relation's attributes.
        where: the relation, for messages.
        weight: the attribute that holds the weights; None for `edge_weight` or `weight`.
        changes: what is changed is added here.
    """
    index, value = _edges(store, where, changes)
    count = index.size(1)
    kept = {"edge_index": index}
    names = WEIGHTS if weight is None else (weight,)
    weighted = next((name for name in names if store.get(name) is not None), None)
    for name, raw in store.items():
        if name in STRUCTURE or raw is None:
            continue
        tensor = as_tensor(raw, f"{where}.{name}", changes)
        if name == weighted:
            if tensor is None or tensor.dim() == 0:
                got, rule = type(raw).__name__, "must be numbers [edges]"
                raise GraphError.of(
                    f"{where}.{name}", got, rule, "name another attribute as the weight"
                )
            value = tensor
            if name != "edge_weight":
                changes.note(f"{where}.{name}: taken as edge_weight")
        elif tensor is None or tensor.dim() == 0 or tensor.size(0) != count:
            changes.note(f"{where}.{name}: left out, since it is not one row of numbers per edge")
        else:
            hint = (
                "; if it is a weight, say edge_weight={name!r}" if tensor.numel() == count else ""
            )
            changes.note(
                f"{where}.{name}: kept, but no model and no condenser reads it{hint.format(name=name)}"
            )
            kept[name] = storable(tensor)
    if value is not None:
        kept = _weighted(kept, value, where, changes)
    return kept


def _edges(store: Mapping[str, Any], where: str, changes: Changes) -> tuple[Tensor, Tensor | None]:
    """edge_index [2, e] and the values of a matrix's entries, None where all are 1."""
    if store.get("edge_index") is not None:
        index = as_tensor(store["edge_index"], f"{where}.edge_index", changes)
        if index is None or index.layout != torch.strided or not is_edge_list(index):
            got = type(store["edge_index"]).__name__ if index is None else described(index)
            rule, remedy = "must be integers [2, edges]", "set source and destination of each edge"
            raise GraphError.of(f"{where}.edge_index", got, rule, remedy)
        if index.size(0) != 2:
            changes.note(f"{where}.edge_index: [2, edges] from [edges, 2]")
            index = index.t().contiguous()
        if index.dtype != torch.long:
            changes.detail(f"{where}.edge_index: int64 from {described(index)}")
        return index.long(), None
    for name in ("adj_t", "adj"):
        if store.get(name) is not None:
            return _entries(store[name], f"{where}.{name}", name == "adj_t", changes)
    raise GraphError.of(
        f"{where}.edge_index", "nothing", "must be integers [2, edges]", "set it, or adj_t"
    )


def _entries(
    raw: Any, where: str, transposed: bool, changes: Changes
) -> tuple[Tensor, Tensor | None]:
    """The entries of a matrix as edges, by source and then destination."""
    matrix = as_tensor(raw, where, changes)
    if matrix is None or matrix.dim() != 2:
        got = type(raw).__name__ if matrix is None else described(matrix)
        raise GraphError.of(where, got, "must be a sparse matrix", "give edge_index instead")
    matrix = matrix if matrix.layout == torch.sparse_coo else matrix.to_sparse_coo()
    # The indices as they are: coalescing would add up parallel edges, which count one each.
    index, value = matrix._indices(), matrix._values()
    row, column = index
    source, destination = (column, row) if transposed else (row, column)
    order = torch.argsort(destination, stable=True)
    order = order[torch.argsort(source[order], stable=True)]
    changes.detail(f"{where}: edges from its entries, by source and destination")
    value = value[order]
    ones = value.dim() == 1 and bool((value == 1).all())
    return torch.stack([source[order], destination[order]]).long(), None if ones else value


def _weighted(
    kept: dict[str, Tensor], value: Tensor, where: str, changes: Changes
) -> dict[str, Tensor]:
    """`kept` with positive float weights; edges of weight 0 are taken out."""
    name = f"{where}.edge_weight"
    weight = vector(value, name, changes)
    if weight.dtype not in (torch.float16, torch.float32):
        changes.detail(f"{name}: float32 from {str(weight.dtype).removeprefix('torch.')}")
        weight = weight.float()
    count = kept["edge_index"].size(1)
    if weight.shape == (count,) and any(bool((part == 0).any()) for part in weight.split(EDGES)):
        there = weight != 0
        changes.note(f"{name}: {count - int(there.sum())} edges of weight 0 taken out")
        kept = {
            key: tensor[:, there] if key == "edge_index" else tensor[there]
            for key, tensor in kept.items()
        }
        weight = weight[there]
    return {**kept, "edge_weight": weight}
