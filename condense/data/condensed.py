"""`CondensedGraph`: a condensed graph and the record of how it came about."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
from pydantic import BeforeValidator, ConfigDict, JsonValue, with_config
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from condense.config import user_errors
from condense.data.graph import MultimodalGraph, Source
from condense.data.inductive import Setting
from condense.data.plain_json import parsed, spell, unspell
from condense.data.spread import draw
from condense.data.spread.spread import spread_of
from condense.errors import FileError, UserError
from models.choices import nearest


def _plain(value: Any) -> Any:
    """A copy of `value` with lists for tuples and Python's floats and integers for NumPy's."""
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if isinstance(value, float) else int(value)
    return value


def _number(value: Any) -> Any:
    """Refuse what is not a number; pydantic would take whatever can be turned into one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("must lie within 64 bits")
    return value


def _cost(value: Any) -> Any:
    """Refuse what no stage can have cost; sums over stages and runs stay finite."""
    if not 0 <= _number(value) <= 1e15:
        raise ValueError("must lie in 0 … 1e15")
    return value


if TYPE_CHECKING:
    PlainDict = dict[str, Any]
    Stages = list[dict[str, Any]]
    History = list[dict[str, float]]
else:
    Number = Annotated[int | float, BeforeValidator(_number)]
    Cost = Annotated[int | float, BeforeValidator(_cost)]
    PlainDict = Annotated[dict[str, JsonValue], BeforeValidator(_plain)]
    """JSON's types at any depth, copied from what was given."""
    Stages = list[
        with_config(ConfigDict(extra="forbid", strict=True))(
            TypedDict("Stage", {"name": str, "seconds": Cost, "peak_bytes": Cost})
        )
    ]
    """What each stage of a run cost, see `condense.running.timing.StageClock`."""
    History = Annotated[list[dict[str, Number]], BeforeValidator(_plain)]


@dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class Provenance:
    """All that is needed to judge a condensed graph and to make it again.

    Values are plain JSON (dict, list, str, int, float, bool, None) and are copied on construction;
    tuples become lists.

    Attributes:
        dataset: name of the whole graph.
        source: "real" or "simulated", of the whole graph.
        dataset_hash: `fingerprint` of the whole graph; test labels are left out of it.
        dataset_settings: the data set was loaded with, as {"modalities": ["text", "image"]}.
        method: name of the condensation method.
        settings: all settings of the method, defaults included.
        seed: of the condensation.
        ratio: condensed target nodes ÷ all target nodes.
        ratio_train: condensed target nodes ÷ training nodes.
        ratio_base: which of the two the user asked for.
        edge_ratio: bound on condensed edges ÷ edges, in each relation.
        device: it ran on, e.g. "cpu" or "cuda (NVIDIA H200)".
        versions: of Python, this package and those that a result depends on.
        stages: {"name", "seconds", "peak_bytes"} each, in the order they ran; bytes of peak memory. Of a
            resumed run, all parts together. None at all where nobody recorded them, as in imported graphs.
        complete: False where the run was interrupted or diverged.
        history: one record of numbers a logged step: loss, conflict rate, energy, edge mass, density, score.
        measures: numbers about the result, such as relay validation score and edges per relation; at which
            steps the run was resumed ("resumed_from"), and why it ended early ("diverged").
        setting: "transductive", or "inductive" where training nodes alone were condensed.

    Raises:
        pydantic.ValidationError: a value of the wrong type, naming it.
    """

    dataset: str
    source: Source
    dataset_hash: str
    dataset_settings: PlainDict
    method: str
    settings: PlainDict
    seed: int
    ratio: float
    ratio_train: float
    ratio_base: Literal["all", "train"]
    edge_ratio: float
    device: str
    versions: dict[str, str]
    stages: Stages
    complete: bool
    history: History
    measures: PlainDict
    setting: Setting = "transductive"

    @property
    def condense_seconds(self) -> float:
        """Wall-clock seconds of all stages together; NaN, unknown, where no stage was recorded."""
        return float(sum(stage["seconds"] for stage in self.stages)) if self.stages else math.nan

    def to_json(self) -> str:
        """A JSON object with one key a field; numbers that JSON lacks are words."""
        return json.dumps(spell(dataclasses.asdict(self)), allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """The inverse of `to_json`.

        Raises:
            FileError: not a JSON object, a missing or an unknown key, a value of the wrong type. Keys with
                a default may be missing.
        """
        try:
            record = parsed(text)
        except ValueError as error:
            raise FileError(f"provenance is not JSON ({error}); condense again") from error
        if not isinstance(record, dict):
            got = type(record).__name__
            raise FileError(f"provenance (got {got}) must be a JSON object; condense again")
        known = [field.name for field in dataclasses.fields(cls)]
        for name in known:
            if name not in record and name not in _OPTIONAL:
                raise FileError(f"provenance lacks the key {name!r}; add it, or condense again")
        for name in record:
            if name not in known:
                raise FileError(f"provenance has the unknown key {name!r}; {nearest(name, known)}")
        values: dict[str, Any] = {
            name: value if isinstance(value, str) else unspell(value)
            for name, value in record.items()
        }
        try:
            with user_errors("provenance"):
                return cls(**values)
        except UserError as error:
            raise FileError(str(error)) from error


_OPTIONAL = ("setting",)
"""Keys that files from before they existed lack."""


@dataclasses.dataclass(frozen=True)
class CondensedGraph:
    """A condensed graph with its provenance.

    Attributes:
        graph: every target node is labelled and trains; edge weights are multiplicities.
        provenance: of `graph`.
    """

    graph: MultimodalGraph
    provenance: Provenance

    def draw(self, generator: torch.Generator) -> MultimodalGraph:
        """A graph to train on for an epoch: drawn from the spread or, without one, the graph itself.

        If it has `y_soft` on its target nodes, train on these soft labels in place of `y`.

        Args:
            generator: for the draw, on the graph's device.
        """
        spread = spread_of(self.graph)
        return self.graph if spread is None else draw(self.graph, spread, generator)
