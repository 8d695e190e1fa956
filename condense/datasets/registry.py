"""Whole graphs by name, or from a file of one's own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.datasets.amazon1 import load_amazon1
from condense.datasets.amazon2 import load_amazon2
from condense.datasets.amazon_files import SOURCES
from condense.datasets.cora import load_cora
from condense.datasets.heco import load_heco
from condense.datasets.imdb import MODALITIES, load_imdb
from condense.datasets.imdb_unique import load_imdb_unique
from condense.datasets.names import FILE_ENDINGS
from condense.datasets.photo import load_photo
from condense.errors import FileError, UserError
from condense.io import load_graph
from models.choices import choose, nearest
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names


@dataclass(frozen=True)
class DatasetEntry:
    """How to load a data set.

    Attributes:
        load: (data root, source, modalities) -> graph.
        modalities: of the target type, those loaded unless the user names others.
        available: of the target type, all.
        simulated: whether a simulated stand-in exists.
    """

    load: Callable[[Path, str, Sequence[str]], MultimodalGraph]
    modalities: tuple[str, ...]
    available: tuple[str, ...]
    simulated: bool = False


def _text_only(load: Callable[[Path], MultimodalGraph]) -> DatasetEntry:
    """A data set whose target type has text alone."""
    return DatasetEntry(
        lambda root, source, modalities: load(root), modalities=("text",), available=("text",)
    )


DATASETS: dict[str, DatasetEntry] = {
    "amazon1": DatasetEntry(
        lambda root, source, modalities: load_amazon1(root, source),
        modalities=("text", "image"),
        available=("text", "image"),
        simulated=True,
    ),
    "amazon2": DatasetEntry(
        lambda root, source, modalities: load_amazon2(root, source),
        modalities=("text", "image", "price"),
        available=("text", "image", "price"),
        simulated=True,
    ),
    "imdb": DatasetEntry(
        lambda root, source, modalities: load_imdb(root, modalities),
        modalities=("text", "image"),
        available=MODALITIES,
    ),
    "imdb-unique": DatasetEntry(
        lambda root, source, modalities: load_imdb_unique(root, modalities),
        modalities=("text", "image"),
        available=MODALITIES,
    ),
    "acm": _text_only(partial(load_heco, name="acm")),
    "acm-40": _text_only(partial(load_heco, name="acm", per_class=40)),
    "acm-20": _text_only(partial(load_heco, name="acm", per_class=20)),
    "dblp": _text_only(partial(load_heco, name="dblp")),
    "dblp-40": _text_only(partial(load_heco, name="dblp", per_class=40)),
    "dblp-20": _text_only(partial(load_heco, name="dblp", per_class=20)),
    "cora": _text_only(load_cora),
    "photo": _text_only(load_photo),
    "photo-1": _text_only(partial(load_photo, seed=1)),
    "photo-2": _text_only(partial(load_photo, seed=2)),
    "photo-3": _text_only(partial(load_photo, seed=3)),
    "photo-4": _text_only(partial(load_photo, seed=4)),
}


def load_dataset(
    name: str,
    root: Path | str = Path("data"),
    source: str = "auto",
    modalities: Sequence[str] | None = None,
) -> MultimodalGraph:
    """The whole graph called `name`, checked.

    Args:
        name: of a known data set, or the path of a graph saved by `condense.io.save` (.h5, .hdf5).
        root: the folder that holds known data sets' files.
        source: "real", "simulated", or "auto": real files where they are, else simulated.
        modalities: of the target type, those to keep; by default the data set's usual ones.

    Raises:
        UserError: an unknown name, source or modality.
        FileError: files are missing or damaged.
        GraphError: the graph breaks a rule.
    """
    if source not in SOURCES:
        raise UserError(f"source (got {source!r}) is unknown; {nearest(source, SOURCES)}")
    if name.endswith(FILE_ENDINGS):
        return keep_modalities(_own(Path(name), source), modalities)
    entry = choose(DATASETS, name, "dataset")
    if source == "simulated" and not entry.simulated:
        raise UserError(f"source (got 'simulated'): {name} has no simulated stand-in; use real")
    wanted = tuple(modalities) if modalities else entry.modalities
    for modality in wanted:
        if modality not in entry.available:
            raise UserError(
                f"modalities (got {modality!r}) has no such entry in {name}; "
                f"{nearest(modality, entry.available)}"
            )
    graph = keep_modalities(entry.load(Path(root), source, wanted), wanted)
    check(graph, "whole")
    return graph


def _own(path: Path, source: str) -> MultimodalGraph:
    graph = load_graph(path)
    if "train_mask" not in graph[graph.target]:
        raise FileError(f"{path} holds a condensed graph; --dataset needs a whole one with splits")
    if source != "auto" and source != graph.source:
        raise UserError(f"source (got {source!r}): {path} says that it is {graph.source}; use auto")
    return graph


def keep_modalities(graph: MultimodalGraph, names: Sequence[str] | None) -> MultimodalGraph:
    """A copy whose target type has only these modalities; all of them for None.

    Raises:
        UserError: the target type lacks one.
    """
    if names is None:
        return graph
    available = modality_names(graph[graph.target])
    for name in names:
        if name not in available:
            raise UserError(
                f"modalities (got {name!r}) is none of {graph.target}'s; {nearest(name, available)}"
            )
    graph = copy.copy(graph)
    for name in available:
        if name not in names:
            del graph[graph.target][FEATURE_PREFIX + name]
            graph[graph.target].pop(MASK_PREFIX + name, None)
    return graph
