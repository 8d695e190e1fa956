"""Where the real data sets for tests lie, beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

needs_imdb = pytest.mark.skipif(
    not (DATA / "imdb").is_dir(), reason="real IMDB files (../shared/data/imdb) are not here"
)
