"""Converts another tool's tensors to a `CondensedGraph` of a whole graph that the user declares.

The two formats, and the sources of what follows:

- "srgm": the eleven graphs that the authors of SR-GM published, with their notes:
  `feat_<set>_<ratio>_GCN_<encoder>.pt` [n', text width + image width], and `adj_…` [n', n'], dense,
  symmetric, in 0 … 1 with zeros on the diagonal. No labels: see `labels_by_size`. The ratio is
  relative to the training nodes.
- "graphslim": GraphSlim's `save_reduced` and `load_reduced` (graphslim/dataset/utils.py):
  `adj_<set>_<rate>_<seed>.pt`, `feat_…` and `label_…`. `adj` is dense or sparse COO, or missing,
  which means the identity; methods without structure save the identity itself. `label` holds classes,
  int64 [n']. By default GraphSlim condenses row-normalised features (`--pre_norm`); the whole graph must
  then hold normalised features too, which `feature_scale` in the result's measures shows.

Neither format stores what condensing cost, so the provenance has no stages and its seconds are unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jaxtyping import Int
from torch import Tensor

from condense.data.condensed import CondensedGraph, Provenance
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph, num_target
from condense.data.inductive import Setting, training_part
from condense.data.reduction import sparse_modalities
from condense.data.rules.check import check
from condense.data.rules.kind import check_target
from condense.data.sparse import WIDEST
from condense.edges.statistics import edge_numbers_of
from condense.errors import UserError
from condense.foreign.edges import KeptEdges
from condense.foreign.labels import labels_by_size, ratio_in_name
from condense.foreign.tensor_file import sha256
from condense.foreign.tensors import read_edges, read_features, read_labels, spelled_widths
from condense.running.identity import versions
from models.schema import FEATURE_PREFIX, GraphSchema, features, present

Format = Literal["srgm", "graphslim"]
FOREIGN = "foreign:"
"""Prefix of the names of other tools' methods."""


@dataclass(frozen=True)
class ForeignFiles:
    """The files of the tensors.

    Attributes:
        features: [n', sum of the modalities' widths].
        adjacency: [n', n']; None for no edges.
        labels: [n'] classes; None if they follow from the training nodes.
    """

    features: Path
    adjacency: Path | None = None
    labels: Path | None = None


def import_graph(
    whole: MultimodalGraph,
    files: ForeignFiles,
    kind: Format = "srgm",
    *,
    widths: Mapping[str, int] | None = None,
    threshold: float = 0.01,
    ratio: float | None = None,
    setting: Setting = "transductive",
    method: str = "",
    seed: int = 0,
    dataset_settings: Mapping[str, Any] | None = None,
) -> CondensedGraph:
    """Import the condensed graph in `files`; the user declares that it was condensed from `whole`.

    Args:
        whole: the graph that was condensed: one node type, one relation, labels and splits.
        files: the tensors.
        kind: the format of the files.
        widths: modality -> width in the order of the feature columns; by default those of `whole`.
        threshold: entries of the adjacency above it become edges, see `kept_edges`. GCond's code cuts at .01
            (.05 for Cora and Citeseer) before it tests other models.
        ratio: condensed ÷ training nodes, for labels that are not stored; by default the number in the name
            of the feature file.
        setting: the setting in which the graph was condensed.
        method: the authors' name of the method, if it differs from the format's name.
        seed: the seed of the condensation.
        dataset_settings: how `whole` was loaded, so that it can be loaded again.

    Raises:
        FileError: a file cannot be read safely, has a wrong shape or type, or holds non-finite values.
        UserError: `whole` cannot be the graph that was condensed.
    """
    check_target(whole)
    if kind == "srgm" and files.adjacency is None:
        raise UserError("adj (got nothing) is required: SR-GM's graphs have one; give --adj FILE")
    if not (math.isfinite(threshold) and threshold >= 0):
        raise UserError(f"threshold (got {threshold}) must be finite and at least 0; try 0.01")
    _check_dense(whole)
    widths = _checked_widths(GraphSchema.of(whole), widths)
    x = read_features(files.features, widths)
    edges = read_edges(files.adjacency, len(x), threshold)
    if len(x) > num_target(whole):
        raise UserError(
            f"features (got {len(x)} nodes) must not have more nodes than the whole graph, "
            f"{num_target(whole)}; declare the graph that they were condensed from"
        )
    if files.labels is None:
        ratio = _ratio(files, kind, ratio)
    graph = _assembled(whole, x, widths, edges, _classes(whole, files, ratio, len(x)))
    check(graph, "condensed")
    provenance = Provenance(
        dataset=whole.name,
        source=whole.source,
        dataset_hash=fingerprint(whole),
        dataset_settings=dict(dataset_settings or {}),
        method=f"{FOREIGN}{kind}" + (f":{method}" if method else ""),
        settings={"threshold": threshold, **_files(files, ratio)},
        seed=seed,
        ratio=len(x) / num_target(whole),
        ratio_train=len(x) / int(whole[whole.target].train_mask.sum()),
        ratio_base="train" if kind == "srgm" or setting == "inductive" else "all",
        edge_ratio=_edge_ratio(graph, whole, setting),
        device="an unknown device",
        versions=versions(),
        stages=[],
        complete=True,
        history=[],
        measures=_measures(graph, whole, edges),
        setting=setting,
    )
    return CondensedGraph(graph, provenance)


def _check_dense(whole: MultimodalGraph) -> None:
    for _, modality, width in sparse_modalities(whole):
        if width > WIDEST:
            raise UserError(
                f"whole graph (got sparse {FEATURE_PREFIX}{modality} of {width} columns) is read in fewer "
                "dimensions, which no other tool's tensors have; declare one with dense features"
            )


def _checked_widths(schema: GraphSchema, widths: Mapping[str, int] | None) -> dict[str, int]:
    """Modality -> width in column order, after a check that the whole graph can be their origin."""
    for what, names in (("node type", schema.node_types), ("relation", schema.relations)):
        if len(names) != 1:
            raise UserError(
                f"whole graph (got {len(names)} {what}s) must have one {what}, as these condensed graphs "
                "do; declare the graph that they were condensed from"
            )
    ours = dict(schema.modalities[schema.target])
    if widths is None or dict(widths) == ours:
        return dict(widths or ours)
    raise UserError(
        f"modalities (got {spelled_widths(widths)}) are not the whole graph's {spelled_widths(ours)}; "
        "declare the graph that these features were condensed from"
    )


def _ratio(files: ForeignFiles, kind: Format, ratio: float | None) -> float:
    """The ratio that determines the labels where no file stores them."""
    if kind == "graphslim":
        raise UserError(
            "label (got nothing) is required: GraphSlim stores labels; give --label FILE"
        )
    ratio = ratio_in_name(files.features.name) if ratio is None else ratio
    if ratio is None:
        raise UserError(
            f"ratio (got nothing) is required for labels, and the name {files.features.name} has none; "
            "give --ratio, or --label FILE"
        )
    return ratio


def _classes(
    whole: MultimodalGraph, files: ForeignFiles, ratio: float | None, count: int
) -> Int[Tensor, " n"]:
    if files.labels is not None:
        return read_labels(files.labels, count, int(whole.num_classes))
    assert ratio is not None
    store = whole[whole.target]
    return labels_by_size(store.y[store.train_mask], ratio, count)


def _assembled(
    whole: MultimodalGraph, x: Tensor, widths: Mapping[str, int], edges: KeptEdges, y: Tensor
) -> MultimodalGraph:
    """A graph with the type, relation, modalities and classes of `whole`."""
    graph = MultimodalGraph()
    store = graph[whole.target]
    store.num_nodes = len(x)
    for modality, columns in zip(widths, x.split(list(widths.values()), dim=1), strict=True):
        store[FEATURE_PREFIX + modality] = columns.contiguous()
    store.y = y
    (relation,) = whole.edge_types
    graph[relation].edge_index, graph[relation].edge_weight = edges.index, edges.weight
    graph.target, graph.num_classes = whole.target, int(whole.num_classes)
    graph.name, graph.source = whole.name, whole.source
    return graph


def _edge_ratio(graph: MultimodalGraph, whole: MultimodalGraph, setting: Setting) -> float:
    """The graph's edges ÷ the edges visible in the setting, at most 1; baselines get the same share."""
    (relation,) = whole.edge_types
    seen = training_part(whole, setting).graph[relation].edge_index.size(1)
    return min(1.0, graph[relation].edge_index.size(1) / seen) if seen else 0.0


def _measures(graph: MultimodalGraph, whole: MultimodalGraph, edges: KeptEdges) -> dict[str, Any]:
    modalities = GraphSchema.of(whole).modalities[whole.target]
    return {
        **edge_numbers_of(graph),
        "largest_entry": edges.largest,
        "dropped_mass": edges.dropped,
        "dropped_loops": edges.loops,
        "symmetric": edges.symmetric,
        "feature_scale": {m: _scale(graph, whole, m) for m in modalities},
    }


def _files(files: ForeignFiles, ratio: float | None) -> dict[str, str | None]:
    """The files' names and content hashes, by which another copy can be recognised."""
    record: dict[str, str | None] = {}
    for name in ("features", "adjacency", "labels"):
        path: Path | None = getattr(files, name)
        record[name] = None if path is None else path.name
        record[f"{name}_sha256"] = None if path is None else sha256(path)
    if files.labels is None:
        record["labels"] = f"by class size, ratio {ratio:g}"
    return record


def _scale(condensed: MultimodalGraph, whole: MultimodalGraph, modality: str) -> float:
    """Root mean square of the condensed features ÷ that of the training nodes' features."""
    store = whole[whole.target]
    rows = store.train_mask & present(store, modality)
    ours = features(store, modality)[rows].double().square().mean().sqrt()
    theirs = features(condensed[whole.target], modality).double().square().mean().sqrt()
    return float(theirs / ours) if ours > 0 else math.nan
