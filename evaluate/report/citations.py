"""BibTeX entries of the methods, models and data sets that a report uses, from references.bib.

Fields that we could not verify are left out there: no pages, no DOIs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

METHOD_SOURCES = {
    "mixture": ("kmeanspp", "factor_analysers"),
    "kcenter": ("coreset",),
    "kmeans": ("kmeanspp",),
    "coarsening": ("kmeanspp",),
    "gcdmx": ("gcdm",),
    "gcondx": ("gcond",),
    "sgdd": ("sgdd", "copt"),
}
"""Method -> keys in references.bib, where the key is not the method's own name."""

DATASET_SOURCES = {
    "amazon": ("hgnn_ima",),
    "imdb": ("mhgat", "hgnn_ima"),
    "acm": ("heco",),
    "dblp": ("heco",),
    "cora": ("planetoid",),
    "photo": ("pitfalls",),
    "debian": ("debian",),
}
"""Beginning of a real data set's name -> keys."""

PROGRAMS, SEARCH_PROGRAMS = ("pyg",), ("tune", "optuna")

LATE = "_late"
"""Ending of a model's late-fusion variant, which is cited as the model."""

WITHOUT_SOURCE = {
    "random": "drawing nodes at random has no author",
    "mlp": "the multilayer perceptron is a textbook model",
}
"""Method or model without an entry -> why."""


def method_keys(name: str) -> tuple[str, ...]:
    """Keys of a condensation method's entries."""
    return () if name in WITHOUT_SOURCE else METHOD_SOURCES.get(name, (name,))


def model_keys(name: str) -> tuple[str, ...]:
    """Keys of a model's entries."""
    return () if name in WITHOUT_SOURCE else (name.removesuffix(LATE),)


def dataset_keys(name: str) -> tuple[str, ...]:
    """Keys of a real data set's entries."""
    return tuple(
        key for start, keys in DATASET_SOURCES.items() if name.startswith(start) for key in keys
    )


def bibtex(
    methods: Iterable[str], models: Iterable[str], datasets: Iterable[str], searched: bool
) -> str:
    """The entries, each once, in the order methods, models, data sets, programs.

    Args:
        methods: names of condensation methods; unknown ones have no entry.
        models: names of models, likewise.
        datasets: names of real data sets, likewise.
        searched: whether there was an architecture search.
    """
    keys = [key for name in methods for key in method_keys(name)]
    keys += [key for name in models for key in model_keys(name)]
    keys += [key for name in datasets for key in dataset_keys(name)]
    keys += [*PROGRAMS, *(SEARCH_PROGRAMS if searched else ())]
    known = entries()
    return "\n\n".join(known[key] for key in dict.fromkeys(keys) if key in known)


def entries() -> dict[str, str]:
    """Key -> entry, ready to be pasted."""
    text = (files("evaluate.report") / "references.bib").read_text(encoding="utf-8")
    by_key = {}
    for entry in text.strip().split("\n\n"):
        head = re.match(r"@\w+\{([\w-]+),", entry)
        assert head is not None, entry
        by_key[head[1]] = entry
    return by_key
