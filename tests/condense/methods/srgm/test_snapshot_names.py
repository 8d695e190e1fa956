"""A checkpoint keeps the parameters of types and relations apart, whatever these are called."""

from __future__ import annotations

import torch

from condense.io.checkpoint import load_checkpoint, save_checkpoint
from condense.methods.srgm.synthesis import Snapshot
from tests.support.names import NASTY


def test_a_snapshot_under_any_names_comes_back(tmp_path):
    keys = [*zip(NASTY, reversed(NASTY), strict=True), ("a:b", "c"), ("a", "b:c"), (".", "/")]
    relations = [("a:b", "c", "d"), ("a", "b:c", "d"), ("a/b", "..", "%"), ("a", "b/..", "%25")]
    snapshot = Snapshot(
        {key: torch.tensor([float(i)]) for i, key in enumerate(keys)},
        {relation: torch.tensor([-1.0 - i]) for i, relation in enumerate(relations)},
    )
    save_checkpoint(tmp_path / "step.h5", {}, snapshot.to_tensors("now"))
    _, tensors = load_checkpoint(tmp_path / "step.h5")
    again = snapshot.from_tensors(tensors, "now")
    assert again.h == snapshot.h
    assert again.logits == snapshot.logits
