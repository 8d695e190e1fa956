"""`StoredGraph`: a whole graph in a file, read in blocks, for graphs that do not fit in memory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.fingerprint import Window
from condense.data.graph import MultimodalGraph, Source, hide_test_labels
from condense.data.rules.check import check
from condense.errors import FileError, GraphError, UserError
from condense.io.contents import Contents
from condense.io.members import OpenFile, check_is_file, file_errors, listed
from condense.io.names import joined
from condense.io.outline import dense_arrays, outline_of
from condense.io.read import breaks_a_rule
from condense.io.schema import EDGE_INDEX
from condense.io.stored import StoredArray
from condense.io.verify import verify
from condense.io.windows import ArrayReader
from models.choices import nearest
from models.schema import FEATURE_PREFIX, MASK_PREFIX, GraphSchema

BLOCK = 8 << 20
"""Bytes of a block, by default."""
Edges = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Sources [k], destinations [k] and weights [k] of edges."""


@contextlib.contextmanager
def open_stored(path: str | os.PathLike[str], block_bytes: int = BLOCK) -> Iterator[StoredGraph]:
    """Open the whole graph at `path` for reading in blocks.

    The file's seal is compared, which reads it once, and all rules are checked but those on the values of
    features and edges; `StoredGraph.verify` checks these.

    Args:
        path: a file as `condense.io.save` or `save_blocks` writes it.
        block_bytes: of a block of features or edges. A reader also keeps 16 MiB of inflated chunks.

    Raises:
        FileError: the file is missing, damaged, not a graph file, or breaks a rule; it holds a condensed
            graph, sparse features or features in eight bits, which are read into memory only.
        UserError: `block_bytes` is not positive.
    """
    path = Path(path)
    if block_bytes < 1:
        raise UserError(f"block_bytes (got {block_bytes}) must be at least 1; try {BLOCK}")
    check_is_file(path)
    with contextlib.ExitStack() as stack:
        with file_errors(path):
            file = stack.enter_context(listed(path))
            contents = Contents.of(file)
            outline = outline_of(file, contents)
        try:
            check(outline, "whole")
        except GraphError as error:
            raise breaks_a_rule(path, error) from error
        hidden = hide_test_labels(outline)
        del outline  # With it goes the only copy of the test labels.
        yield StoredGraph(path, file, contents, hidden, block_bytes)


class StoredGraph:
    """A whole graph in an open file; `open_stored` makes it. Not for several threads at once.

    Attributes:
        path: of the file.
        outline: the graph with `y`, which is −1 on test nodes, and all masks; in place of the features and
            edges it has tensors of their types and shapes on torch's meta device, without values.
        schema: its types, modalities with widths, relations, target and classes.
    """

    def __init__(
        self,
        path: Path,
        file: OpenFile,
        contents: Contents,
        outline: MultimodalGraph,
        block_bytes: int,
    ) -> None:
        self.path, self.outline, self.schema = path, outline, GraphSchema.of(outline)
        self._file, self._contents, self._block_bytes = file, contents, block_bytes
        self._arrays = dense_arrays(contents)

    @property
    def name(self) -> str:
        """Of the data set."""
        return self.outline.name

    @property
    def source(self) -> Source:
        """Whether the data are real or simulated."""
        return self.outline.source

    @property
    def target(self) -> str:
        """The node type that is classified."""
        return self.schema.target

    @property
    def num_classes(self) -> int:
        """C."""
        return self.schema.num_classes

    @property
    def node_types(self) -> tuple[str, ...]:
        """In the graph's order."""
        return self.schema.node_types

    @property
    def edge_types(self) -> tuple[EdgeType, ...]:
        """(source type, name, destination type) in the graph's order."""
        return self.schema.relations

    @property
    def num_nodes(self) -> Mapping[str, int]:
        """Node type -> its nodes."""
        return {t: int(self.outline[t].num_nodes) for t in self.node_types}

    @property
    def widths(self) -> Mapping[tuple[str, str], int]:
        """(node type, modality) -> width, in the graph's order."""
        return {
            (t, m): width for t, own in self.schema.modalities.items() for m, width in own.items()
        }

    @property
    def edges(self) -> Mapping[EdgeType, int]:
        """Relation -> its edges."""
        return {r: int(self.outline[r].edge_index.size(1)) for r in self.edge_types}

    @property
    def y(self) -> Tensor:
        """Classes of the target nodes, int64 [n]; −1 for unlabelled nodes and for test nodes."""
        return self.outline[self.target].y

    @property
    def train_mask(self) -> Tensor:
        """Bool [n]."""
        return self.outline[self.target].train_mask

    @property
    def val_mask(self) -> Tensor:
        """Bool [n]."""
        return self.outline[self.target].val_mask

    @property
    def test_mask(self) -> Tensor:
        """Bool [n]."""
        return self.outline[self.target].test_mask

    def has(self, node_type: str, modality: str) -> Tensor | None:
        """Which nodes have the modality, bool [n]; None where all have it.

        Raises:
            UserError: no such type or modality.
        """
        self._check_modality(node_type, modality)
        return self.outline[node_type].get(MASK_PREFIX + modality)

    def has_weight(self, relation: EdgeType) -> bool:
        """Whether the edges have weights; without, each counts as one.

        Raises:
            UserError: no such relation.
        """
        self._check_relation(relation)
        return "edge_weight" in self.outline[relation]

    def feature_blocks(
        self, node_type: str, modality: str, rows: int | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """The features in order: the first node of each block and its rows, float32 [k, width].

        Rows of nodes that lack the modality are zero, whatever the file holds there.

        Args:
            node_type: whose features.
            modality: which of them.
            rows: k; by default as many as a block's bytes hold.

        Raises:
            UserError: no such type or modality, or no rows.
            FileError: the file is damaged, or has been closed.
        """
        self._check_modality(node_type, modality)
        width = self.widths[node_type, modality]
        k = _count("rows", rows, self._block_bytes // (4 * width))
        array = self._arrays[node_type, FEATURE_PREFIX + modality]
        return self._feature_blocks(array, k, width, self.has(node_type, modality))

    def edge_blocks(self, relation: EdgeType, edges: int | None = None) -> Iterator[Edges]:
        """The edges in order: sources int64 [k], destinations int64 [k], weights float32 [k] or None.

        Args:
            relation: (source type, name, destination type).
            edges: k; by default as many as a block's bytes hold.

        Raises:
            UserError: no such relation, or no edges.
            FileError: the file is damaged, or has been closed.
        """
        self._check_relation(relation)
        k = _count("edges", edges, self._block_bytes // 20)
        return self._edge_blocks(relation, k)

    def verify(self) -> str:
        """Check the checksum and the values of all features and edges, and give the graph's fingerprint.

        It reads the file twice more: the checksum and the fingerprint hash arrays in different orders.

        Returns:
            `condense.data.fingerprint.fingerprint` of the graph.

        Raises:
            FileError: the contents do not match the checksum, or break a rule of the data type.
            GraphError: features are too large to be condensed.
        """
        self._check_open()
        return verify(self.path, self._file, self._contents, self.outline)

    def _feature_blocks(
        self, array: StoredArray, k: int, width: int, has: Tensor | None
    ) -> Iterator[tuple[int, np.ndarray]]:
        n, reader = (array.shape or (0,))[0], ArrayReader(self._file, array)
        for first in range(0, n, k):
            last = min(first + k, n)
            block = np.empty((last - first, width), np.float32)
            self._fill(block, reader, (slice(first, last), slice(0, width)))
            if has is not None:
                block[~has[first:last].numpy()] = 0
            yield first, block

    def _edge_blocks(self, relation: EdgeType, k: int) -> Iterator[Edges]:
        e, ends = self.edges[relation], ArrayReader(self._file, self._arrays[relation, EDGE_INDEX])
        weights = None
        if self.has_weight(relation):
            weights = ArrayReader(self._file, self._arrays[relation, "edge_weight"])
        for first in range(0, e, k):
            part = slice(first, min(first + k, e))
            index, weight = np.empty((2, part.stop - first), np.int64), None
            self._fill(index, ends, (slice(0, 2), part))
            if weights is not None:
                weight = np.empty(part.stop - first, np.float32)
                self._fill(weight, weights, (part,))
            yield index[0], index[1], weight

    def _fill(self, out: np.ndarray, reader: ArrayReader, window: Window) -> None:
        self._check_open()
        # Rows of nodes without the modality may hold what float32 cannot.
        with file_errors(self.path), np.errstate(over="ignore", invalid="ignore"):
            reader.fill(out, window)

    def _check_open(self) -> None:
        if self._file.stream.closed:
            raise FileError(f"{self.path} has been closed; read it inside the with block")

    def _check_modality(self, node_type: str, modality: str) -> None:
        if (node_type, modality) not in self.widths:
            known = nearest(joined((node_type, modality)), map(joined, self.widths))
            raise UserError(
                f"features (got {modality!r} of {node_type!r}) are not in the file; {known}"
            )

    def _check_relation(self, relation: EdgeType) -> None:
        if relation not in self.edge_types:
            known = nearest(str(relation), map(str, self.edge_types))
            raise UserError(f"relation (got {relation!r}) is not in the file; {known}")


def _count(name: str, given: int | None, fitting: int) -> int:
    """Rows or edges of a block.

    Raises:
        UserError: none are asked for.
    """
    if given is not None and given < 1:
        raise UserError(
            f"{name} (got {given}) must be at least 1; leave it out for blocks of some megabytes"
        )
    return max(1, fitting) if given is None else given
