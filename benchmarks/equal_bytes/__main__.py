"""Measure what is missing of the comparison at equal bytes, then print its tables.

    python -m benchmarks.equal_bytes --data-root DATA_ROOT [--sets amazon1 debian] [--shares 0.01]
        [--methods …] [--models …] [--seeds 5]
    python -m benchmarks.equal_bytes --print

The same command resumes an interrupted run, on another machine too: it trains what no row of this method,
model, setting and seed is kept of. After a change of a method, delete its rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.equal_bytes.comparison import METHODS, MODELS, SOURCES, Comparison, check_methods
from benchmarks.equal_bytes.graphs import Graphs
from benchmarks.equal_bytes.measure import measure
from benchmarks.equal_bytes.table import table
from condense.errors import UserError
from evaluate.results.rows import WHOLE
from models.choices import UnknownChoiceError


def main() -> None:
    """Measure the missing rows, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--graphs", type=Path, default=Path("runs/equal_bytes"))
    parser.add_argument("--sets", nargs="+", default=list(SOURCES), choices=list(SOURCES))
    parser.add_argument("--shares", nargs="+", type=float, default=[0.01])
    parser.add_argument("--methods", nargs="+", help="default: all, and whole")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    methods, models = arguments.methods or [*METHODS, WHOLE], arguments.models
    try:
        check_methods(methods)
    except (UserError, UnknownChoiceError) as error:
        parser.error(str(error))
    for dataset in arguments.sets:
        for share in arguments.shares:
            comparison = Comparison(dataset, share)
            if not arguments.print:
                graphs = Graphs(comparison, arguments.graphs)
                try:
                    measure(graphs, arguments.data_root, methods, models, arguments.seeds)
                except UserError as error:
                    parser.error(str(error))
            print(f"\n{dataset} at {share:.1%} of its bytes\n\n{table(comparison, models)}")


if __name__ == "__main__":
    main()
