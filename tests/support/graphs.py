"""Small graphs for tests: learnable, seeded, with every feature of the data type."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

from condense.data.condensed import CondensedGraph, Provenance
from condense.data.graph import MultimodalGraph


def small_graph(
    seed: int = 0,
    num_target: int = 40,
    num_classes: int = 3,
    text_width: int = 6,
    image_width: int = 4,
    weighted: bool = False,
    dtype: torch.dtype = torch.float32,
) -> MultimodalGraph:
    """Films (text, masked image), directors (text), actors (no features); two relation pairs.

    The class shows in text (separation 2, noise 1), in image (separation 1) and in whom a film is
    joined to: a director of its class four times in five, three actors likewise. Every class is in
    every split (a quarter, a quarter, half), and unlabelled nodes there are none.

    Args:
        seed: equal seeds give equal graphs.
        num_target: films n ≥ 4 · num_classes; n // 4 directors and n // 2 actors go with them.
        num_classes: C ≥ 2; film i has class i mod C.
        text_width: of films and directors.
        image_width: of films; one film in five lacks the image, and its row is NaN.
        weighted: give the film-actor pair integer edge weights 1 … 3 (the same both ways).
        dtype: of the features; float64 for finite differences.
    """
    rng = torch.Generator().manual_seed(seed)
    counts = {"movie": num_target, "director": num_target // 4, "actor": num_target // 2}
    graph = MultimodalGraph()
    for node_type, count in counts.items():
        graph[node_type].num_nodes = count

    movie, y = graph["movie"], torch.arange(num_target) % num_classes
    centres = 2 * torch.randn(num_classes, text_width, generator=rng)
    movie.x_text = (centres[y] + torch.randn(num_target, text_width, generator=rng)).to(dtype)
    image = torch.randn(num_classes, image_width, generator=rng)[y]
    movie.x_image = (image + torch.randn(num_target, image_width, generator=rng)).to(dtype)
    movie.has_image = torch.arange(num_target) % 5 != 4
    movie.x_image[~movie.has_image] = torch.nan
    movie.y = y
    quarter = torch.arange(num_target) // num_classes % 4
    movie.train_mask, movie.val_mask, movie.test_mask = quarter == 0, quarter == 1, quarter >= 2
    classes = torch.arange(counts["director"]) % num_classes
    noise = torch.randn(counts["director"], text_width, generator=rng)
    graph["director"].x_text = (centres[classes] + noise).to(dtype)

    _join(graph, "directed_by", "director", _alike(y, counts["director"], num_classes, 1, rng))
    _join(graph, "features", "actor", _alike(y, counts["actor"], num_classes, 3, rng))
    if weighted:
        for relation in (("movie", "features", "actor"), ("actor", "rev_features", "movie")):
            # The same generator state both ways: the pair stays each other's transpose.
            again = torch.Generator().manual_seed(seed + 1)
            edges = graph[relation].edge_index.size(1)
            graph[relation].edge_weight = torch.randint(1, 4, (edges,), generator=again).to(dtype)
    graph.target, graph.num_classes = "movie", num_classes
    graph.name, graph.source = "small", "simulated"
    return graph


def film_graph(**options: Any) -> MultimodalGraph:
    """The films of `small_graph(**options)` alone, joined to each other by one symmetric relation.

    A film is joined to three others, four times in five of its own class; with `weighted`, the weights are
    1 or, where both ends have drawn each other, 2.
    """
    whole, graph = small_graph(**options), MultimodalGraph()
    for key in ("target", "num_classes", "name", "source"):
        setattr(graph, key, getattr(whole, key))
    for key, value in whole["movie"].items():
        graph["movie"][key] = value
    rng = torch.Generator().manual_seed(options.get("seed", 0) + 2)
    y = graph["movie"].y
    edges = _alike(y, len(y), int(graph.num_classes), 3, rng)
    edges = edges[:, edges[0] != edges[1]]
    both, count = torch.unique(torch.cat([edges, edges.flip(0)], 1), dim=1, return_counts=True)
    relation = graph["movie", "resembles", "movie"]
    relation.edge_index = both
    if options.get("weighted"):
        relation.edge_weight = count.to(graph["movie"].x_text.dtype)
    return graph


def _alike(y: Tensor, count: int, num_classes: int, degree: int, rng: torch.Generator) -> Tensor:
    """[2, n · degree] distinct edges from each node to others, four in five of its own class."""
    source = torch.arange(len(y)).repeat_interleave(degree)
    draws = torch.rand(len(source), 2, generator=rng)
    same = (draws[:, 0] * (count // num_classes)).long() * num_classes + y[source]
    other = (draws[:, 0] * count).long()
    edges = torch.stack([source, torch.where(draws[:, 1] < 0.8, same, other)])
    return torch.unique(edges, dim=1)


def _join(graph: MultimodalGraph, name: str, other: str, edges: Tensor) -> None:
    graph["movie", name, other].edge_index = edges
    graph[other, f"rev_{name}", "movie"].edge_index = edges.flip(0).contiguous()


PROVENANCE = Provenance(
    dataset="small",
    source="simulated",
    dataset_hash="0" * 64,
    dataset_settings={"modalities": ["text", "image"]},
    method="kmeans",
    settings={"restarts": 3, "pseudo_labels": True, "lambda": 0.5, "note": None},
    seed=7,
    ratio=0.3,
    ratio_train=1.0,
    ratio_base="all",
    edge_ratio=0.3,
    device="cpu",
    versions={"python": "3.11", "torch": "2.13.0"},
    stages=[
        {"name": "propagate", "seconds": 0.25, "peak_bytes": 4096},
        {"name": "cluster", "seconds": 1.5, "peak_bytes": 8192},
    ],
    complete=True,
    history=[{"step": 0, "loss": 1.25}, {"step": 10, "loss": 0.5}],
    measures={"relay_val_micro_f1": 0.75, "edges": {"movie:features:actor": 9}},
)


def small_condensed(seed: int = 0, **changes: object) -> CondensedGraph:
    """A condensed graph of 12 films with soft labels, weights and origins, and a provenance.

    Args:
        seed: equal seeds give equal graphs.
        changes: fields of the provenance that differ from PROVENANCE.
    """
    graph = small_graph(seed, num_target=12, weighted=True)
    movie = graph["movie"]
    for split in ("train_mask", "val_mask", "test_mask"):
        del movie[split]
    rng = torch.Generator().manual_seed(seed)
    movie.y_soft = torch.rand(12, 3, generator=rng).softmax(dim=1)
    movie.node_weight = torch.rand(12, generator=rng) + 1
    movie.origin = torch.randperm(40, generator=rng)[:12]
    return CondensedGraph(graph, dataclasses.replace(PROVENANCE, **changes))
