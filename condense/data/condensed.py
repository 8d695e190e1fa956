"""`CondensedGraph`: a condensed graph and the record of how it came about."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal

from condense.data.graph import MultimodalGraph, Source
from condense.data.inductive import Setting, check_setting
from condense.data.plain_json import spell, unspell
from condense.errors import FileError, UserError
from models.choices import nearest

STAGE_KEYS = ("name", "peak_bytes", "seconds")


@dataclass(frozen=True)
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
        UserError: a value of the wrong type, naming it.
    """

    dataset: str
    source: Source
    dataset_hash: str
    dataset_settings: dict[str, Any]
    method: str
    settings: dict[str, Any]
    seed: int
    ratio: float
    ratio_train: float
    ratio_base: Literal["all", "train"]
    edge_ratio: float
    device: str
    versions: dict[str, str]
    stages: list[dict[str, Any]]
    complete: bool
    history: list[dict[str, float]]
    measures: dict[str, Any]
    setting: Setting = "transductive"

    def __post_init__(self) -> None:
        for field in fields(self):
            where = f"provenance.{field.name}"
            value = _plain(getattr(self, field.name), where)
            # Annotations are strings here: the part before "[" names the type, Source is a choice.
            expected = _TYPES.get(str(field.type).partition("[")[0], str)
            if type(value) is int and expected is float:
                value = float(value)
            if type(value) is not expected:
                raise _wrong(where, value, f"must be of type {expected.__name__}")
            object.__setattr__(self, field.name, value)
        if self.source not in ("real", "simulated"):
            raise _wrong("provenance.source", self.source, "must be 'real' or 'simulated'")
        if self.ratio_base not in ("all", "train"):
            raise _wrong("provenance.ratio_base", self.ratio_base, "must be 'all' or 'train'")
        check_setting(self.setting)
        for i, stage in enumerate(self.stages):
            if not isinstance(stage, dict) or tuple(sorted(stage)) != STAGE_KEYS:
                raise _wrong(f"provenance.stages[{i}]", stage, f"must have the keys {STAGE_KEYS}")
        for i, step in enumerate(self.history):
            if not isinstance(step, dict):
                raise _wrong(f"provenance.history[{i}]", step, "must be a dict of numbers")

    @property
    def condense_seconds(self) -> float:
        """Wall-clock seconds of all stages together; NaN, unknown, where no stage was recorded."""
        return float(sum(stage["seconds"] for stage in self.stages)) if self.stages else math.nan

    def to_json(self) -> str:
        """A JSON object with one key a field; numbers that JSON lacks are words."""
        return json.dumps(spell(asdict(self)), allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """The inverse of `to_json`.

        Raises:
            FileError: not a JSON object, a missing or an unknown key, a value of the wrong type. Keys with
                a default may be missing.
        """
        try:
            record = json.loads(text)
        except ValueError as error:
            raise FileError(f"provenance is not JSON ({error}); condense again") from error
        if not isinstance(record, dict):
            got = type(record).__name__
            raise FileError(f"provenance (got {got}) must be a JSON object; condense again")
        known = [field.name for field in fields(cls)]
        for field in fields(cls):
            name = field.name
            if name not in record and field.default is MISSING:
                raise FileError(f"provenance lacks the key {name!r}; add it, or condense again")
        for name in record:
            if name not in known:
                raise FileError(f"provenance has the unknown key {name!r}; {nearest(name, known)}")
        values: dict[str, Any] = {
            name: value if isinstance(value, str) else unspell(value)
            for name, value in record.items()
        }
        try:
            return cls(**values)
        except UserError as error:
            raise FileError(str(error)) from error


@dataclass(frozen=True)
class CondensedGraph:
    """A condensed graph with its provenance.

    Attributes:
        graph: every target node is labelled and trains; edge weights are multiplicities.
        provenance: of `graph`.
    """

    graph: MultimodalGraph
    provenance: Provenance


_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "dict": dict, "list": list}


def _wrong(where: str, value: object, rule: str) -> UserError:
    return UserError(f"{where} (got {value!r}) {rule}; set it to such a value")


def _plain(value: Any, where: str) -> Any:
    """A copy of `value` in JSON's types, or a UserError that names the part without such a form."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):  # numpy's float64 is a float
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, list | tuple):
        return [_plain(v, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise _wrong(f"{where}: a key", key, "must be a string")
        return {k: _plain(v, f"{where}.{k}") for k, v in value.items()}
    raise _wrong(where, value, "must be a plain str, number, bool, list, dict or None")
