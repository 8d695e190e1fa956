"""What may follow the words of a command line that is being typed."""

from __future__ import annotations

import dataclasses
import importlib
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import tyro

from commands.reproduce import PAPERS
from condense.datasets.registry import DATASETS
from condense.methods.registry import METHODS
from condense.methods.spec import ALL_FAST
from models.registry import MODELS

NAMED: dict[str, Callable[[], Sequence[str]]] = {
    "dataset": lambda: list(DATASETS),
    "method": lambda: list(METHODS),
    "baselines": lambda: [*METHODS, ALL_FAST],
    "models": lambda: tuple(MODELS),
    "names": lambda: sorted(path.stem for path in PAPERS.glob("*.toml")),
}
"""An option's name -> its possible values, where its type does not list them."""


@dataclasses.dataclass(frozen=True)
class Option:
    """An option of a command.

    Attributes:
        flags: its flags; empty for a positional argument.
        values: its possible values; empty if unknown.
        count: how many values follow: 0, 1, or 2 for any number.
    """

    flags: tuple[str, ...]
    values: tuple[str, ...]
    count: int


def candidates(commands: Mapping[str, str], words: Sequence[str]) -> list[str]:
    """The words that may replace the last of `words`; empty if that is a file or unknown.

    Args:
        commands: name -> file, as in `cli.COMMANDS`.
        words: the words after the program's name; the last one may be incomplete or empty.
    """
    *before, current = words or [""]
    if not before:
        possible: Sequence[str] = [*commands, "--help"] if current.startswith("-") else [*commands]
    elif before[0] not in commands:
        possible = []
    else:
        possible = _of_command(commands[before[0]], before[1:], current)
    return [word for word in possible if word.startswith(current)]


def _of_command(file: str, before: Sequence[str], current: str) -> Sequence[str]:
    options = [o for kind in arguments_of(file, before) for o in _options(kind)]
    flags = [f for o in options for f in o.flags] + ["--help"]
    if current.startswith("-"):
        return flags
    at = max((i for i, word in enumerate(before) if word.startswith("--")), default=-1)
    option = next((o for o in options if at >= 0 and before[at] in o.flags), None)
    if (option is not None and len(before) - 1 - at < option.count) or (
        option and option.count == 2
    ):
        return option.values
    positional = [o for o in options if not o.flags]
    return [value for o in positional for value in o.values] if positional else flags


def arguments_of(file: str, words: Sequence[str]) -> list[type]:
    """The dataclasses whose fields are a command's options, given the words typed so far.

    They are `NameArguments` in commands/NAME.py (or NAME_.py), and those that the module's function
    `more_arguments`, if it has one, returns for these words.
    """
    module = importlib.import_module(file)
    more = getattr(module, "more_arguments", lambda words: [])
    return [
        getattr(module, f"{file.rpartition('.')[2].strip('_').capitalize()}Arguments"),
        *more(words),
    ]


def _options(kind: type) -> list[Option]:
    hints = get_type_hints(kind, include_extras=True)
    return [_option(f.name, hints[f.name]) for f in dataclasses.fields(kind)]


def _option(name: str, hint: Any) -> Option:
    positional = False
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        positional = tyro.conf.Positional in marks
    if get_origin(hint) in (Union, types.UnionType):  # X | None
        hint = next(a for a in get_args(hint) if a is not type(None))
    dashed = name.replace("_", "-")
    if hint is bool:
        return Option((f"--{dashed}", f"--no-{dashed}"), (), 0)
    many = get_origin(hint) in (list, tuple, Sequence)
    inner = get_args(hint)[0] if many else hint
    values = NAMED[name]() if name in NAMED else ()
    if get_origin(inner) is Literal:
        values = get_args(inner)
    return Option(() if positional else (f"--{dashed}",), tuple(map(str, values)), 2 if many else 1)
