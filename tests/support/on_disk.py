"""Whole graphs in files, opened as graphs on disk for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from condense.data.graph import MultimodalGraph
from condense.datasets.amazon1_simulated import simulate_amazon1
from condense.io import save
from condense.io.stored_graph import open_stored
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.reading import read_graph, sorted_relations
from condense.out_of_core.room import GIB, Room
from condense.out_of_core.workspace import Workspace
from condense.running.timing import StageClock
from evaluate.training.on_disk.settings import Sampling
from evaluate.training.on_disk.task import StoredTask
from tests.support.graphs import small_graph


def films() -> MultimodalGraph:
    """Three types, one of them without features, a modality that some lack, and weights."""
    return small_graph(num_target=120, weighted=True)


def products() -> MultimodalGraph:
    """One type and four relations."""
    graph = simulate_amazon1(scale=0.01)
    for modality in ("x_text", "x_image"):
        graph["item"][modality] = graph["item"][modality][:, :24].clone()
    return graph


def chain(length: int = 90) -> MultimodalGraph:
    """Films in a row, each joined to the next ones and by an actor; parts of it are small."""
    rng, graph = torch.Generator().manual_seed(0), MultimodalGraph()
    movie, actor, here = graph["movie"], graph["actor"], torch.arange(length)
    movie.num_nodes = actor.num_nodes = length
    movie.x_text = torch.randn(length, 5, generator=rng)
    actor.x_text = torch.randn(length, 3, generator=rng)
    movie.x_image = torch.randn(length, 2, generator=rng)
    movie.has_image = here % 3 > 0
    movie.y = here % 2
    movie.train_mask, movie.val_mask, movie.test_mask = (
        here % 5 < 2, here % 5 == 2, here % 5 > 2
    )  # fmt: skip
    graph["movie", "before", "movie"].edge_index = torch.stack([here[:-1], here[1:]])
    graph["movie", "has", "actor"].edge_index = torch.stack([here, here])
    graph["actor", "plays", "movie"].edge_index = torch.stack([here[:-2], here[2:]])
    graph["actor", "plays", "movie"].edge_weight = torch.rand(length - 2, generator=rng) + 0.5
    graph.target, graph.num_classes, graph.name, graph.source = "movie", 2, "chain", "simulated"
    return graph


def opened(graph: MultimodalGraph, folder: Path) -> tuple[GraphOnDisk, Workspace]:
    """A graph on disk, and the folder of its parts."""
    save(folder / "graph.h5", graph)
    workspace, room = Workspace(folder / "work", torch.Generator()), Room(2 * GIB)
    workspace.begin({}, StageClock())
    with open_stored(folder / "graph.h5") as stored:
        relations = sorted_relations(stored, workspace, room)
        return read_graph(stored, relations, workspace, room), workspace


def stored_task(
    graph: MultimodalGraph, folder: Path, sampling: Sampling | None = None
) -> StoredTask:
    """A task on disk; by default all nodes are scored."""
    folder.mkdir(exist_ok=True)
    path = folder / "task.h5"
    if not path.exists():
        save(path, graph)
    with open_stored(path) as stored:
        return StoredTask.of(
            stored, stored.verify(), sampling or Sampling(), 2 * GIB, folder / "task.work"
        )
