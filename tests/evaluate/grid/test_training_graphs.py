"""The whole graph of a condensed file is found again, however its name was spelt."""

from __future__ import annotations

from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.grid.training_graphs import whole_graph
from tests.support.graphs import small_condensed


def test_a_name_in_another_spelling(tmp_path: Path) -> None:
    condensed = small_condensed(dataset_settings={"dataset": "ACM"}, source="real")
    # The data set is known: what is missing are its files.
    with pytest.raises(FileError, match=r"heco/acm/.* is missing"):
        whole_graph(Path("small.h5"), condensed, tmp_path, None)
    unknown = small_condensed(dataset_settings={"dataset": "ACMX"}, source="real")
    with pytest.raises(FileError, match="no data set known here; give --whole FILE"):
        whole_graph(Path("small.h5"), unknown, tmp_path, None)
