"""The figures of a verification as `search` prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluate.search.ranking_quality import Verification


def as_text(verification: Verification, condense_seconds: float) -> str:
    """A table of the verification's figures, with notes on what they measure."""
    from evaluate.results.table import aligned

    top = next(iter(verification.sides.values())).top
    grid = [
        ("ranked by", "nodes", "epochs", "τ", "95 %", "ρ", "95 %", "regret", f"of top {top}", "s each",
         "speed-up", f"with top {top}", "of training")
    ]  # fmt: skip
    for name, quality in verification.sides.items():
        tau, rho = quality.kendall, quality.spearman
        grid.append((
            name, str(quality.nodes), str(quality.epochs),
            f"{tau.value:.2f}", f"{tau.low:.2f} … {tau.high:.2f}",
            f"{rho.value:.2f}", f"{rho.low:.2f} … {rho.high:.2f}",
            f"{quality.regret:+.2f}", f"{quality.regret_top:+.2f}", f"{quality.seconds:.2f}",
            f"{quality.speed_up:.1f}", f"{quality.speed_up_top:.1f}", f"{quality.speed_up_training:.1f}",
        ))  # fmt: skip
    val, test = verification.spread, verification.spread_test
    whole = f"{verification.whole_seconds:.2f} s each"
    if verification.measured < verification.architectures:
        measured = verification.measured
        whole += (
            f", measured on {measured} of {verification.architectures} and extrapolated from their "
            f"families; ranks and regret are over these {measured}"
        )
    return (
        f"\n{verification.architectures} architectures; whole graph: {whole}\n"
        f"whole validation micro-F1 {val.low:.1f} … {val.high:.1f} (sd {val.sd:.1f}), "
        f"test {test.low:.1f} … {test.high:.1f} (sd {test.sd:.1f})\n"
        f"condensing took {condense_seconds:.1f} s; baselines may take {verification.allowed:.2f} s each\n\n"
        f"{aligned(grid, left=1)}\n\n"
        "Seconds count training and validation, and in 'condensed' a share of condensing; regret is in "
        "points of test micro-F1."
    )
