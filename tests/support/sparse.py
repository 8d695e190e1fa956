"""Graphs with sparse features, for tests."""

from __future__ import annotations

import copy

import numpy as np
import scipy.sparse as sp
import torch

from condense.data.graph import MultimodalGraph
from condense.data.sparse import csr_tensor, from_scipy
from tests.support.graphs import small_graph


def two_guises(seed: int = 0) -> tuple[MultimodalGraph, MultimodalGraph]:
    """One graph of 80 films twice: with zeros in dense features, and with the same features sparse.

    Films' images are missing in places, and are NaN there in both guises.
    """
    dense = small_graph(seed, num_target=80)
    sparse = copy.copy(dense)
    for node_type in ("movie", "director"):
        x = dense[node_type].x_text
        x[x.abs() < 0.5] = 0
        sparse[node_type].x_text = from_scipy(sp.csr_array(x.numpy()))
    image = dense["movie"].x_image
    rows = torch.arange(0, image.numel() + 1, image.size(1))
    columns = torch.arange(image.size(1)).repeat(len(image))
    sparse["movie"].x_image = csr_tensor(rows, columns, image.flatten(), image.shape)
    return dense, sparse


def wide_graph(n: int = 400, width: int = 4000, words: int = 20, seed: int = 0) -> MultimodalGraph:
    """Documents of 4 classes with `words` sparse words each, two in five from the class's own twentieth."""
    rng = np.random.default_rng(seed)
    y, own = np.arange(n) % 4, width // 20
    topical = y[:, None] * own + rng.integers(0, own, (n, words))
    columns = np.where(
        rng.random((n, words)) < 0.4, topical, rng.integers(0, width, (n, words))
    ).ravel()
    values = np.ones(n * words, dtype=np.float32)
    rows = np.repeat(np.arange(n), words)
    graph = MultimodalGraph()
    doc, quarter = graph["doc"], torch.arange(n) // 4 % 4
    doc.num_nodes = n
    doc.x_text = from_scipy(sp.coo_array((values, (rows, columns)), shape=(n, width)))
    doc.y = torch.from_numpy(y)
    doc.train_mask, doc.val_mask, doc.test_mask = quarter == 0, quarter == 1, quarter >= 2
    source = torch.arange(n)
    graph["doc", "cites", "doc"].edge_index = torch.stack([source, (source + 4) % n])
    graph.target, graph.num_classes = "doc", 4
    graph.name, graph.source = "wide", "simulated"
    return graph
