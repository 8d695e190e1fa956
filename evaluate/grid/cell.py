"""Names of trainings, which identify them so that none is run twice."""

from __future__ import annotations

import dataclasses

from condense.data.fingerprint import Digest
from evaluate.training.tune import Candidate

VERSION = 1
"""Increased when a change alters the scores of trainings; their older rows are then run again."""


def cell_name(
    dataset: str,
    setting: str,
    scaling: str,
    graph: str,
    model: str,
    choice: Candidate,
    seed: int,
    tested: str = "",
    note: str = "",
) -> str:
    """A digest, 16 hexadecimal digits, of everything that decides how a training ends and scores.

    Args:
        dataset: `fingerprint` of the whole graph.
        setting: transductive or inductive.
        scaling: how features are scaled.
        graph: `fingerprint` of the graph trained on; empty for the whole graph.
        model: a name in `MODELS`.
        choice: settings of model and training.
        seed: seed of the training.
        tested: `EvaluationTask.test_digest`; empty for a training that is not tested.
        note: see `Task.note`.
    """
    digest = Digest()
    digest.record([VERSION, dataset, setting, scaling, graph, model, seed])
    if tested:
        digest.record(tested)
    if note:
        digest.record(["note", note])
    digest.record(dataclasses.asdict(choice.model))
    digest.record(choice.training.values())
    return digest.hexdigest()[:16]
