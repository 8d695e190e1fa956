"""What decoupling and damping are worth where images contradict the text.

    python -m benchmarks.mixing --data-root DATA_ROOT [--shares 0 0.2 0.4 0.6 0.8] [--seeds 3]
    python -m benchmarks.mixing --print

Run it from the project's root. A share of the nodes exchange their images; the nodes of a smaller share are
among those of a larger one. benchmarks/ablation.py says what is measured, and on which nodes. The rows are
its rows: benchmarks/rows/ablation/SET-mixedSHARE.csv, or SET.csv for a share of 0. Missing rows are
measured, then all rows with a seed below `--seeds` are printed and drawn.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from benchmarks.ablation import (
    MODELS_COMPARED,
    PLAIN,
    complete_scores,
    deviation,
    measure,
    rows_file,
)
from benchmarks.convergence import VARIANTS as PARTS
from evaluate.results.paired import PairedDifference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VARIANTS = {**PARTS, "srgm:epochs=0": "start, without a step"}
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)
# Okabe and Ito's colours, which suit colour-blind readers; markers repeat the distinction.
STYLES = dict(
    zip(
        VARIANTS,
        (("#000000", "o"), ("#0072B2", "s"), ("#E69F00", "^"), ("#009E73", "D"), ("#CC79A7", "v")),
        strict=True,
    )
)
OFFSET = 1.4
"""Distance between the intervals of one share [%], so that they do not hide each other."""


@dataclass(frozen=True)
class Point:
    """A variant's scores at a share.

    Attributes:
        variant: in `VARIANTS`.
        share: of the nodes with an image, those that have another node's image.
        seeds: how many.
        mean: micro-F1 on the hidden half [%], over models and seeds.
        deviation: standard deviation over seeds of the mean over models.
        over_plain: difference of that mean from `PLAIN`'s, paired by seed; None for `PLAIN` itself, or if it
            has no rows.
    """

    variant: str
    share: float
    seeds: int
    mean: float
    deviation: float
    over_plain: PairedDifference | None


def points_of(share: float, file: Path, seeds: int) -> list[Point]:
    """Scores at a share, over those of the first `seeds` seeds that every variant in the file has."""
    means = {
        variant: [statistics.fmean(of[s]) for s in of if s < seeds]
        for variant, of in complete_scores(file, tuple(VARIANTS)).items()
    }
    plain = means.get(PLAIN)
    return [
        Point(
            variant,
            share,
            len(of),
            statistics.fmean(of),
            deviation(of),
            PairedDifference.of(of, plain) if plain and variant != PLAIN else None,
        )
        for variant, of in means.items()
        if of
    ]


def table(points: Sequence[Point]) -> str:
    """One line for each share and variant."""
    width = max(map(len, VARIANTS.values()))
    lines = [f"{'mixed':>5}  {'':{width}}  {'micro-F1':>11}  over '{VARIANTS[PLAIN]}'"]
    last_share = None
    for p in points:
        share = f"{p.share:5.0%}" if p.share != last_share else ""
        difference = f"  {p.over_plain}" if p.over_plain else ""
        scores = f"{p.mean:5.2f} ± {p.deviation:3.2f}"
        lines.append(f"{share:5}  {VARIANTS[p.variant]:{width}}  {scores:>11}{difference}".rstrip())
        last_share = p.share
    return "\n".join(lines)


def draw(points: Sequence[Point], file: Path) -> None:
    """Plot scores with deviations, and differences from `PLAIN` with intervals, against the share."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    scores, differences = figure.subplots(1, 2)
    shown = [v for v in VARIANTS if any(p.variant == v for p in points)]
    for rank, variant in enumerate(shown):
        of = [p for p in points if p.variant == variant]
        _curves(scores, differences, of, OFFSET * (rank - len(shown) / 2))
    differences.axhline(0, color=STYLES[PLAIN][0], linewidth=0.8)
    models = ", ".join(m.upper() for m in MODELS_COMPARED)
    scores.set_title(f"mean of {models} ± deviation over seeds", fontsize=9)
    scores.set_ylabel("micro-F1 on hidden validation nodes [%]")
    differences.set_title("paired by seed, with 95 % intervals", fontsize=9)
    differences.set_ylabel(f"difference from '{VARIANTS[PLAIN]}' [points]")
    for panel in (scores, differences):
        panel.set(xlabel="nodes that have another node's image [%]")
        panel.set_xticks(sorted({100 * p.share for p in points}))
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="y", alpha=0.25)
    figure.legend(loc="outside lower center", ncols=len(shown), frameon=False, fontsize=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Without a date and random ids, so that the same points give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "mixing"}):
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _curves(scores: Axes, differences: Axes, of: Sequence[Point], offset: float) -> None:
    """Draw one variant in both panels."""
    colour, marker = STYLES[of[0].variant]
    style = {"color": colour, "marker": marker, "markersize": 4, "linewidth": 1, "capsize": 2}
    scores.errorbar(
        [100 * p.share for p in of],  # Without offset: it would make a falling line look lower.
        [p.mean for p in of],
        [p.deviation for p in of],
        label=VARIANTS[of[0].variant],
        **style,
    )
    paired = [(100 * p.share + offset, p.over_plain) for p in of if p.over_plain]
    if paired:
        # A single pair has no interval, so its point has no bar.
        halves = [d.half if math.isfinite(d.half) else math.nan for _, d in paired]
        differences.errorbar([x for x, _ in paired], [d.mean for _, d in paired], halves, **style)


def main() -> int:
    """Measure the missing rows, then print and draw."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--set", default="imdb", choices=["imdb", "amazon1"])
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES, metavar="SHARE")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=Path, default=here / "rows" / "ablation")
    parser.add_argument("--figure", type=Path, default=here.parent / "docs/figures/mixing.svg")
    parser.add_argument("--print", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    shares = sorted(set(arguments.shares))
    if not 0 <= shares[0] <= shares[-1] <= 1:
        parser.error(f"--shares (got {arguments.shares}) must lie in [0, 1]")
    torch.set_num_threads(1)
    points: list[Point] = []
    for share in shares:
        file = rows_file(arguments.rows, arguments.set, share)
        if not arguments.print:
            measure(
                arguments.set, tuple(VARIANTS), arguments.seeds, share, arguments.data_root, file
            )
        points += points_of(share, file, arguments.seeds)
    if not points:
        parser.error(f"--rows (got {arguments.rows}) holds no complete seed; run without --print")
    print(f"\n{arguments.set}, seeds 0 to {arguments.seeds - 1}\n\n{table(points)}")
    draw(points, arguments.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
