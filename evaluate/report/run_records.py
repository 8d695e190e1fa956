"""What a report reads of run.json and search.json, and of which types."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from condense.errors import FileError
from evaluate.results.json_files import parse_json

REMEDY = "rerun the command that wrote it"


class RunJson(TypedDict, total=False):
    """The part of run.json that is reported."""

    command: str | None
    arguments: dict[str, Any] | None
    condensed: str | list[str] | None
    dataset: str | None
    source: str | None
    setting: str | None
    versions: dict[str, str] | None


class EstimateJson(TypedDict, total=False):
    """A statistic and its interval."""

    value: float | None
    low: float | None
    high: float | None


class QualityJson(TypedDict, total=False):
    """How well one cheap training ranks."""

    kendall: EstimateJson | None
    spearman: EstimateJson | None
    regret: float | None
    regret_top: float | None
    speed_up: float | None
    speed_up_top: float | None
    speed_up_training: float | None
    top: int | None


class VerifyJson(TypedDict, total=False):
    """A verification, under "verify" or in older records at the top."""

    condensed: QualityJson | str | None  # In a search's record, the path of the condensed graph.
    subgraph: QualityJson | None
    short: QualityJson | None
    spread: EstimateJson | None
    architectures: int | None
    measured: int | None


class SearchJson(VerifyJson, total=False):
    """The part of search.json that is reported."""

    dataset: str | None
    source: str | None
    setting: str | None
    search_seconds: float | None
    verify: VerifyJson | None


def read_run(path: Path) -> dict[str, Any]:
    """The content of run.json.

    Raises:
        FileError: it cannot be read, is no JSON object, or has a value of another type.
    """
    return _checked(path, parse_json(path, REMEDY), RunJson)


def read_search_record(path: Path) -> dict[str, Any]:
    """The content of search.json; numbers that are not finite are None, as in records of older versions.

    Raises:
        FileError: see `read_run`.
    """
    return _checked(path, _finite(parse_json(path, REMEDY)), SearchJson)


def _checked(path: Path, content: dict[str, Any], kind: Any) -> dict[str, Any]:
    """`content`, whose values that are read must be of the types in `kind`."""
    try:
        _adapter(kind).validate_python(content, strict=True)
    except ValidationError as error:
        problem = error.errors()[0]
        rule = problem["msg"][:1].lower() + problem["msg"][1:]
        where, got = _place(content, problem["loc"]), repr(problem["input"])[:60]
        raise FileError(f"{path}: {where} (got {got}): {rule}; {REMEDY}") from None
    return content


def _place(content: Any, path: Sequence[str | int]) -> str:
    """The keys of a path, which of a value with several types has the name of one of them in between."""
    keys = []
    for part in path:
        if isinstance(content, dict) and part in content:
            keys.append(str(part))
            content = content[part]
    return ".".join(keys)


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _finite(value: Any) -> Any:
    """`value` with None in place of non-finite numbers, as records of older versions have them."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
