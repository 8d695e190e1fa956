"""The part of a condensed graph that is drawn: numbered nodes, and mirrored relations once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from condense.data.graph import MultimodalGraph
from evaluate.report.feature_projection import marker_sizes
from models.propagation.sparse import edge_weights

MOST_NODES = 1500
MOST_EDGES = 6000


@dataclass(frozen=True)
class DrawnGraph:
    """Nodes of all types under one numbering, and edges without direction.

    Attributes:
        types: names.
        type_of: [n], indices into `types`.
        classes: [n], −1 for nodes without a class.
        sizes: [n], areas of the target nodes' markers, see `marker_sizes`; 1 for other types.
        relations: names of the relations, or of pairs of mirrored ones.
        edges: [2, e].
        relation_of: [e], indices into `relations`.
        weights: [e].
        left_out: number of nodes and of edges that were dropped because there were too many.
    """

    types: tuple[str, ...]
    type_of: np.ndarray
    classes: np.ndarray
    sizes: np.ndarray
    relations: tuple[str, ...]
    edges: np.ndarray
    relation_of: np.ndarray
    weights: np.ndarray
    left_out: tuple[int, int]

    @classmethod
    def of(cls, graph: MultimodalGraph, seed: int = 0) -> DrawnGraph:
        """The drawn part of a condensed graph.

        Of more than MOST_NODES nodes a random share of each type stays; of more than MOST_EDGES edges among
        these the heaviest.
        """
        counts = {t: int(graph[t].num_nodes) for t in graph.node_types}
        total = sum(counts.values())
        rng = np.random.default_rng(seed)
        kept = {
            t: np.sort(rng.permutation(n)[: -(-n * min(total, MOST_NODES) // total)])
            for t, n in counts.items()
        }
        number, first = {}, 0
        for t, rows in kept.items():
            number[t] = np.full(counts[t], -1)
            number[t][rows] = first + np.arange(len(rows))
            first += len(rows)
        target = graph[graph.target]
        classes, sizes = np.full(first, -1), np.ones(first)
        own = number[graph.target][kept[graph.target]]
        classes[own] = target.y.numpy()[kept[graph.target]]
        sizes[own] = marker_sizes(target.get("node_weight"), len(target.y))[kept[graph.target]]
        relations, edges, relation_of, weights = _merge_mirrored(graph, number)
        total_edges = len(weights)
        heaviest = np.sort(np.argsort(-weights, kind="stable")[:MOST_EDGES])
        return cls(
            types=tuple(kept),
            type_of=np.repeat(np.arange(len(kept)), [len(rows) for rows in kept.values()]),
            classes=classes,
            sizes=sizes,
            relations=relations,
            edges=edges[:, heaviest],
            relation_of=relation_of[heaviest],
            weights=weights[heaviest],
            left_out=(total - first, total_edges - len(heaviest)),
        )


def _merge_mirrored(
    graph: MultimodalGraph, number: dict[str, np.ndarray]
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray]:
    """Names of the relations, and edges [2, e] among the kept nodes with their relations [e] and weights [e].

    A relation whose edges are those of another one reversed is left out.
    """
    names: list[str] = []
    seen: list[tuple[tuple[str, str], set[tuple[int, int]]]] = []
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for relation in graph.edge_types:
        source, name, destination = relation
        index = graph[relation].edge_index.numpy()
        reverse = set(zip(index[1].tolist(), index[0].tolist(), strict=True))
        if index.shape[1] and ((destination, source), reverse) in seen and source != destination:
            continue
        seen.append(((source, destination), set(zip(*index.tolist(), strict=True))))
        ends = np.stack([number[source][index[0]], number[destination][index[1]]])
        kept = (ends >= 0).all(axis=0)
        weight = edge_weights(graph, relation).detach().to(torch.float64).numpy()
        names.append(name if source == destination else f"{source} – {destination} ({name})")
        parts.append((ends[:, kept], weight[kept]))
    relation_of = np.repeat(np.arange(len(parts)), [len(w) for _, w in parts])
    edges = np.concatenate([np.zeros((2, 0), dtype=int), *(e for e, _ in parts)], axis=1)
    weights = np.concatenate([np.zeros(0), *(w for _, w in parts)])
    return tuple(names), edges, relation_of, weights
