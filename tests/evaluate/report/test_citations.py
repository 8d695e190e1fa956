"""Every method, model and data set has its entries; none is made up."""

from __future__ import annotations

import re

from condense.datasets.registry import DATASETS
from condense.methods.registry import METHODS
from evaluate.report.citations import OF_DATASET, OF_METHOD, OF_MODEL, bibtex, entries
from models.registry import MODELS


def test_every_name_has_entries() -> None:
    known = entries()
    assert set(OF_METHOD) == set(METHODS)
    for name in MODELS:
        assert all(key in known for key in OF_MODEL.get(name, (name,))), name
    for name in DATASETS:
        assert any(name.startswith(begin) for begin in OF_DATASET), name
    used = [key for keys in (*OF_METHOD.values(), *OF_DATASET.values()) for key in keys]
    assert set(used) <= set(known)
    assert set(known) == {*used, *bibtex_keys(bibtex([], MODELS, [], True))}


def test_entries_are_bibtex_without_what_we_cannot_be_sure_of() -> None:
    for key, entry in entries().items():
        assert entry.count("{") == entry.count("}"), key
        for part in ("title", "author", "year"):
            assert re.search(rf"\b{part} = \{{", entry), (key, part)
        assert "doi" not in entry.lower()


def test_each_entry_once_and_only_what_was_used() -> None:
    found = bibtex_keys(bibtex(["srgm", "coarsening"], ["mlp", "hgt", "hgt_late"], ["acm"], False))
    assert found == ["srgm", "kmeanspp", "hgt", "heco", "pyg"]
    assert bibtex_keys(bibtex(["mine"], ["mine"], ["mine"], True)) == ["pyg", "tune", "optuna"]


def bibtex_keys(text: str) -> list[str]:
    return re.findall(r"@\w+\{([\w-]+),", text)
