"""Declares settings and checks them, with readable errors."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from condense.errors import UserError
from models.choices import nearest

if TYPE_CHECKING:
    from pydantic import ConfigDict

T = TypeVar("T")

STRICT: ConfigDict = {"extra": "forbid", "defer_build": True}
"""For frozen pydantic dataclasses. Unknown keys are errors. The validator is built at its first use, since a
command declares many settings classes and uses few.
"""
HIGHEST_LR = 1e30
"""The most that a learning rate of Adam may be: far above it, the first step overflows float32."""


def build(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Settings of type `kind` from named values; other settings keep their defaults.

    Args:
        kind: a pydantic dataclass.
        values: setting -> value, from a file, a search or the command line.
        where: the origin of the values, for messages.

    Raises:
        UserError: an unknown setting, or values out of range, all of which the message lists.
    """
    from pydantic import TypeAdapter  # Only commands with settings need it.

    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    unknown = [key for key in values if key not in known]
    if unknown:
        raise UserError(f"{where}: setting {unknown[0]!r} is unknown; {nearest(unknown[0], known)}")
    with user_errors(where):
        return TypeAdapter(kind).validate_python(dict(values))


@contextmanager
def user_errors(where: str) -> Iterator[None]:
    """Turn pydantic's errors in the block into one UserError that lists them.

    Args:
        where: the origin of the values, for the message.
    """
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as error:
        raise UserError(f"{where}: {'; '.join(map(_message, error.errors()))}") from None


def unchecked(kind: type, defaults: Any) -> type:
    """A plain dataclass with the fields, the docstring and the bases of a pydantic one.

    Parsing a command line into it raises no pydantic errors; `build` checks the values afterwards.

    Args:
        kind: a pydantic dataclass.
        defaults: an instance of `kind`.
    """
    hints = get_type_hints(kind)
    fields = [
        (f.name, hints[f.name], dataclasses.field(default=getattr(defaults, f.name)))
        for f in dataclasses.fields(kind)
    ]
    # Inherited fields are described where they are declared.
    bases = tuple(unchecked(b, defaults) for b in kind.__bases__ if dataclasses.is_dataclass(b))
    plain = dataclasses.make_dataclass(kind.__name__, fields, bases=bases, frozen=True)
    plain.__doc__ = kind.__doc__
    return plain


def _message(problem: Any) -> str:
    if problem["type"] == "value_error" and not problem["loc"]:
        return str(problem["ctx"]["error"])  # A rule over several settings; it names them.
    name = ".".join(map(str, problem["loc"])) or "settings"
    rule = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{name} (got {problem['input']!r}): {rule}"


def from_file(
    kind: type[T], path: Path | None, sections: Collection[str] = (), name: str = "config"
) -> tuple[T, dict[str, dict[str, Any]]]:
    """Read arguments and tables from a TOML file.

    Args:
        kind: dataclass of the arguments, the file's top-level keys; `-` and `_` are equivalent.
        path: the file; None gives the defaults.
        sections: the tables that the file may hold, such as names of methods.
        name: what messages call the file.

    Returns:
        The arguments, and the tables as read.

    Raises:
        UserError: the file is missing or not TOML, or holds an unknown key or table, or a value out of range.
    """
    if path is None:
        return kind(), {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{name} (got {path}) cannot be read ({error.strerror}); check the path"
        ) from None
    except (ValueError, RecursionError) as error:  # Other encodings, huge numbers, deep nesting.
        raise UserError(f"{name} (got {path}) is not TOML ({error}); correct the file") from None
    tables = {k: v for k, v in content.items() if isinstance(v, dict)}
    for table in tables:
        if table not in sections:
            remedy = nearest(table, sections) if sections else "delete it"
            raise UserError(f"{name} {path}: table [{table}] is unknown; {remedy}")
    values = {k.replace("-", "_"): v for k, v in content.items() if k not in tables}
    return build(kind, values, f"{name} {path}"), tables


def flag(argv: Sequence[str], name: str) -> str | None:
    """The value of `--name VALUE` or `--name=VALUE`, for options needed before the rest is parsed."""
    for i, word in enumerate(argv):
        if word == name and i + 1 < len(argv):
            return argv[i + 1]
        if word.startswith(name + "="):
            return word.removeprefix(name + "=")
    return None
