"""Debian's packages: text, tags and numbers of packages that depend on each other, 50 sections as classes.

Node types package, source (what it was built from) and maintainer; relations depends (with pre-depends),
recommends, suggests, built_from and maintained_by, each with its reverse. The class of a package is its
section, if at least LEAST_SECTION packages share it; others have none. A package's name, which often gives
its section away, is not a feature.

The features are computed here, by rules that read no label and no split:

- text [n, 256]: TF-IDF of the description's words, see `condense.data.text`;
- tags [n, 128]: the most frequent debtags as 0/1; half of the packages have none and lack the modality;
- numbers [n, 6]: log(1 + installed size), log(1 + size), whether these are unknown, whether the package is
  for all architectures, whether its priority is above optional; sizes are standardised, 0 where unknown.

All machines make the same graph of an index: the text's features are rounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.data.graph import UNLABELLED, MultimodalGraph
from condense.data.text import text_features
from condense.datasets.debian_index import PackageIndex, index_file, read_index
from condense.datasets.prepared import prepared_once
from condense.datasets.splits import draw_counts, draw_shares, set_splits
from condense.errors import FileError

TAGS = 128
LEAST_SECTION = 100
TRAIN_SHARE, VAL_SHARE = 0.5, 0.25
POOR_TRAIN, POOR_VAL = 20, 30
RECIPE = 2
"""Number of these rules; another one prepares the index anew."""


def load_debian(root: Path, poor: bool = False) -> MultimodalGraph:
    """Load Debian's packages from `root`/debian/Packages (.xz, .gz, .lz4) or from what apt keeps.

    Args:
        root: the data folder.
        poor: 20 training and 30 validation packages a class, as in sets with few labels, instead of half
            and a quarter of all packages with a class.

    Raises:
        FileError: there is no index, it is damaged, or it has no section of LEAST_SECTION packages.
    """
    path = index_file(root)
    graph = prepared_once(path, f"debian-{RECIPE}", lambda: package_graph(read_index(path), path))
    if poor:
        labels = graph["package"].y.numpy()
        set_splits(
            graph["package"], labels, draw_counts(labels, POOR_TRAIN, POOR_VAL), path, "package"
        )
        graph.name = "debian-poor"
    return graph


def package_graph(index: PackageIndex, path: Path) -> MultimodalGraph:
    """The graph of an index, split at random; the class of a package in a small section is −1.

    Args:
        index: the packages.
        path: its file, for errors.

    Raises:
        FileError: no two sections have LEAST_SECTION packages.
    """
    graph = MultimodalGraph()
    package = graph["package"]
    package.num_nodes = len(index.name)
    package.x_text = text_features(index.description)
    package.x_tags, package.has_tags = tag_features(index.tags)
    package.x_numbers = number_features(index)
    for relation, pairs in index.depends.items():
        _join(
            graph,
            ("package", relation, "package"),
            np.array(pairs, dtype=np.int64).reshape(-1, 2).T,
        )
    for node_type, relation, named in (
        ("source", "built_from", index.source),
        ("maintainer", "maintained_by", index.maintainer),
    ):
        values, of = np.unique(named, return_inverse=True)
        graph[node_type].num_nodes = len(values)
        _join(graph, ("package", relation, node_type), np.stack([np.arange(len(of)), of]))
    classes, labels = section_classes(index.section)
    if len(classes) < 2:
        raise FileError(
            f"{path} (got {len(classes)} sections of {LEAST_SECTION} packages) must have two or more; "
            "put the index of a whole Debian release there"
        )
    set_splits(package, labels, draw_shares(labels, TRAIN_SHARE, VAL_SHARE), path, "package")
    graph.target, graph.num_classes, graph.source = "package", len(classes), "real"
    graph.name = "debian"
    return graph


def section_classes(section: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The sections of at least LEAST_SECTION packages, in alphabetical order, and each package's number."""
    classes = sorted(s for s, count in Counter(section).items() if count >= LEAST_SECTION)
    number = {name: i for i, name in enumerate(classes)}
    return classes, np.array([number.get(s, UNLABELLED) for s in section])


def tag_features(tags: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
    """The TAGS most frequent tags as 0/1 [n, TAGS], ties by the alphabet; and which packages have any tag."""
    count = Counter(tag for own in tags for tag in own)
    kept = sorted(count, key=lambda tag: (-count[tag], tag))[:TAGS]
    column = {tag: i for i, tag in enumerate(kept)}
    x = torch.zeros(len(tags), TAGS)
    for row, own in enumerate(tags):
        x[row, [column[tag] for tag in own if tag in column]] = 1
    return x, torch.tensor([bool(own) for own in tags])


def number_features(index: PackageIndex) -> Tensor:
    """Sizes and kinds [n, 6]; see this file's description."""
    sizes = np.log1p(np.array([index.installed_size, index.size]).T)  # [n, 2]
    unknown = np.isnan(sizes)
    known = np.where(unknown, 0.0, sizes)
    count = np.maximum((~unknown).sum(axis=0), 1)
    mean = known.sum(axis=0) / count
    centred = np.where(unknown, 0.0, sizes - mean)
    spread = np.sqrt(np.square(centred).sum(axis=0) / count)
    scaled = centred / np.where(spread > 0, spread, 1)
    kinds = [
        index.portable,
        [priority in ("required", "important", "standard") for priority in index.priority],
    ]
    return torch.from_numpy(np.concatenate([scaled, unknown, np.array(kinds).T], axis=1)).float()


def _join(graph: MultimodalGraph, relation: tuple[str, str, str], pairs: NDArray[np.int64]) -> None:
    """Add a relation with the edges [2, e] and its reverse."""
    edges = torch.from_numpy(np.ascontiguousarray(pairs))
    graph[relation].edge_index = edges
    graph[relation[2], f"rev_{relation[1]}", relation[0]].edge_index = edges.flip(0)
