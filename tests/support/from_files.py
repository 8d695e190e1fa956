"""One small graph that several formats hold, and the commands from its files to a table of models."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.utils import coalesce, remove_self_loops, to_undirected

import cli

N = 60


def undirected_graph() -> Data:
    """60 nodes in three classes, 12 features, each edge in both directions, split 30/12/18."""
    generator = torch.Generator().manual_seed(0)
    edges = remove_self_loops(torch.randint(0, N, (2, 150), generator=generator))[0]
    part = torch.arange(N) // 3 % 10
    return Data(
        x=torch.rand(N, 12, generator=generator).round(decimals=3),
        edge_index=coalesce(to_undirected(edges), num_nodes=N),
        y=torch.arange(N) % 3,
        train_mask=part < 5,
        val_mask=(part == 5) | (part == 6),
        test_mask=part > 6,
    )


def rows(mask: torch.Tensor) -> list[int]:
    """The numbers of the nodes in a mask."""
    return mask.nonzero().flatten().tolist()


def to_table(source: str, *words: str, ratio: str = "0.2") -> None:
    """`prepare`, `condense` and `evaluate` in the current folder; each must succeed."""
    assert cli.main(["prepare", source, "--out", "mine.h5", *words]) == 0
    more = ["--method", "kmeans", "--ratio", ratio, "--out", "small.h5"]
    assert cli.main(["condense", "--dataset", "mine.h5", *more]) == 0
    more = ["--models", "mlp", "--seeds", "1", "--epochs", "5"]
    assert cli.main(["evaluate", "--condensed", "small.h5", *more]) == 0
