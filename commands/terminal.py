"""What all commands share: consoles, exit statuses, and the parsing of options."""

from __future__ import annotations

import inspect
import json
import logging
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from commands.signals import INTERRUPTED, TERMINATED
from condense.config import flag
from condense.data.plain_json import spell
from condense.data.shown import json_escaped, printable

T = TypeVar("T")

OK, MISSED, WRONG, BROKEN = 0, 1, 2, 3
MEANING = {
    OK: "all went well",
    MISSED: "the work was done, but a bar was missed or a part of it failed",
    WRONG: "a mistake of the user's: an option, a file, a graph; the message says the remedy",
    BROKEN: "a defect of this program, with a traceback to report",
    INTERRUPTED: "Ctrl-C; what had ended is kept",
    TERMINATED: "SIGTERM; what had ended is kept",
}
"""Exit status -> its meaning."""


class _Console(Console):
    """A console that spells control characters in text, and raises BrokenPipeError once nobody reads it."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """As rich has it; colours and moves of the cursor are no text, and stay."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


console = _Console(highlight=False, soft_wrap=True)
errors = _Console(stderr=True, highlight=False, soft_wrap=True)


def config(argv: Sequence[str]) -> Path | None:
    """The file named by --config, which is read before the other options are parsed."""
    path = flag(argv, "--config")
    return None if path is None else Path(path)


def parse(
    kind: type[T], argv: Sequence[str], command: str, examples: str, default: T | None = None
) -> T:
    """Parse the options of a command, or print its help.

    Args:
        kind: a dataclass; its docstring describes the command and, under Attributes, the options.
        argv: the words after the command's name.
        command: the command's name.
        examples: example command lines, for the help.
        default: values of options that are not in `argv`; None for the defaults of `kind`.
    """
    import tyro

    # Lines that are not indented would be joined into a paragraph.
    shown = textwrap.indent(inspect.cleandoc(examples), "  ")
    keywords: dict[str, Any] = {} if default is None else {"default": default}
    return tyro.cli(
        kind,
        args=argv,
        prog=f"cli.py {command}",
        description=f"{described(kind)}\n\nexamples:\n{shown}",
        config=(tyro.conf.HelptextFromCommentsOff,),  # Only docstrings describe options.
        **keywords,
    )


def described(kind: type) -> str:
    """The docstring of a dataclass up to its attributes."""
    return inspect.cleandoc(kind.__doc__ or "").partition("\n\nAttributes:")[0]


def notes(as_json: bool) -> Console:
    """The console for progress and notes: stderr if stdout carries JSON, else stdout."""
    return errors if as_json else console


@contextmanager
def silenced(logger: logging.Logger) -> Iterator[None]:
    """No warnings of this logger's within the context; errors come through."""
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout; see `condense.data.plain_json` for values that JSON lacks."""
    text = json.dumps(spell(document), indent=1, ensure_ascii=False, allow_nan=False)
    print(json_escaped(text))
