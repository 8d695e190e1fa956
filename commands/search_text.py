"""A verification's figures as `search` prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluate.search.ranking_quality import Verification


def as_text(found: Verification, condense_seconds: float) -> str:
    """The verification's figures, and what they are of."""
    from evaluate.results.table import aligned

    top = next(iter(found.sides.values())).top
    grid = [
        ("ranked by", "nodes", "epochs", "τ", "95 %", "ρ", "95 %", "regret", f"of top {top}", "s each",
         "speed-up", f"with top {top}", "of training")
    ]  # fmt: skip
    for name, one in found.sides.items():
        tau, rho = one.kendall, one.spearman
        grid.append((
            name, str(one.nodes), str(one.epochs),
            f"{tau.value:.2f}", f"{tau.low:.2f} … {tau.high:.2f}",
            f"{rho.value:.2f}", f"{rho.low:.2f} … {rho.high:.2f}",
            f"{one.regret:+.2f}", f"{one.regret_top:+.2f}", f"{one.seconds:.2f}",
            f"{one.speed_up:.1f}", f"{one.speed_up_top:.1f}", f"{one.speed_up_training:.1f}",
        ))  # fmt: skip
    val, test = found.spread, found.spread_test
    whole = f"{found.whole_seconds:.2f} s each"
    if found.measured < found.architectures:
        whole += (
            f", measured on {found.measured} of {found.architectures} and extrapolated from their families; "
            f"ranks and regret are over these {found.measured}"
        )
    return (
        f"\n{found.architectures} architectures; whole graph: {whole}\n"
        f"whole validation micro-F1 {val.low:.1f} … {val.high:.1f} (sd {val.sd:.1f}), "
        f"test {test.low:.1f} … {test.high:.1f} (sd {test.sd:.1f})\n"
        f"condensing took {condense_seconds:.1f} s; baselines may take {found.allowed:.2f} s each\n\n"
        f"{aligned(grid, left=1)}\n\n"
        "Seconds are of training and validation, condensing shared out in 'condensed'; regret is in points "
        "of test micro-F1."
    )
