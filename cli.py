"""Command line: condense a graph, look into a file, compare graphs, search models, reproduce papers.

A command's file is imported when it is called, and imports heavy packages when it has read its options, so
that help answers at once.
"""

from __future__ import annotations

import importlib
import logging
import sys

from commands.terminal import INTERRUPTED, OK, WRONG, console, errors

SUMMARY = """Condense multimodal heterogeneous graphs, and measure what the small graph is worth.

  condense   a whole graph -> a small one, in one HDF5 file
  inspect    what is in such a file
  import     another tool's condensed graph -> such a file
  evaluate   train models on small and whole graphs, test them on the whole
  search     search architectures on a condensed graph, and verify that its ranking holds
  report     results as one HTML page, its tables and figures beside it
  reproduce  train models on whole graphs as their papers do, beside the papers' figures

python cli.py condense --dataset amazon1 --ratio 0.01
python cli.py inspect runs/amazon1-srgm-0.01-seed0.h5
python cli.py evaluate --condensed runs/amazon1-srgm-0.01-seed0.h5 --models mlp sgc
python cli.py search --condensed runs/amazon1-srgm-0.01-seed0.h5 --out runs/search
python cli.py report runs/evaluate --out runs/report.html
python cli.py COMMAND --help shows the options of a command."""

COMMANDS = {
    name: f"commands.{name}"
    for name in ("condense", "inspect", "evaluate", "search", "report", "reproduce")
} | {"import": "commands.import_"}  # `import` is no name for a module.
"""A command's name -> its file, in which `run` takes the words after the name and returns the exit status."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 2 for the user's mistakes, 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else argv
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    if not argv or argv[0] in ("-h", "--help"):
        console.print(SUMMARY, markup=False)
        return OK if argv else WRONG
    from condense.errors import UserError
    from models.choices import UnknownChoiceError, choose

    try:
        return importlib.import_module(choose(COMMANDS, argv[0], "command")).run(argv[1:])
    except (UserError, UnknownChoiceError) as error:
        errors.print(f"error: {error}", markup=False)
        return WRONG
    except KeyboardInterrupt:
        errors.print("Interrupted; nothing was written.")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
