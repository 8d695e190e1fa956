"""Converts a condensation ratio to counts of nodes per type, nodes per class and edges per relation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph, num_target
from condense.data.inductive import Setting, training_part
from condense.data.rules.kind import check_target
from condense.errors import BudgetError

RatioBase = Literal["all", "train"]


@dataclass(frozen=True)
class Budget:
    """The size of a condensed graph.

    Attributes:
        nodes: node type -> n'_t.
        classes: n'_c of each class c; they sum to n' = nodes[target].
        edges: relation -> maximum number of edges.
        ratio: n' ÷ all target nodes.
        ratio_train: n' ÷ training nodes.
        ratio_base: which of these two ratios was requested.
        edge_ratio: maximum share of each relation's edges.
        notices: messages for the user, such as classes raised to one node.
        setting: the setting in which the graph is condensed; it decides which nodes are counted.
    """

    nodes: Mapping[str, int]
    classes: tuple[int, ...]
    edges: Mapping[EdgeType, int]
    ratio: float
    ratio_train: float
    ratio_base: RatioBase
    edge_ratio: float
    notices: tuple[str, ...] = ()
    setting: Setting = "transductive"


def plan(
    graph: MultimodalGraph,
    ratio: float,
    ratio_base: RatioBase | None = None,
    edge_ratio: float | None = None,
    setting: Setting = "transductive",
) -> Budget:
    """The budget for condensing `graph`.

    n' = ratio · base, rounded. Types other than the target keep the same share of their nodes, at least
    one; classes keep the proportions of the training nodes, at least one node each; relations keep at most
    ⌊edge_ratio · edges⌋, where parallel edges count once, as an edge with a weight does. In the inductive
    setting nodes and edges are those of the training sub-graph, and the shares of nodes and edges are
    n' ÷ training nodes.

    Args:
        graph: the whole graph.
        ratio: in (0, 1].
        ratio_base: "all" target nodes or "train" nodes. The default is GCond's convention: "all" in the
            transductive setting, "train" in the inductive one (Jin et al., ICLR 2022, section 4.1).
        edge_ratio: in [0, 1], 0 for no edges; by default n' ÷ visible target nodes.
        setting: "inductive" plans for the sub-graph of the training nodes.

    Raises:
        GraphError: not a heterogeneous graph with a target.
        BudgetError: a ratio out of range, fewer nodes than classes, or more nodes than are visible.
        UserError: an unknown setting.
    """
    check_target(graph)
    return planned(Sizes.of(graph, setting), ratio, ratio_base, edge_ratio, setting)


@dataclass(frozen=True)
class Sizes:
    """What a budget is planned from.

    Attributes:
        target: the node type that is classified.
        nodes: node type -> nodes that are visible in the setting.
        total: target nodes, visible or not.
        training: training nodes of each class.
        joined: relation -> joined pairs of visible nodes; parallel edges are one.
    """

    target: str
    nodes: Mapping[str, int]
    total: int
    training: Int[Tensor, " C"]
    joined: Mapping[EdgeType, int]

    @classmethod
    def of(cls, graph: MultimodalGraph, setting: Setting) -> Sizes:
        """Those of a graph in memory."""
        seen = training_part(graph, setting).graph
        store = graph[graph.target]
        return cls(
            target=graph.target,
            nodes={t: int(seen[t].num_nodes) for t in seen.node_types},
            total=num_target(graph),
            training=torch.bincount(store.y[store.train_mask], minlength=int(graph.num_classes)),
            joined={r: _joined_pairs(seen, r) for r in seen.edge_types},
        )


def planned(
    sizes: Sizes,
    ratio: float,
    ratio_base: RatioBase | None = None,
    edge_ratio: float | None = None,
    setting: Setting = "transductive",
) -> Budget:
    """The budget for a graph of these sizes; see `plan`."""
    _check_ratio("ratio", ratio)
    total, visible = sizes.total, sizes.nodes[sizes.target]
    num_train, num_classes = int(sizes.training.sum()), len(sizes.training)
    if ratio_base is None:
        ratio_base = "all" if setting == "transductive" else "train"
    base = total if ratio_base == "all" else num_train
    count = max(1, round(ratio * base))
    if count < num_classes:
        raise BudgetError(
            f"ratio (got {ratio}) gives {count} of {base} {sizes.target} nodes, fewer than the "
            f"{num_classes} classes; try --ratio {_ceil(num_classes / base)}"
        )
    if count > visible:
        raise BudgetError(
            f"ratio (got {ratio} of all nodes) gives {count} {sizes.target} nodes, more than the {visible} "
            f"training nodes that the inductive setting sees; try --ratio-base train"
        )
    if edge_ratio is None:
        edge_ratio = min(1.0, ratio * base / visible)  # Rounding may reach all nodes.
    if edge_ratio != 0:
        _check_ratio("edge_ratio", edge_ratio)

    classes, raised = _share(sizes.training, count)
    edges = {r: math.floor(edge_ratio * pairs + 1e-9) for r, pairs in sizes.joined.items()}
    notices = [f"class {c} is raised to 1 node (its share is below one half)" for c in raised]
    notices += [
        f"relation {'/'.join(r)} keeps no edge (its share of {sizes.joined[r]} is below 1)"
        for r, kept in edges.items()
        if kept == 0 and edge_ratio and sizes.joined[r]
    ]
    nodes = {
        t: count if t == sizes.target else max(1, round(n * count / visible))
        for t, n in sizes.nodes.items()
    }
    return Budget(
        nodes=nodes,
        classes=classes,
        edges=edges,
        ratio=count / total,
        ratio_train=count / num_train,
        ratio_base=ratio_base,
        edge_ratio=edge_ratio,
        notices=tuple(notices),
        setting=setting,
    )


def _joined_pairs(graph: MultimodalGraph, relation: EdgeType) -> int:
    """How many pairs of nodes a relation joins: parallel edges are one edge of greater weight."""
    src, dst = graph[relation].edge_index
    return len((src * int(graph[relation[2]].num_nodes) + dst).unique())


def _check_ratio(argument: str, value: float) -> None:
    if not 0 < value <= 1:
        flag = argument.replace("_", "-")
        raise BudgetError(f"{argument} (got {value}) must lie in (0, 1]; try --{flag} 0.02")


def _ceil(ratio: float) -> float:
    """`ratio` rounded up to two significant digits, so that the suggested value suffices."""
    digits = 1 - math.floor(math.log10(ratio))
    return min(1.0, math.ceil(ratio * 10**digits) / 10**digits)


def _share(sizes: torch.Tensor, count: int) -> tuple[tuple[int, ...], list[int]]:
    """Divide `count` in proportion to `sizes` by largest remainders, at least 1 each.

    Returns:
        The shares, and the classes whose proportional share was raised to 1.
    """
    exact = sizes.double() * count / sizes.sum()
    shares = exact.floor().long()
    by_remainder = (exact - shares).argsort(descending=True, stable=True)
    shares[by_remainder[: count - int(shares.sum())]] += 1
    raised = (shares == 0).nonzero().flatten().tolist()
    for c in raised:
        # Taken from the largest class, which has at least two nodes because count ≥ classes.
        shares[shares.argmax()] -= 1
        shares[c] = 1
    return tuple(shares.tolist()), raised
