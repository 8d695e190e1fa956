"""SR-GM on disk: a run that ends within the loop or around it goes on to the same graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.io import save
from condense.io.stored_graph import open_stored
from condense.judging.relay_validator import RelayValidator
from condense.out_of_core import matching
from condense.out_of_core.room import GIB
from condense.out_of_core.run import condense_stored
from condense.out_of_core.workspace import Workspace
from condense.running.steps import Step
from tests.condense.out_of_core.test_matching import SHORT, noisy_films
from tests.condense.out_of_core.test_run import on_disk, small_blocks  # noqa: F401  (holds here)


class Stopped:
    """Ctrl-C after some step of the loop, once."""

    def __init__(self, after: int) -> None:
        self.after, self.seen = after, []

    def __call__(self, step: Step) -> None:
        self.seen.append(step.index)
        if step.index == self.after:
            raise KeyboardInterrupt


def watched(
    graph: MultimodalGraph, folder: Path, stopped: Stopped, **settings: Any
) -> CondensedGraph:
    folder.mkdir(exist_ok=True)
    save(folder / "whole.h5", graph)
    with open_stored(folder / "whole.h5") as stored:
        return condense_stored(
            stored, 0.2, "srgm", {**SHORT, **settings},
            work=folder / "work", memory=2 * GIB, seed=3, on_step=stopped,
        )  # fmt: skip


def arrays(graph: MultimodalGraph) -> Iterator[tuple[Any, torch.Tensor]]:
    for store in graph.stores:
        for key, x in store.items():
            if isinstance(x, torch.Tensor):
                yield key, x


@pytest.mark.parametrize("seconds", [0.0, 1e6])
def test_a_run_that_ends_within_the_loop_goes_on_to_the_same_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(matching, "SECONDS", seconds)
    # A score that varies and depends on the graph alone.
    monkeypatch.setattr(RelayValidator, "score", lambda self, z, y: float(z.norm()))
    expected = watched(noisy_films(), tmp_path / "a", Stopped(0))
    # Two interruptions; the second one after the first state of the run that went on.
    for after in (7, 11):
        with pytest.raises(KeyboardInterrupt):
            watched(noisy_films(), tmp_path / "b", Stopped(after))
    assert (tmp_path / "b" / "work" / matching.CHECKPOINTS).exists()
    last = Stopped(0)
    found = watched(noisy_films(), tmp_path / "b", last)
    # Each state is kept, or the first of each run alone.
    assert last.seen[0] == (11 if seconds == 0 else 3)
    assert last.seen[-1] == 15
    for (key, one), (_, other) in zip(arrays(found.graph), arrays(expected.graph), strict=True):
        assert torch.equal(one, other), key
    assert found.provenance.history == expected.provenance.history
    assert not (tmp_path / "b" / "work" / matching.CHECKPOINTS).exists()
    assert not list((tmp_path / "b" / "work").glob("paths-*/*.f32"))
    again = watched(noisy_films(), tmp_path / "b", Stopped(1))  # Nothing is matched again.
    assert torch.equal(again.graph["movie"].x_text, expected.graph["movie"].x_text)


def test_a_run_that_ends_anywhere_goes_on_to_the_same_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C before and after each stage in turn."""
    settings = {**SHORT, "spread": "on"}
    expected = on_disk(noisy_films(), tmp_path / "a", "srgm", **settings)
    original, stopped = Workspace.stage, set[tuple[str, str]]()

    def stage(self: Workspace, name: str, make: Any, read: Any) -> Any:
        for when in ("before", "after"):
            if (name, when) not in stopped:
                stopped.add((name, when))
                if when == "after":
                    original(self, name, make, read)
                raise KeyboardInterrupt
        return original(self, name, make, read)

    monkeypatch.setattr(Workspace, "stage", stage)
    found = None
    while found is None:
        try:
            found = on_disk(noisy_films(), tmp_path / "b", "srgm", **settings)
        except KeyboardInterrupt:
            continue
    assert ("matched", "after") in stopped
    for (key, one), (_, other) in zip(arrays(found.graph), arrays(expected.graph), strict=True):
        assert torch.equal(one, other), key
