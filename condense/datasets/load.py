"""Loading whole graphs: by name, or from a file of one's own."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.datasets.registry import DATASETS, FILE_ENDINGS, dataset_name
from condense.datasets.source import check_source
from condense.errors import FileError, UserError
from condense.io import load_graph
from models.choices import UnknownChoiceError, nearest
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names


def load_dataset(
    name: str,
    root: Path | str = Path("data"),
    source: str = "auto",
    modalities: Sequence[str] | None = None,
) -> MultimodalGraph:
    """Load the whole graph called `name`, and check it.

    Args:
        name: of a data set in `DATASETS`, in any spelling, or the path of a graph saved by
            `condense.io.save` (.h5, .hdf5).
        root: the folder that holds known data sets' files.
        source: "real", "simulated", or "auto": real files where they are, else simulated.
        modalities: of the target type, those to keep; by default the data set's usual ones.

    Raises:
        UserError: an unknown name, source or modality.
        FileError: files are missing or damaged.
        GraphError: the graph breaks a rule.
    """
    check_source(source)
    if name.endswith(FILE_ENDINGS):
        return keep_modalities(_load_file(Path(name), source), modalities)
    name = dataset_name(name)
    entry = DATASETS[name]
    if source == "simulated" and not entry.simulated:
        raise UserError(f"source (got 'simulated'): {name} has no simulated stand-in; use real")
    wanted = tuple(modalities) if modalities else entry.modalities
    for modality in wanted:
        if modality not in entry.available:
            raise UserError(
                f"modalities (got {modality!r}) has no such entry in {name}; "
                f"{nearest(modality, entry.available)}"
            )
    try:
        loaded = entry.load(Path(root), source, wanted)
    except (UserError, UnknownChoiceError):
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeError) as error:
        # Each file can be read, but they are not those that the loader was written for.
        raise FileError(
            f"{name}: the files below {root} do not fit together ({error}); put {name}'s files there again"
        ) from error
    graph = keep_modalities(loaded, wanted)
    check(graph, "whole")
    return graph


def _load_file(path: Path, source: str) -> MultimodalGraph:
    graph = load_graph(path)
    if "train_mask" not in graph[graph.target]:
        raise FileError(f"{path} holds a condensed graph; --dataset needs a whole one with splits")
    if source != "auto" and source != graph.source:
        raise UserError(f"source (got {source!r}): {path} says that it is {graph.source}; use auto")
    return graph


def keep_modalities(graph: MultimodalGraph, names: Sequence[str] | None) -> MultimodalGraph:
    """Copy `graph` with only these modalities of the target type; None keeps all of them.

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
