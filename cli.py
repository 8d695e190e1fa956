"""Command line: prepare and condense a graph, inspect files, compare graphs, search models, reproduce papers.

A command's file is imported only when the command is called, and imports heavy packages only after it has
parsed its options, so that help appears at once.
"""

from __future__ import annotations

import signal

# Until `main` answers Ctrl-C, it ends the program without a traceback.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import importlib
import logging
import os
import sys
import traceback

from commands.signals import INTERRUPTED, TERMINATED, Stops, stoppable

# No pydantic plugin is used, and looking for plugins would read every installed package's metadata.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

SUMMARY = """Condense multimodal heterogeneous graphs, and measure how well the small one replaces the whole.

  prepare     your files -> a whole graph, in one HDF5 file
  condense    a whole graph -> a small one, in one HDF5 file
  inspect     show what is in such a file
  import      another tool's condensed graph -> such a file
  evaluate    train models on small and whole graphs, test them on the whole
  search      search architectures on a condensed graph, and verify that its ranking holds
  report      write results as one HTML page, with tables and figures beside it
  reproduce   train models on whole graphs as their papers do, and compare the figures
  completion  print a completion script for bash, zsh or fish

python cli.py condense --dataset amazon1 --ratio 0.01
python cli.py inspect runs/amazon1-srgm-0.01-seed0.h5
python cli.py evaluate --condensed runs/amazon1-srgm-0.01-seed0.h5 --models mlp sgc
python cli.py search --condensed runs/amazon1-srgm-0.01-seed0.h5 --out runs/search
python cli.py report runs/evaluate --out runs/report.html
python cli.py COMMAND --help shows the options of a command."""

FILES = {"import": "import_"}  # A Python keyword cannot name a module.
COMMANDS = {
    name: f"commands.{FILES.get(name, name)}"
    for name in (
        "prepare",
        "condense",
        "inspect",
        "import",
        "evaluate",
        "search",
        "report",
        "reproduce",
        "completion",
    )
}
"""A command's name -> its module, whose `run` takes the words after the name and returns the exit status."""

COMPLETE = "__complete"
"""Hidden command: shells use it to ask what may follow the words typed so far; see `completion`."""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status; see `commands.terminal.MEANING`."""
    with stoppable() as stops:
        try:
            status = _guarded(sys.argv[1:] if argv is None else argv, stops)
        except KeyboardInterrupt:
            word = "Terminated" if stops.terminated else "Interrupted"
            sys.stderr.write(f"{word}; nothing was written.\n")
            status = INTERRUPTED
        return TERMINATED if stops.terminated and status == INTERRUPTED else status


def _guarded(argv: list[str], stops: Stops) -> int:
    """Run one command; its errors become messages and exit statuses."""
    from commands.terminal import BROKEN, OK, WRONG, errors
    from condense.errors import UserError
    from models.choices import UnknownChoiceError

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except (UserError, UnknownChoiceError) as error:
        errors.print(f"error: {error}", markup=False)
        return WRONG
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed it; Python must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception:
        if stops.arrived and "KeyboardInterrupt" in traceback.format_exc():
            # Some extensions, such as pydantic's, raise an error of their own in its place.
            raise KeyboardInterrupt from None
        traceback.print_exc()
        errors.print(
            "error: this is a defect of the program, not of your input. Please report it where you got the "
            f"program from, with the lines above and the command: cli.py {' '.join(argv)}",
            markup=False,
        )
        return BROKEN


def _run(argv: list[str]) -> int:
    """Print the summary, print candidates for a shell, or run a command."""
    from commands.terminal import MEANING, OK, WRONG, console
    from models.choices import choose

    if not argv or argv[0] in ("-h", "--help"):
        statuses = "\n".join(f"  {status:>3}  {meaning}" for status, meaning in MEANING.items())
        console.print(f"{SUMMARY}\n\nexit status:\n{statuses}", markup=False)
        return OK if argv else WRONG
    if argv[0] == COMPLETE:
        return _complete(argv[1:])
    return importlib.import_module(choose(COMMANDS, argv[0], "command")).run(argv[1:])


def _complete(words: list[str]) -> int:
    """Print what may replace the last word, one candidate per line."""
    from commands.candidates import candidates
    from commands.terminal import OK, console

    for word in candidates(COMMANDS, words[words[:1] == ["--"] :]):
        console.print(word, markup=False)
    return OK


if __name__ == "__main__":
    sys.exit(main())
