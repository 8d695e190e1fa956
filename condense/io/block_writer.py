"""Writes whole graphs that do not fit in memory, array by array and block by block."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import h5py
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.fingerprint import Digest
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.data.rules.values import absent
from condense.data.rules.watch import Watch
from condense.errors import GraphError
from condense.io.fits import check_fits
from condense.io.outline import is_small
from condense.io.replace import Sink
from condense.io.schema import EDGE_INDEX
from condense.io.streams import Stream
from condense.io.write import write_file

Blocks = Mapping[tuple[str | EdgeType, str], Iterable[Any]]
"""(node type or relation, attribute) -> its values, in order."""
MOST_NODES = 2**31
"""Edges in blocks are stored as int32."""


def save_blocks(
    path: str | os.PathLike[str], outline: MultimodalGraph, blocks: Blocks, packed: bool = True
) -> None:
    """Write a whole graph whose large arrays come in blocks; an existing file is replaced at the end.

    The graph obeys every rule, or no file is written. Blocks are asked for once, in the order of the types,
    relations and attributes of `outline`, so generators will do. Nothing larger than a block is held.

    Args:
        path: as for `condense.io.save`.
        outline: the graph, with `absent(shape, dtype)` of `condense.data.rules.values` in place of each array
            that comes in blocks: features, edges and whatever is neither a label nor a mask.
        blocks: of these arrays: numpy arrays [k, …] of the array's type, of any k; of edge_index pairs of
            sources [k] and destinations [k], int32 or int64.
        packed: compress large arrays; random numbers do not compress, and take minutes to find that out.

    Raises:
        GraphError: the graph breaks a rule, or the blocks are not those of the outline.
        FileError: the file cannot be written; an existing file at `path` is left untouched.
    """
    _check_given(outline, blocks)
    check(outline, "whole")
    check_fits(outline, "")
    write_file(
        path,
        outline,
        "whole",
        absent=_Given(outline, blocks, Watch(outline), packed),
        packed=packed,
    )


@dataclass(frozen=True)
class _Given:
    """Writes the arrays that come in blocks."""

    outline: MultimodalGraph
    blocks: Blocks
    watch: Watch
    packed: bool

    def __call__(self, group: h5py.Group, key: Any, name: str, digest: Digest, sink: Sink) -> None:
        like, where = self.outline[key][name], f"graph[{key!r}].{name}"
        look, blocks = self.watch.array(key, name), self.blocks[key, name]
        stream = Stream(group, name, like, where, look, sink, self.packed)
        (stream.write_edges if name == EDGE_INDEX else stream.write_rows)(blocks, digest)
        self.watch.check()


def _check_given(outline: MultimodalGraph, blocks: Blocks) -> None:
    """Raise unless `blocks` has what `outline` lacks, and nothing else."""
    lacking = set()
    for key in (*outline.node_types, *outline.edge_types):
        for name, x in outline[key].items():
            if isinstance(x, Tensor) and x.is_meta:
                lacking.add((key, name))
    for key, name in [*lacking, *blocks]:
        where = f"graph[{key!r}].{name}"
        if (key, name) not in blocks:
            remedy = "give its blocks, or the array itself"
            raise GraphError.of(where, "no blocks", "is absent from the outline", remedy)
        if (key, name) not in lacking:
            rule, remedy = (
                "must be absent from the outline",
                f"set it to {absent.__name__}(shape, dtype)",
            )
            raise GraphError.of(where, "blocks", rule, remedy)
        if isinstance(key, str) and is_small(name):
            rule, remedy = "must be in the outline", "set it to a tensor with its values"
            raise GraphError.of(where, "blocks", rule, remedy)
    for node_type in outline.node_types:
        count = outline[node_type].get("num_nodes") or 0
        if isinstance(count, int) and count > MOST_NODES:
            rule, remedy = (
                f"must be at most {MOST_NODES:,} to be written in blocks",
                "use several types",
            )
            raise GraphError.of(f"graph[{node_type!r}].num_nodes", f"{count:,}", rule, remedy)
