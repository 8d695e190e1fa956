"""Every registered method, model and data set is cited or says why not, and no entry is unused."""

from __future__ import annotations

import re

import pytest

from condense.datasets.registry import DATASETS
from condense.methods.registry import METHODS
from evaluate.report.citations import (
    DATASET_SOURCES,
    LATE,
    METHOD_SOURCES,
    PROGRAMS,
    SEARCH_PROGRAMS,
    WITHOUT_SOURCE,
    bibtex,
    dataset_keys,
    entries,
    method_keys,
    model_keys,
)
from models.registry import MODELS


@pytest.mark.parametrize(
    ("names", "keys_of"), [(METHODS, method_keys), (MODELS, model_keys), (DATASETS, dataset_keys)]
)
def test_every_registered_name_is_cited_or_says_why_not(names, keys_of) -> None:
    known = entries()
    for name in names:
        if name in WITHOUT_SOURCE:
            assert keys_of(name) == (), name
        else:
            assert keys_of(name), name
            assert set(keys_of(name)) <= set(known), name


def test_no_entry_is_unused_and_no_exception_outdated() -> None:
    used = {key for name in METHODS for key in method_keys(name)}
    used |= {key for name in MODELS for key in model_keys(name)}
    used |= {key for name in DATASETS for key in dataset_keys(name)}
    assert set(entries()) == used | {*PROGRAMS, *SEARCH_PROGRAMS}
    assert set(METHOD_SOURCES) <= set(METHODS)
    assert set(WITHOUT_SOURCE) <= {*METHODS, *MODELS}
    for start in DATASET_SOURCES:
        assert any(name.startswith(start) for name in DATASETS), start


def test_a_late_variant_is_the_cited_model() -> None:
    late = [name for name in MODELS if name.endswith(LATE)]
    assert late
    for name in late:
        assert MODELS[name].build is MODELS[name.removesuffix(LATE)].build


def test_entries_are_bibtex_without_what_we_cannot_be_sure_of() -> None:
    for key, entry in entries().items():
        assert entry.count("{") == entry.count("}"), key
        for part in ("title", "author", "year"):
            assert re.search(rf"\b{part} = \{{", entry), (key, part)
        assert "doi" not in entry.lower()


def test_each_entry_once_and_only_if_used() -> None:
    used = bibtex_keys(bibtex(["srgm", "coarsening"], ["mlp", "hgt", "hgt_late"], ["acm"], False))
    assert used == ["srgm", "kmeanspp", "hgt", "heco", "pyg"]
    assert bibtex_keys(bibtex(["mine"], ["mine"], ["mine"], True)) == ["pyg", "tune", "optuna"]


def bibtex_keys(text: str) -> list[str]:
    return re.findall(r"@\w+\{([\w-]+),", text)
