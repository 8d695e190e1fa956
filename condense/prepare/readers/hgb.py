"""Node classification of HGB, the Heterogeneous Graph Benchmark (Lv et al., KDD 2021).

The layout is that of github.com/THUDM/HGB, NC/benchmark/scripts/data_loader.py: node.dat, link.dat,
label.dat and label.dat.test, with tabs between the columns, and names in info.dat. Types and relations
have the names that PyG's HGBDataset gives them; relations get no reverses, as there.

label.dat is for training and validation. HGB's loaders draw a fifth of it for validation, with another
draw in each run; here it is a fifth of each class, drawn once, so that a rare class has a training node.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from condense.data.graph import UNLABELLED
from condense.datasets.splits import NAMES
from condense.errors import FileError
from condense.prepare.hgb_files import (
    Links,
    Nodes,
    fault,
    read_labels,
    read_links,
    read_nodes,
)
from condense.prepare.hgb_names import Names, read_names, relation_name
from condense.prepare.raw import RawGraph
from condense.prepare.splits import SHARES

VALIDATION = 0.2
SEED = 0
TEST_LABELS = (
    "test labels: those of label.dat.test; some releases of HGB have random ones there, which make test "
    "accuracy meaningless"
)

WITHHELD = (
    "test labels: {} of {} are withheld, so nothing can be tested on these nodes; draw a split with --split "
    f"{SHARES}"
)


def recognises(source: Path) -> bool:
    """A folder with node.dat, link.dat and label.dat."""
    return all(os.path.isfile(source / name) for name in ("node.dat", "link.dat", "label.dat"))


def read(source: Path) -> RawGraph:
    """The graph in a folder with node.dat, link.dat and label.dat.

    Raises:
        FileError: a file is missing, damaged, or does not fit the others; several labels per node.
    """
    names = read_names(source / "info.dat")
    nodes = read_nodes(source / "node.dat")
    data, types = HeteroData(), _type_names(nodes, names, source)
    for number, node_type in types.items():
        data[node_type].num_nodes = int((nodes.types == number).sum())
        if number in nodes.features:
            data[node_type].x = torch.from_numpy(nodes.features[number])
    links = read_links(source / "link.dat", nodes)
    for relation, chosen in _relations(links, nodes, names, types, source).items():
        data[relation].edge_index = torch.from_numpy(nodes.rows[links.ends[:, chosen]])
        if (links.weights[chosen] != 1).any():
            data[relation].edge_weight = torch.from_numpy(links.weights[chosen])
    numbers = {name: number for number, name in types.items()}
    target, attributes, notes = _labelled(nodes, source)
    for key, value in attributes.items():
        data[types[target]][key] = value
    unnamed = ("info.dat is missing: types and relations are named after their numbers",)
    return RawGraph(
        data,
        types[target],
        notes=(*notes, *(() if names.types else unnamed)),
        ids=lambda name: [str(i) for i in nodes.ids[nodes.types == numbers[name]].tolist()],
    )


def _type_names(nodes: Nodes, names: Names, source: Path) -> dict[int, str]:
    """Number of each type that has nodes -> its name."""
    found = {}
    for number in np.unique(nodes.types).tolist():
        if names.types and number not in names.types:
            raise FileError(
                f"{source / 'node.dat'} has nodes of type {number}, which is not in info.dat; name it there"
            )
        found[number] = names.types.get(number, f"type_{number}")
    return found


def _relations(
    links: Links, nodes: Nodes, names: Names, types: Mapping[int, str], source: Path
) -> dict[EdgeType, NDArray[np.int64]]:
    """Relation -> its edges, in the order of the relations' numbers."""
    found: dict[EdgeType, NDArray[np.int64]] = {}
    ends = nodes.types[links.ends]  # [2, edges]
    for number in np.unique(links.relations).tolist():
        chosen = np.flatnonzero(links.relations == number)
        first = int(chosen[0])
        if names.relations and number not in names.relations:
            raise fault(source / "link.dat", first + 1, f"relation {number}", "must be in info.dat")
        start, end, meaning = names.relations.get(
            number, (*ends[:, first].tolist(), f"link_{number}")
        )
        wrong = chosen[(ends[:, chosen] != [[start], [end]]).any(axis=0)]
        if len(wrong):
            got = "from type {} to type {}".format(*ends[:, wrong[0]])
            rule = f"must lead from type {start} to type {end}, as relation {number} does"
            raise fault(source / "link.dat", int(wrong[0]) + 1, got, rule)
        name = relation_name(meaning, types[start], types[end])
        if (types[start], name, types[end]) in found:
            name = f"{name}_{number}"
        found[types[start], name, types[end]] = chosen
    return found


def _labelled(nodes: Nodes, source: Path) -> tuple[int, dict[str, Tensor], tuple[str, ...]]:
    """The number of the type with labels, its y and masks, and notes; no masks without label.dat.test."""
    path, test_path = source / "label.dat", source / "label.dat.test"
    known = read_labels(path, nodes)
    test = read_labels(test_path, nodes, withheld=True) if test_path.exists() else {}
    for place in known.keys() & test.keys():
        raise FileError(
            f"{test_path} (got node {nodes.ids[place]}, which is in label.dat too) must hold other nodes; "
            "remove it from one of them"
        )
    kinds = np.unique(nodes.types[[*known, *test]]).tolist() if known else []
    if len(kinds) != 1:
        raise FileError(
            f"{path} (got labels of {len(kinds)} node types) must label nodes of one type; keep those of one"
        )
    y = np.full((nodes.types == kinds[0]).sum(), UNLABELLED)
    part = np.full(len(y), -1)  # The split of each node, as numbered in NAMES.
    y[nodes.rows[[*known, *test]]] = [*known.values(), *test.values()]
    if not test:
        return kinds[0], {"y": torch.from_numpy(y)}, ()
    rows = nodes.rows[[*known]]
    part[rows] = 0
    part[_validation(rows, y)] = 1
    part[nodes.rows[[*test]]] = 2
    masks = {f"{name}_mask": torch.from_numpy(part == number) for number, name in enumerate(NAMES)}
    withheld = sum(label == UNLABELLED for label in test.values())
    notes = (
        f"split: {(part == 1).sum()} nodes of label.dat are for validation, a fifth of each class, drawn "
        f"with seed {SEED}",
        WITHHELD.format(withheld, len(test)) if withheld else TEST_LABELS,
    )
    return kinds[0], {"y": torch.from_numpy(y), **masks}, notes


def _validation(rows: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """A fifth of `rows` of each class, rounded; one row of each class at least is left."""
    # The bit generator is explicit, because a later numpy may change that of `default_rng`.
    rng = np.random.Generator(np.random.PCG64(SEED))
    drawn = [np.empty(0, np.int64)]
    for label in np.unique(y[rows]):
        shuffled = rng.permutation(np.sort(rows[y[rows] == label]))
        drawn.append(shuffled[: min(round(VALIDATION * len(shuffled)), len(shuffled) - 1)])
    return np.concatenate(drawn)
