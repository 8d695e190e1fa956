"""Measure what is missing of the comparison of all condensers, then print its tables.

    python -m benchmarks.field --data-root DATA_ROOT [--sets cora …] [--methods …] [--models …] [--seeds 1]
    python -m benchmarks.field --print

The same command resumes an interrupted run. After a change of a method, delete its rows in
benchmarks/rows/equal_bytes, in left_out.csv there too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.equal_bytes.comparison import Comparison, check_methods
from benchmarks.equal_bytes.graphs import Graphs
from benchmarks.equal_bytes.measure import measure
from benchmarks.field.standing import METHODS, MODELS, SHARES, in_rows, models_of, standings
from benchmarks.field.tables import kept_table, record_table, scores_table, seconds_table
from condense.errors import UserError
from evaluate.results.rows import WHOLE
from models.choices import UnknownChoiceError


def main() -> None:
    """Measure the missing rows, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--graphs", type=Path, default=Path("runs/equal_bytes"))
    parser.add_argument("--sets", nargs="+", default=list(SHARES), choices=list(SHARES))
    parser.add_argument("--methods", nargs="+", default=[WHOLE, *METHODS])
    parser.add_argument("--models", nargs="+", choices=MODELS, help="default: four")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    try:
        check_methods(arguments.methods)
    except (UserError, UnknownChoiceError) as error:
        parser.error(str(error))
    for dataset in arguments.sets if not arguments.print else ():
        graphs = Graphs(Comparison(dataset, SHARES[dataset], usual=True), arguments.graphs)
        models = arguments.models or models_of(dataset)
        methods = [in_rows(dataset, method) for method in arguments.methods]
        try:
            measure(graphs, arguments.data_root, methods, models, arguments.seeds)
        except UserError as error:
            parser.error(str(error))
    known = standings()
    for dataset in arguments.sets:
        print(
            f"\n{dataset} at {SHARES[dataset]:.1%} of its bytes\n\n{scores_table(known, dataset)}"
        )
    print(f"\n{kept_table(known)}\n\n{record_table(known)}\n\n{seconds_table(known)}")


if __name__ == "__main__":
    main()
