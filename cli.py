"""Command line: condense a graph, look into a file, compare graphs, search models, reproduce papers.

A command's file is imported when it is called, and imports heavy packages when it has read its options, so
that help answers at once.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import traceback

from commands.terminal import BROKEN, INTERRUPTED, MEANING, OK, WRONG, console, errors
from condense.errors import UserError
from models.choices import UnknownChoiceError, choose

# Looking for plugins of pydantic, of which we use none, would read every installed package's metadata.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

SUMMARY = """Condense multimodal heterogeneous graphs, and measure what the small graph is worth.

  condense    a whole graph -> a small one, in one HDF5 file
  inspect     what is in such a file
  import      another tool's condensed graph -> such a file
  evaluate    train models on small and whole graphs, test them on the whole
  search      search architectures on a condensed graph, and verify that its ranking holds
  report      results as one HTML page, its tables and figures beside it
  reproduce   train models on whole graphs as their papers do, beside the papers' figures
  completion  a script with which bash, zsh or fish completes all this

python cli.py condense --dataset amazon1 --ratio 0.01
python cli.py inspect runs/amazon1-srgm-0.01-seed0.h5
python cli.py evaluate --condensed runs/amazon1-srgm-0.01-seed0.h5 --models mlp sgc
python cli.py search --condensed runs/amazon1-srgm-0.01-seed0.h5 --out runs/search
python cli.py report runs/evaluate --out runs/report.html
python cli.py COMMAND --help shows the options of a command."""

FILES = {"import": "import_"}  # A word of Python's is no name for a module.
COMMANDS = {
    name: f"commands.{FILES.get(name, name)}"
    for name in (
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
"""A command's name -> its file, in which `run` takes the words after the name and returns the exit status."""

COMPLETE = "__complete"
"""Not for people: shells ask with it what may follow the words typed so far, see `completion`."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `commands.terminal.MEANING`."""
    argv = sys.argv[1:] if argv is None else argv
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except (UserError, UnknownChoiceError) as error:
        errors.print(f"error: {error}", markup=False)
        return WRONG
    except KeyboardInterrupt:
        errors.print("Interrupted; nothing was written.")
        return INTERRUPTED
    except BrokenPipeError:
        # Who read the output, such as `head`, has seen enough; Python must not find out again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception:
        traceback.print_exc()
        errors.print(
            "error: this is a defect of the program, not of your input. Please report it where you got the "
            f"program from, with the lines above and the command: cli.py {' '.join(argv)}",
            markup=False,
        )
        return BROKEN


def _run(argv: list[str]) -> int:
    """Summary, candidates for a shell, or a command."""
    if not argv or argv[0] in ("-h", "--help"):
        statuses = "\n".join(f"  {status:>3}  {said}" for status, said in MEANING.items())
        console.print(f"{SUMMARY}\n\nexit status:\n{statuses}", markup=False)
        return OK if argv else WRONG
    if argv[0] == COMPLETE:
        return _complete(argv[1:])
    return importlib.import_module(choose(COMMANDS, argv[0], "command")).run(argv[1:])


def _complete(words: list[str]) -> int:
    """Say what may stand in place of the last word, one a line."""
    from commands.candidates import candidates

    for word in candidates(COMMANDS, words[words[:1] == ["--"] :]):
        console.print(word, markup=False)
    return OK


if __name__ == "__main__":
    sys.exit(main())
