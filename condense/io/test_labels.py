"""The classes of test nodes in a file, for scorers alone."""

from __future__ import annotations

import os
from pathlib import Path

from jaxtyping import Int
from torch import Tensor

from condense.errors import UserError
from condense.io.contents import Contents
from condense.io.members import check_is_file, file_errors, listed
from condense.io.outline import outline_of


def stored_test_labels(path: str | os.PathLike[str], nodes: Int[Tensor, " k"]) -> Int[Tensor, " k"]:
    """The true classes of some test nodes of a whole graph in a file.

    `StoredGraph` hides them, and nothing that trains, selects or stops may call this; it is for the score of
    a trained model.

    Args:
        path: a file that `open_stored` opens.
        nodes: test nodes.

    Raises:
        FileError: as of `open_stored`.
        UserError: a node that is no test node, or has no class.
    """
    path = Path(path)
    check_is_file(path)
    with file_errors(path), listed(path) as file:
        store = (graph := outline_of(file, Contents.of(file)))[graph.target]
    others = int((~store.test_mask[nodes]).sum())
    if others:
        raise UserError(f"nodes (got {others} outside test_mask) must be test nodes")
    labels = store.y[nodes]
    bare = int((labels < 0).sum())
    if bare:
        raise UserError(
            f"test_mask (got {bare} nodes without a label) cannot be scored; take them out of test_mask"
        )
    return labels
