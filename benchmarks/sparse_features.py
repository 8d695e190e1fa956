"""What 256 dimensions, fewer bits and the largest entries alone cost; docs/concepts.md has the numbers.

python -m benchmarks.sparse_features --dataset acm --ratio 0.02
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from condense.budget import plan
from condense.data import reduction
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph, num_bytes
from condense.data.precision import rounded
from condense.data.sparse import from_scipy
from condense.datasets.load import load_dataset
from condense.run import condense
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.results.rows import WHOLE
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from models.schema import FEATURE_PREFIX, modality_names

MODELS = ("mlp", "sgc", "gcn")


def reduced(whole: MultimodalGraph) -> MultimodalGraph:
    """A copy of `whole` whose features are read as wide sparse ones are, however narrow they are."""
    graph = copy.copy(whole)
    for store in graph.node_stores:
        for modality in modality_names(store):
            key = FEATURE_PREFIX + modality
            store[key] = from_scipy(sp.csr_array(store[key].numpy()))
    reduction.WIDEST = reduction.RANK
    return reduction.SparseReduction.fit(graph).apply(graph)


def largest(small: MultimodalGraph, whole: MultimodalGraph, times: int) -> MultimodalGraph:
    """A copy of `small` with the largest entries of each row, `times` as many as a mean row of `whole`."""
    graph = copy.copy(small)
    for node_type in graph.node_types:
        for modality in modality_names(whole[node_type]):
            key = FEATURE_PREFIX + modality
            x, mean = (
                small[node_type][key],
                float((whole[node_type][key] != 0).sum(dim=1).float().mean()),
            )
            top = x.abs().topk(min(max(1, int(times * mean)), x.size(1)), dim=1).indices
            graph[node_type][key] = torch.zeros_like(x).scatter_(1, top, x.gather(1, top))
    return graph


def compare(whole: MultimodalGraph, ratio: float, seeds: int, columns: str) -> Iterator[str]:
    """One line for each way to store the condensed graph, and one for the whole graph."""
    small = condense(whole, plan(whole, ratio), "kmeans", {"labels": "pseudo"})
    stored = {f"{bits} bits": rounded(small.graph, bits)[0] for bits in (32, 16, 8)}
    if columns == "all":
        stored |= {f"largest {t}": largest(small.graph, whole, t) for t in (1, 2, 4)}
    task = EvaluationTask.of(whole)
    graphs = [TrainingGraph(WHOLE, task.trained_whole())]
    graphs += [TrainingGraph(n, g, CondensedGraph(g, small.provenance)) for n, g in stored.items()]
    rows = evaluate(task, graphs, Protocol(MODELS, seeds, training=TrainSettings(epochs=150)))
    for graph in graphs:
        scores = [
            np.mean([r.micro_f1 for r in rows if (r.model, r.method) == (m, graph.label)])
            for m in MODELS
        ]
        numbers = " / ".join(f"{score:.3f}" for score in scores)
        yield f"{columns:>6} columns, {graph.label:<10} {num_bytes(graph.graph):>12,} bytes  {numbers}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="cora")
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--ratio", type=float, default=0.026)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    whole = load_dataset(arguments.dataset, arguments.data_root)
    for graph, columns in ((whole, "all"), (reduced(whole), "256")):
        for line in compare(graph, arguments.ratio, arguments.seeds, columns):
            print(line)


if __name__ == "__main__":
    main()
