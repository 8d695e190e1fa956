"""Reads a stored graph into a graph on disk: relations sorted, features copied, completed and measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.rules.completion import two_widths
from condense.errors import GraphError
from condense.io.stored_graph import StoredGraph
from condense.out_of_core.adjacency import Adjacency, EdgeBlock, sort_edges
from condense.out_of_core.columns import Columns, Matrix, cut
from condense.out_of_core.graph import GraphOnDisk, NodeFeatures
from condense.out_of_core.room import Room
from condense.out_of_core.workspace import Workspace
from models.schema import GraphSchema

MOST_NODES = 2**31
"""Of a type; sources of edges take four bytes."""


def sorted_relations(
    stored: StoredGraph, workspace: Workspace, room: Room
) -> dict[EdgeType, Adjacency]:
    """The relations of a stored graph, sorted by destination."""
    for node_type, count in stored.num_nodes.items():
        if count > MOST_NODES:
            rule = f"must have at most {MOST_NODES:,} nodes to be condensed on disk"
            raise GraphError.of(f"graph[{node_type!r}]", f"{count:,}", rule, "split the type")
    found = {}
    for number, relation in enumerate(stored.edge_types):
        size = stored.num_nodes[relation[2]], stored.num_nodes[relation[0]]

        def make(folder: Path, r: EdgeType = relation, size: tuple[int, int] = size) -> None:
            def edges() -> Iterator[EdgeBlock]:
                return stored.edge_blocks(r, room.edges)

            sort_edges(edges(), edges(), folder, size, room.edges)

        def read(folder: Path) -> Adjacency:
            return Adjacency.load(folder, room.edges)

        found[relation] = workspace.stage(f"edges-{number}", make, read)
    return found


def read_graph(
    stored: StoredGraph, relations: Mapping[EdgeType, Adjacency], workspace: Workspace, room: Room
) -> GraphOnDisk:
    """Read, complete and measure the features of a stored graph.

    Args:
        stored: a whole graph in a file.
        relations: its relations, sorted.
        workspace: where its parts are put.
        room: how much is read at a time.
    """
    features = {}
    for number, node_type in enumerate(stored.node_types):
        widths = {m: w for (t, m), w in stored.widths.items() if t == node_type}
        if widths:
            features[node_type] = workspace.stage(
                f"features-{number}",
                lambda folder, t=node_type, w=widths: _copy(stored, t, w, folder, room),
                _read_features,
            )
    _complete(stored, relations, features, workspace, room)
    schema = GraphSchema(
        node_types=stored.node_types,
        modalities={
            t: dict(features[t].widths) if t in features else {} for t in stored.node_types
        },
        relations=stored.edge_types,
        target=stored.target,
        num_classes=stored.num_classes,
    )
    return GraphOnDisk(
        schema=schema,
        num_nodes=stored.num_nodes,
        y=stored.y,
        train_mask=stored.train_mask,
        val_mask=stored.val_mask,
        features={t: features[t] for t in stored.node_types if t in features},
        relations=relations,
        room=room,
    )


def _copy(
    stored: StoredGraph, node_type: str, widths: Mapping[str, int], folder: Path, room: Room
) -> None:
    """Copy a type's features into slabs, and measure them."""
    height = stored.num_nodes[node_type]
    slabs = cut(widths.values(), room.columns(max(stored.num_nodes.values())))
    begin, facts = 0, {}
    Columns(folder, height, slabs).begin()
    for modality, width in widths.items():
        numbers = [i for i, s in enumerate(slabs) if begin <= s.start < begin + width]
        part = Columns(folder, height, slabs)
        moments, has = _Moments(width), stored.has(node_type, modality)
        for first, block in stored.feature_blocks(node_type, modality):
            x = torch.from_numpy(block)
            for number in numbers:
                part.append_to(
                    number, x[:, slabs[number].start - begin : slabs[number].stop - begin]
                )
            moments.add(x if has is None else x[has[first : first + len(x)]])
        facts[modality] = moments.facts()
        if has is not None:
            np.save(folder / f"has-{len(facts) - 1}.npy", has.numpy())
        begin += width
    _write_facts(folder, height, widths, slabs, facts)


def _write_facts(
    folder: Path,
    height: int,
    widths: Mapping[str, int],
    slabs: tuple[slice, ...],
    facts: Mapping[str, tuple[Tensor, float]],
) -> None:
    record = {
        "height": height,
        "widths": dict(widths),
        "slabs": [[s.start, s.stop] for s in slabs],
        "deviation": {m: sigma for m, (_, sigma) in facts.items()},
    }
    (folder / "features.json").write_text(json.dumps(record))
    np.save(folder / "mean.npy", torch.cat([mu for mu, _ in facts.values()]).numpy())


def _read_features(folder: Path) -> NodeFeatures:
    record = json.loads((folder / "features.json").read_text())
    widths: dict[str, int] = record["widths"]
    has = {}
    for number, modality in enumerate(widths):
        path = folder / f"has-{number}.npy"
        has[modality] = torch.from_numpy(np.load(path)) if path.exists() else None
    mean = torch.from_numpy(np.load(folder / "mean.npy")).split(list(widths.values()))
    return NodeFeatures(
        x=Columns(folder, record["height"], [slice(a, b) for a, b in record["slabs"]]),
        widths=widths,
        has=has,
        mean=dict(zip(widths, mean, strict=True)),
        deviation=record["deviation"],
    )


class _Moments:
    """Mean of each column and root mean square of the centred entries, in float64 around a first mean."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.near = torch.zeros(width, dtype=torch.float64)
        self.total, self.squares = torch.zeros_like(self.near), torch.zeros_like(self.near)

    def add(self, x: Float[Tensor, "k width"]) -> None:
        """Count these rows."""
        if not len(x):
            return
        exact = x.double()
        if not self.count:
            self.near = exact.mean(dim=0)
        exact -= self.near
        self.count += len(x)
        self.total += exact.sum(dim=0)
        self.squares += exact.square_().sum(dim=0)

    def facts(self) -> tuple[Tensor, float]:
        """Mean and deviation; 0 and 1 without rows."""
        if not self.count:
            return self.near.float(), 1.0
        off = self.total / self.count
        variance = (self.squares / self.count - off.square()).clamp_min(0)
        return (self.near + off).float(), float(variance.mean().sqrt())


def _complete(
    stored: StoredGraph,
    relations: Mapping[EdgeType, Adjacency],
    features: dict[str, NodeFeatures],
    workspace: Workspace,
    room: Room,
) -> None:
    """Complete types without features as `condense.data.features.complete` does."""
    empty = [t for t in stored.node_types if t not in features]
    step = room.columns(max(stored.num_nodes.values()))
    while empty:
        known, reached = dict(features), []
        for node_type in empty:
            into = {r: a for r, a in relations.items() if r[2] == node_type and r[0] in known}
            widths = _received(into, known, node_type)
            if widths:
                number = stored.node_types.index(node_type)
                features[node_type] = workspace.stage(
                    f"features-{number}",
                    lambda folder, w=widths, into=into, k=known, t=node_type: _receive(
                        w, into, k, stored.num_nodes[t], folder, room, step
                    ),
                    _read_features,
                )
                reached.append(node_type)
        if not reached:
            return
        empty = [t for t in empty if t not in reached]


def _received(
    into: Mapping[EdgeType, Adjacency], known: Mapping[str, NodeFeatures], node_type: str
) -> dict[str, int]:
    """The modalities that a type gets, and their widths."""
    widths: dict[str, int] = {}
    for relation in into:
        for modality, width in known[relation[0]].widths.items():
            if widths.setdefault(modality, width) != width:
                raise two_widths(relation[0], modality, width, widths[modality], node_type)
    return widths


def _receive(
    widths: Mapping[str, int],
    into: Mapping[EdgeType, Adjacency],
    known: Mapping[str, NodeFeatures],
    height: int,
    folder: Path,
    room: Room,
    step: int,
) -> None:
    slabs, facts = cut(widths.values(), step), {}
    written, begin = Columns(folder, height, slabs), 0
    for number, (modality, width) in enumerate(widths.items()):
        from_these = {r: a for r, a in into.items() if modality in known[r[0]].widths}
        share = torch.zeros(height, 1)
        for relation, edges in from_these.items():
            has = known[relation[0]].has[modality]
            one = torch.ones(edges.width, 1) if has is None else has.float().unsqueeze(1)
            share += edges.sums(one)
        moments = []
        for at, slab in enumerate(slabs):
            if not begin <= slab.start < begin + width:
                continue
            total = torch.zeros(height, slab.stop - slab.start)
            for relation, edges in from_these.items():
                source = known[relation[0]]
                first = source.columns(modality).start + slab.start - begin
                wanted = slice(first, first + slab.stop - slab.start)
                total += edges.sums(some_columns(source.x, wanted))
            total /= share.clamp_min(1e-12)
            written.write_slab(at, total)
            found = _Moments(total.size(1))
            for rows in range(0, height, room.rows(total.size(1))):
                block = slice(rows, rows + room.rows(total.size(1)))
                found.add(total[block][share[block, 0] > 0])
            moments.append(found.facts())
        squares = [sigma**2 * len(mu) for mu, sigma in moments]
        facts[modality] = torch.cat([mu for mu, _ in moments]), (sum(squares) / width) ** 0.5
        np.save(folder / f"has-{number}.npy", (share[:, 0] > 0).numpy())
        begin += width
    _write_facts(folder, height, widths, slabs, facts)


def some_columns(x: Matrix, wanted: slice) -> Float[Tensor, "n k"]:
    """Columns of a matrix, of as many slabs as they lie in."""
    parts = []
    for number, slab in enumerate(x.slabs):
        first, last = max(slab.start, wanted.start), min(slab.stop, wanted.stop)
        if first < last:
            part = x.slab(number)
            whole = (first, last) == (slab.start, slab.stop)
            parts.append(part if whole else part[:, first - slab.start : last - slab.start])
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
