"""Names of trainings, which identify them so that none is run twice."""

from __future__ import annotations

import dataclasses

from condense.data.fingerprint import Digest
from evaluate.training.tune import Candidate

VERSION = 1
"""Increased when a change alters the scores of trainings; their older rows are then run again."""


def cell_name(
    dataset: str, setting: str, scaling: str, graph: str, model: str, choice: Candidate, seed: int
) -> str:
    """A digest, 16 hexadecimal digits, of everything that decides how a training ends.

    Args:
        dataset: `fingerprint` of the whole graph.
        setting: transductive or inductive.
        scaling: how features are scaled.
        graph: `fingerprint` of the graph trained on; empty for the whole graph.
        model: a name in `MODELS`.
        choice: settings of model and training.
        seed: seed of the training.
    """
    digest = Digest()
    digest.record([VERSION, dataset, setting, scaling, graph, model, seed])
    digest.record(dataclasses.asdict(choice.model))
    digest.record(dataclasses.asdict(choice.training))
    return digest.hexdigest()[:16]
