"""What `condense` prints while and after it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from commands.terminal import errors
from condense.data.shown import shown

if TYPE_CHECKING:
    from condense.budget import Budget
    from condense.data.condensed import CondensedGraph
    from condense.running.steps import OnStep, Step
    from condense.running.tensorboard import TensorBoard
    from condense.running.timing import OnStage


@contextlib.contextmanager
def watched(title: str, board: TensorBoard | None) -> Iterator[tuple[OnStep, OnStage]]:
    """The callbacks for steps and stages: they show progress and, if `board` is given, draw its curves."""
    from condense.running.progress import Progress

    with contextlib.ExitStack() as stack:
        watchers = [] if board is None else [stack.enter_context(board)]
        progress = stack.enter_context(Progress(errors, title))

        def on_step(step: Step) -> None:
            for watcher in (progress, *watchers):
                watcher.on_step(step)

        yield on_step, progress.on_stage


def announce(say: Console, title: str, target: str, method: str, budget: Budget) -> None:
    """Print what is to be condensed, and the budget."""
    classified = shown(target)
    say.print(
        f"[bold]{escape(title)}[/], {budget.setting}: {method}, "
        f"{budget.nodes[target]} {escape(classified)} nodes"
    )
    say.print(
        f"  {budget.ratio:.3%} of all {classified} nodes, {budget.ratio_train:.3%} of the training nodes; "
        f"classes {', '.join(map(str, budget.classes))}",
        markup=False,
    )
    others = [f"{n} {shown(t)}" for t, n in budget.nodes.items() if t != target]
    edges = [f"{n} {shown(r[1])}" for r, n in budget.edges.items()]
    say.print(f"  {', '.join([*others, 'edges at most ' + ', '.join(edges)])}", markup=False)
    for notice in budget.notices:
        say.print(f"  [yellow]note:[/] {escape(notice)}")


def warn(say: Console, warnings: Sequence[str]) -> None:
    """Print warnings, whose text is never read as markup."""
    for warning in warnings:
        say.print(f"  [yellow]warning:[/] {escape(warning)}")


def show_cost(say: Console, out: Path, condensed: CondensedGraph) -> None:
    """Print what each stage cost, warnings about the graph, and where it is."""
    from condense.inspecting.describe import warnings

    for stage in condensed.provenance.stages:
        say.print(
            f"  {stage['name']:<10} {stage['seconds']:7.1f} s, peak {stage['peak_bytes'] / 2**20:,.0f} MiB"
        )
    warn(say, warnings(condensed))
    where = f"[bold]{escape(str(out))}[/]"
    if condensed.provenance.complete:
        say.print(f"Written to {where} in {condensed.provenance.condense_seconds:.1f} s.")
    else:
        say.print(f"Interrupted: the best graph so far is in {where}; --resume continues.")
