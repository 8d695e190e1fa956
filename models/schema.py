"""The schema of a graph, from which models are built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.data.storage import NodeStorage
from torch_geometric.typing import EdgeType

FEATURE_PREFIX = "x_"
MASK_PREFIX = "has_"


@dataclass(frozen=True)
class GraphSchema:
    """Types, feature widths, relations and classes: what whole and condensed graph have in common.

    Attributes:
        node_types: in the graph's order, which seeded initialisation follows.
        modalities: node type -> modality -> width; a type without features maps to an empty dict.
        relations: (source type, name, destination type) in the graph's order.
        target: the node type whose nodes are classified.
        num_classes: C.
    """

    node_types: tuple[str, ...]
    modalities: Mapping[str, Mapping[str, int]]
    relations: tuple[EdgeType, ...]
    target: str
    num_classes: int

    @property
    def relations_into(self) -> dict[str, tuple[EdgeType, ...]]:
        """The relations that lead into each node type, in the graph's order; empty where none does."""
        return {t: tuple(r for r in self.relations if r[2] == t) for t in self.node_types}

    @classmethod
    def of(cls, graph: HeteroData) -> GraphSchema:
        """The schema of `graph`, which must carry `target` and `num_classes`."""
        return cls(
            node_types=tuple(graph.node_types),
            modalities={
                t: {m: int(graph[t][FEATURE_PREFIX + m].size(1)) for m in modality_names(graph[t])}
                for t in graph.node_types
            },
            relations=tuple(graph.edge_types),
            target=graph.target,
            num_classes=int(graph.num_classes),
        )


def modality_names(store: NodeStorage) -> tuple[str, ...]:
    """The modalities of one node type, in the order in which they were set."""
    return tuple(k.removeprefix(FEATURE_PREFIX) for k in store if k.startswith(FEATURE_PREFIX))


def present(store: NodeStorage, modality: str) -> Bool[Tensor, " n"]:
    """Which nodes have `modality`: its `has_<modality>` mask, or all of them where there is none."""
    mask = store.get(MASK_PREFIX + modality)
    if mask is None:
        x = store[FEATURE_PREFIX + modality]
        return torch.ones(x.size(0), dtype=torch.bool, device=x.device)
    return mask


def features(store: NodeStorage, modality: str) -> Float[Tensor, "n d"]:
    """The feature rows of `modality`, zero where a node lacks it (whatever the file holds there).

    In torch's default data type, that of models' parameters: a file may keep features in float16. Sparse
    features become dense; `condense.data.reduction` reduces wide ones before anything calls this.
    """
    x = store[FEATURE_PREFIX + modality].to(torch.get_default_dtype())
    if x.layout != torch.strided:
        x = x.to_dense()
    if MASK_PREFIX + modality not in store:
        return x
    return torch.where(
        present(store, modality).unsqueeze(1), x, torch.zeros((), dtype=x.dtype, device=x.device)
    )
