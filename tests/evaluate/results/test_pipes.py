"""A pipe where a table or a record should be is refused; reading it would wait for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.results.json_files import read_json
from evaluate.results.rows import read_rows


@pytest.mark.parametrize("read", [read_json, read_rows])
def test_a_pipe(tmp_path: Path, read) -> None:
    os.mkfifo(tmp_path / "file")
    with pytest.raises(FileError, match="no regular file"):
        read(tmp_path / "file")
