"""Warnings about classes of which a single node trains."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from condense.data.graph import MultimodalGraph


def rare_classes(graph: MultimodalGraph) -> Iterator[str]:
    """A sentence where classes have one training node; the rules refuse classes without any."""
    store = graph[graph.target]
    counts = torch.bincount(store.y[store.train_mask], minlength=int(graph.num_classes))
    rare = (counts == 1).nonzero().flatten().tolist()
    if rare:
        yield (
            f"{len(rare)} of {len(counts)} classes have a single training node, for example class {rare[0]}: "
            "nothing can be learnt of how such nodes differ; merge the class with another, or draw a split "
            "with more training nodes"
        )
