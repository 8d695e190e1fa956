"""How settings are declared, and errors in them said plainly."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from condense.errors import UserError
from models.choices import nearest

T = TypeVar("T")

# For frozen pydantic dataclasses: an unknown key is an error, not ignored.
STRICT = ConfigDict(extra="forbid")


def build(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Settings of type `kind` from named values, the rest at their defaults.

    Args:
        kind: a pydantic dataclass.
        values: setting -> value, from a file, a search or the command line.
        where: what the user calls the place that they come from.

    Raises:
        UserError: an unknown setting, or a value out of range; the message lists them all.
    """
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    unknown = [key for key in values if key not in known]
    if unknown:
        raise UserError(f"{where}: setting {unknown[0]!r} is unknown; {nearest(unknown[0], known)}")
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        raise UserError(f"{where}: {'; '.join(map(_say, error.errors()))}") from None


def _say(problem: Any) -> str:
    name = ".".join(map(str, problem["loc"])) or "settings"
    rule = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{name} (got {problem['input']!r}): {rule}"
