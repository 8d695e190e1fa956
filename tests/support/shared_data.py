"""Where the real data sets for tests lie, beside the repository."""

from __future__ import annotations

import pytest

from tests.support.paths import ROOT

DATA = ROOT.parent / "shared" / "data"


def needs(path: str) -> pytest.MarkDecorator:
    """Skip, and say why, where this file or folder of the real data is absent."""
    return pytest.mark.skipif(
        not (DATA / path).exists(), reason=f"real files (../shared/data/{path}) are not here"
    )


needs_imdb = needs("imdb")
