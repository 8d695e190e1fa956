"""Which of a node type's attributes are features, and under which modality."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from condense.data.pyg.arrays import as_tensor, feature_matrix
from condense.data.pyg.changes import Changes
from condense.data.rules.names import check_name
from condense.data.rules.nodes import described
from condense.data.sparse import WIDEST, as_scipy, from_scipy, is_sparse
from condense.errors import GraphError
from models.choices import nearest
from models.schema import FEATURE_PREFIX

BARE = ("x", "feat")
"""Attributes that are features under no modality's name: PyG's and DGL's."""
FEATURES = "features"
"""The modality of such features."""


def plan_of(modalities: Mapping[str, Any] | None, node_type: str) -> Mapping[str, Any] | None:
    """The modalities that the user named for `node_type`: of all types, or of this one."""
    if modalities and all(isinstance(value, Mapping) for value in modalities.values()):
        return modalities.get(node_type)
    return modalities


def modality_features(
    store: Mapping[str, Any],
    where: str,
    plan: Mapping[str, Any] | None,
    changes: Changes,
) -> tuple[dict[str, Tensor], set[str]]:
    """Modality -> features, and the attributes that were read.

    Args:
        store: the node type's attributes.
        where: the node type, for messages.
        plan: modality -> its attribute, or its number of columns in x; None for the usual attributes.
        changes: what is changed is added here.
    """
    sources = {
        key.removeprefix(FEATURE_PREFIX): key for key in store if key.startswith(FEATURE_PREFIX)
    }
    widths: Mapping[str, int] = {}
    if plan is None:
        bare = next((key for key in BARE if store.get(key) is not None), None)
        if bare is not None and FEATURES not in sources:
            changes.note(
                f"{where}.{bare}: its modality is called {FEATURES!r}; another name with "
                f"modalities={{'text': {bare!r}}}"
            )
            sources[FEATURES] = bare
    elif all(isinstance(value, str) for value in plan.values()):
        named = {modality: key for modality, key in plan.items() if store.get(key) is not None}
        sources = {m: key for m, key in sources.items() if key not in named.values()} | named
    elif all(isinstance(value, int) and value > 0 for value in plan.values()):
        widths = plan
    else:
        rule = "must map modalities to attributes or to numbers of columns of x"
        remedy = "try {'text': 'x'} or {'text': 512, 'image': 512}"
        raise GraphError.of("modalities", dict(plan), rule, remedy)
    found = {m: _read(store[key], f"{where}.{key}", changes) for m, key in sources.items()}
    read = set(sources.values())
    if widths and store.get("x") is not None:
        found |= _columns(_read(store["x"], f"{where}.x", changes), f"{where}.x", widths)
        read.add("x")
    return found, read


def check_plan(
    modalities: Mapping[str, Any] | None, stores: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raise where `modalities` names a type or an attribute that the graph lacks.

    Args:
        modalities: as the user gives them.
        stores: node type -> its attributes.
    """
    if modalities and all(isinstance(value, Mapping) for value in modalities.values()):
        for node_type, plan in modalities.items():
            if node_type not in stores:
                rule, remedy = "is not a node type of the graph", nearest(str(node_type), stores)
                raise GraphError.of("modalities", repr(node_type), rule, remedy)
            check_plan(plan, {node_type: stores[node_type]})
        return
    for modality, key in (modalities or {}).items():
        check_name(modality, "a modality")
        if isinstance(key, str) and all(store.get(key) is None for store in stores.values()):
            known = dict.fromkeys(name for store in stores.values() for name in store)
            rule, remedy = "is not an attribute of a node type", nearest(key, known)
            raise GraphError.of("modalities", repr(key), rule, remedy)


def _read(raw: Any, where: str, changes: Changes) -> Tensor:
    tensor = as_tensor(raw, where, changes)
    if tensor is None or tensor.dim() == 0:
        rule, remedy = "must be numbers [num_nodes, width]", "embed it first, or delete it"
        raise GraphError.of(where, type(raw).__name__, rule, remedy)
    return feature_matrix(tensor, where, changes)


def _columns(x: Tensor, where: str, widths: Mapping[str, int]) -> dict[str, Tensor]:
    if x.size(1) != sum(widths.values()):
        rule = f"must have the {sum(widths.values())} columns of modalities {dict(widths)}"
        remedy = "correct the numbers, or give them for each node type"
        raise GraphError.of(where, described(x), rule, remedy)
    ends = list(itertools.accumulate(widths.values()))
    parts = (slice(end - width, end) for end, width in zip(ends, widths.values(), strict=True))
    if is_sparse(x):
        matrix = as_scipy(x)
        cut = {m: from_scipy(matrix[:, part]) for m, part in zip(widths, parts, strict=True)}
        return {m: part if part.size(1) > WIDEST else part.to_dense() for m, part in cut.items()}
    return {m: x[:, part].contiguous() for m, part in zip(widths, parts, strict=True)}
