"""Node property prediction of OGB (Hu et al., NeurIPS 2020), as its files are downloaded.

The layout is that of the package ogb 1.3, ogb/io/read_graph_raw.py and ogb/nodeproppred/dataset.py:
.csv.gz files without headers below raw/ and split/<name>/, of one type of nodes (as ogbn-arxiv) or of
several (as ogbn-mag). Edges are as that package's loader gives them, and so is node_year; other
attributes of nodes and edges are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData

from condense.data.pyg.stores import NODE
from condense.errors import FileError
from condense.prepare import ogb_files as files
from condense.prepare.raw import RawGraph

UNDIRECTED = ("products", "proteins")
"""Data sets whose edges the files have once and OGB's loader in both directions (its master.csv)."""
READ = (
    *("num-node-list", "num-edge-list", "num-node-dict", "triplet-type-list"),
    *("nodetype-has-feat", "nodetype-has-label", "node-label", "node-feat", "node_year"),
    *("edge", "edge-feat"),
)
"""Files that are read, or that say which others there are."""


def recognises(source: Path) -> bool:
    """A folder with edges or numbers of nodes in raw/."""
    raw = source / "raw"
    names = ("edge.csv.gz", "num-node-list.csv.gz", "num-node-dict.csv.gz")
    binary = os.path.isfile(raw / "data.npz") and os.path.isdir(source / "split")
    return binary or any(os.path.isfile(raw / name) for name in names)


def read(source: Path) -> RawGraph:
    """The graph in a folder with raw/ and split/.

    Raises:
        FileError: a file is missing, damaged, or does not fit the others; several labels per node.
    """
    raw = source / "raw"
    if os.path.isfile(raw / "data.npz"):
        raise FileError(
            f"{raw / 'data.npz'} is OGB's binary layout, which is not read; load it with the package ogb "
            "and save a Data of PyG: torch.save(data, 'mine.pt')"
        )
    if os.path.isfile(raw / "num-node-dict.csv.gz"):
        return _of_several_types(source)
    return _of_one_type(source)


def _of_one_type(source: Path) -> RawGraph:
    raw = source / "raw"
    nodes = files.count(raw / "num-node-list.csv.gz")
    data = Data(y=files.labels(raw / "node-label.csv.gz", nodes))
    data.num_nodes = nodes
    splits = _folders(source / "split")
    name = source.resolve().name.replace("-", "_").removeprefix("ogbn_").removesuffix("_pyg")
    both = name in UNDIRECTED
    for key, value in (
        *files.node_attributes(raw, nodes),
        *files.edge_attributes(raw, (NODE, NODE), (nodes, nodes), both),
        *_several({each.name: dict(files.masks(each, nodes, NODE)) for each in splits}),
    ):
        data[key] = value
    direction = (
        "in both directions, as OGB's loader has them" if both else "as directed in the file"
    )
    notes = (f"edges: {direction}", *_left_out(source, [raw]))
    return RawGraph(data, notes=notes, split_names=_names(splits))


def _of_several_types(source: Path) -> RawGraph:
    raw, data = source / "raw", HeteroData()
    nodes = files.counts(raw / "num-node-dict.csv.gz")
    for node_type, count in nodes.items():
        data[node_type].num_nodes = count
    labelled = _of_types(raw / "node-label", nodes)
    if not labelled:
        raise FileError(f"{raw / 'node-label'} has no folder of a node type; {files.AGAIN}")
    for folder in labelled:
        path = folder / "node-label.csv.gz"
        data[folder.name].y = files.labels(path, nodes[folder.name])
    splits = _folders(source / "split")
    found: dict[str, dict[str, dict[str, Tensor]]] = {}  # Node type -> split -> mask.
    for split in splits:
        for folder in _of_types(split, nodes):
            masks = files.masks(folder, nodes[folder.name], folder.name)
            found.setdefault(folder.name, {})[split.name] = dict(masks)
    for node_type, of_splits in found.items():
        if missing := [each.name for each in splits if each.name not in of_splits]:
            raise FileError(
                f"{source / 'split' / missing[0]} has no folder {node_type}, which other splits have; add or "
                "remove it"
            )
        for key, value in _several(of_splits):
            data[node_type][key] = value
    featured = _of_types(raw / "node-feat", nodes)
    for folder in featured:
        for key, value in files.node_attributes(folder, nodes[folder.name]):
            data[folder.name][key] = value
    related = []
    for relation in files.relations(raw / "triplet-type-list.csv.gz", nodes):
        related.append(raw / "relations" / "___".join(relation))
        ends = relation[0], relation[2]
        for key, value in files.edge_attributes(
            related[-1], ends, (nodes[ends[0]], nodes[ends[1]])
        ):
            data[relation][key] = value
    notes = _left_out(source, [raw, *featured, *related])
    return RawGraph(data, notes=notes, split_names=_names(splits))


def _of_types(folder: Path, nodes: dict[str, int]) -> list[Path]:
    """The folders in `folder`, each of which must have the name of a node type."""
    found = _folders(folder)
    for each in found:
        if each.name not in nodes:
            raise FileError(
                f"{each} must be named after a node type in raw/num-node-dict.csv.gz ({', '.join(nodes)}); "
                "rename or remove it"
            )
    return found


def _several(splits: Mapping[str, Mapping[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """The masks bool [n] of a split, or those [n, k] of several, from split -> mask -> nodes."""
    for mask in next(iter(splits.values()), ()):
        columns = [each[mask] for each in splits.values()]
        yield mask, columns[0] if len(columns) == 1 else torch.stack(columns, dim=1)


def _names(splits: Sequence[Path]) -> tuple[str, ...]:
    return tuple(each.name for each in splits)


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def _left_out(source: Path, folders: list[Path]) -> tuple[str, ...]:
    """A note of the files that are not read."""
    found = [
        str(path.relative_to(source))
        for folder in folders
        for path in sorted(folder.glob("*.csv.gz"))
        if path.name.removesuffix(".csv.gz") not in READ
    ]
    return (f"left out, since no model reads them: {', '.join(found)}",) if found else ()
