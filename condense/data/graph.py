"""`MultimodalGraph`: a heterogeneous graph whose nodes have named modalities."""

from __future__ import annotations

import copy
from typing import Any, Literal

import torch
from torch_geometric.data import HeteroData

from condense.data.levels import EIGHT_BITS, Levels, in_eight_bits
from condense.data.rules.kind import check_target
from condense.data.spread.spread import SPREAD, spread_of
from condense.errors import GraphError
from models.schema import FEATURE_PREFIX, GraphSchema

Source = Literal["real", "simulated"]
GRAPH_ATTRIBUTES = ("target", "num_classes", "name", "source")
OWN_NAMES = (*GRAPH_ATTRIBUTES, SPREAD, EIGHT_BITS)
SPLITS = ("train_mask", "val_mask", "test_mask")
UNLABELLED = -1


class MultimodalGraph(HeteroData):
    """PyG's `HeteroData` with these attributes; all of PyG's operations work on it.

    On each node type t of n_t nodes:
        num_nodes: required on every type, since PyG cannot infer it from `x_<modality>`.
        x_<modality>: float [n_t, width]; any number of modalities, of any widths. It may be a sparse CSR
            tensor, see `condense.data.sparse`.
        has_<modality>: bool [n_t], optional; False if the node lacks the modality. The feature rows
            of such nodes are never read and may hold NaN.

    On the target type also:
        y: long [n], 0 … C−1, or −1 for unlabelled nodes.
        train_mask, val_mask, test_mask: bool [n], disjoint.
        y_soft: float [n, C], optional, each row a distribution over classes.
        node_weight: float [n], optional: how many original nodes a condensed one stands for.
        origin: long [n], optional: the original node that a condensed node was selected from, or −1.

    On each relation (source, name, destination):
        edge_index: long [2, e], from source to destination.
        edge_weight: float [e], optional, positive: a weight of w means w parallel edges.

    On the graph:
        target: the node type that is classified.     num_classes: C.
        name: of the data set.                        source: "real" or "simulated".
        spread: optional, of a condensed graph, see `condense.data.spread`.
        eight_bits: optional; True where files store one byte a number, see `condense.data.levels`.

    These six are read and set with a dot, types and relations with brackets, as PyG has it. Unlike there, a
    node type may have the name of one of them: graph.target is the attribute, graph["target"] the type.

    `condense.data.rules.check.check` states and checks all rules.
    """

    def __setattr__(self, key: str, value: Any) -> None:
        if key in OWN_NAMES:
            setattr(self._global_store, key, value)
        else:
            super().__setattr__(key, value)

    def __getitem__(self, *args: Any) -> Any:
        key = args[0]
        if not isinstance(key, (str, tuple)):
            rule = "must be a node type's name, which is text, or a relation"
            remedy = f"call it {str(key)!r}"
            raise GraphError.of(f"graph[{key!r}]", type(key).__name__, rule, remedy)
        # PyG would give the attribute, if it is set.
        if key in OWN_NAMES:
            return self.get_node_store(key)
        return super().__getitem__(*args)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in OWN_NAMES:
            raise GraphError.of(
                f"graph[{key!r}]",
                type(value).__name__,
                "is a node type's place",
                f"set the graph's own attribute with graph.{key} = …",
            )
        super().__setitem__(key, value)

    def _check_type_name(self, name: str) -> None:
        """PyG warns of names with "__", which some of its transforms split; all names work here."""


def num_target(graph: HeteroData) -> int:
    """n, the number of nodes of the target type."""
    return int(graph[graph.target].num_nodes)


def display_name(name: str, source: str) -> str:
    """The data set's name for display; simulated data sets are always marked."""
    return name if source == "real" else f"{name} ({source})"


def num_bytes(graph: HeteroData) -> int:
    """Bytes of the graph's arrays and of its spread, uncompressed, in float32 and int32, and in fewer bits
    where they are so: float16, or the eight bits of `condense.data.levels` in a graph with their mark.

    Each feature matrix counts in the smaller of its dense and its CSR form, whichever it has, so that the
    size of a whole graph with sparse features is not overstated. An edge counts two indices and its weight,
    if it has one; masks and labels count one byte and four bytes per node.
    """
    total, narrow = 0, in_eight_bits(graph)
    schema = GraphSchema.of(graph)
    for node_type in schema.node_types:
        store = graph[node_type]
        for key, value in store.items():
            if not isinstance(value, torch.Tensor):
                continue
            if key.startswith(FEATURE_PREFIX):
                size = min(4, value.element_size())
                entries = value.values() if value.layout == torch.sparse_csr else value
                csr = (4 + size) * int(torch.count_nonzero(entries)) + 4 * (value.size(0) + 1)
                levels = Levels.exactly(value) if narrow else None
                dense = levels.num_bytes() if levels else size * value.numel()
                total += min(dense, csr)
            elif value.dtype == torch.bool:
                total += value.numel()
            else:
                total += 4 * value.numel()
    for relation in schema.relations:
        store = graph[relation]
        total += 8 * store.edge_index.size(1)
        if "edge_weight" in store:
            total += 4 * store.edge_weight.numel()
    spread = spread_of(graph)
    return total if spread is None else total + spread.num_bytes(narrow)


def hide_test_labels(graph: MultimodalGraph) -> MultimodalGraph:
    """A copy of `graph` (new stores, shared tensors) in which y is −1 on the test nodes.

    Trainers and condensers only ever get this copy. Its tensors are detached: gradients do not flow into
    the graph of a user whose features are parameters.

    Raises:
        GraphError: not a heterogeneous graph with a target.
    """
    check_target(graph)
    hidden = copy.copy(graph)
    for each in hidden.stores:
        for key, value in each.items():
            if isinstance(value, torch.Tensor) and value.requires_grad:
                each[key] = value.detach()
    store = hidden[graph.target]
    if "test_mask" in store:
        store.y = torch.where(store.test_mask, torch.full_like(store.y, UNLABELLED), store.y)
    return hidden
