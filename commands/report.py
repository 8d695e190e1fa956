"""`report`: write results as one HTML page, with tables and figures beside it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro
from rich.markup import escape

from commands.terminal import OK, console, errors, parse

EXAMPLES = """
  python cli.py report runs/evaluate --out runs/report.html
  python cli.py report runs/grid runs/search runs/imdb-srgm-0.01-seed0.h5 --data-root data
"""


@dataclasses.dataclass(frozen=True)
class ReportArguments:
    """Write results as one HTML file, with its tables (CSV, Markdown) and figures (PNG, SVG) beside it.

    Attributes:
        runs: folders that evaluate or search wrote (--out), results.csv files, condensed graphs (.h5).
            Each data set gets its own section.
        out: HTML file to write; tables and figures go to the folder FILE_files beside it.
        data_root: folder that holds the data sets' files; without those of the whole graph, the report notes
            that its features and classes are missing.
        whole: file of the whole graph, if it is your own file and has moved.
    """

    runs: Annotated[list[Path], tyro.conf.Positional] = dataclasses.field(default_factory=list)
    out: Path = Path("runs/report.html")
    data_root: Path = Path("data")
    whole: Path | None = None


def run(argv: list[str]) -> int:
    """`report`: see `ReportArguments`."""
    args = parse(ReportArguments, argv, "report", EXAMPLES)
    from condense.io.lock import held
    from evaluate.report.write import write_report

    with errors.status("reading and drawing …"), held(args.out):
        written = write_report(args.runs, args.out, args.data_root, args.whole)
    for note in written.notes:
        console.print(f"note: {note}", markup=False)
    console.print(
        f"Written to [bold]{escape(str(written.page))}[/]; {written.tables} tables (CSV, Markdown) and "
        f"{written.figures} figures (PNG, SVG) to [bold]{escape(str(written.folder))}[/]."
    )
    return OK
