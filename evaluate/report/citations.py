"""BibTeX entries of what a report used, out of references.bib.

Fields that we are not sure of are left out there: no pages, no DOIs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

OF_METHOD = {
    "srgm": ("srgm",),
    "random": (),
    "herding": ("herding",),
    "kcenter": ("coreset",),
    "kmeans": ("kmeanspp",),
    "coarsening": ("kmeanspp",),
}
"""Method -> keys in references.bib."""

OF_MODEL = {
    "mlp": (),
    "hgt_late": ("hgt",),
    "han_late": ("han",),
    "sehgnn_late": ("sehgnn",),
    "shgp_late": ("shgp",),
    "hero_late": ("hero",),
}
"""Model -> keys, where it is not the model's own name."""

OF_DATASET = {
    "amazon": ("hgnn_ima",),
    "imdb": ("mhgat", "hgnn_ima"),
    "acm": ("heco",),
    "dblp": ("heco",),
    "cora": ("planetoid",),
    "photo": ("pitfalls",),
}
"""Beginning of a real data set's name -> keys."""


def bibtex(
    methods: Iterable[str], models: Iterable[str], datasets: Iterable[str], searched: bool
) -> str:
    """The entries, each once, in the order methods, models, data sets, programs.

    Args:
        methods: names of condensation methods; those that we do not know have no entry.
        models: names of models, likewise.
        datasets: names of real data sets, likewise.
        searched: whether there was an architecture search.
    """
    keys = [key for method in methods for key in OF_METHOD.get(method, ())]
    keys += [key for model in models for key in OF_MODEL.get(model, (model,))]
    keys += [
        k
        for name in datasets
        for begin, ks in OF_DATASET.items()
        if name.startswith(begin)
        for k in ks
    ]
    keys += ["pyg", *(("tune", "optuna") if searched else ())]
    known = entries()
    return "\n\n".join(known[key] for key in dict.fromkeys(keys) if key in known)


def entries() -> dict[str, str]:
    """Key -> entry, as it is to be pasted."""
    text = (files("evaluate.report") / "references.bib").read_text(encoding="utf-8")
    found = {}
    for entry in text.strip().split("\n\n"):
        head = re.match(r"@\w+\{([\w-]+),", entry)
        assert head is not None, entry
        found[head[1]] = entry
    return found
