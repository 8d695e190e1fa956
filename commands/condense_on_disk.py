"""`condense` for a graph in a file that does not fit in memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from commands.condense_text import announce, show_cost, watched
from condense.datasets.registry import FILE_ENDINGS
from condense.errors import FileError, UserError

if TYPE_CHECKING:
    from commands.condense import CondenseArguments
    from condense.budget import Budget
    from condense.data.condensed import CondensedGraph
    from condense.io.stored_graph import StoredGraph
    from condense.out_of_core.tasks import Tasks

MOST_TIMES = 40
"""A graph takes at most about so many times the size of its file, compressed, in memory."""


def condense_if_large(
    args: CondenseArguments, settings: Any, out: Path, say: Console
) -> tuple[CondensedGraph, Budget | None] | None:
    """Condense the graph from its file if it does not fit in memory, and write the result.

    Args:
        args: the command's options.
        settings: of the method.
        out: to be written.
        say: where notes are printed.

    Returns:
        The condensed graph and its budget, no budget if it was complete already; None for a graph that fits,
        or that is not in a file of ours: then the caller condenses it in memory.

    Raises:
        UserError: an option that only works in memory.
    """
    if not args.dataset.endswith(FILE_ENDINGS):
        for name in ("memory", "work", "address"):
            if getattr(args, name):
                say.print(
                    f"[yellow]note:[/] --{name} is not used: it is for a graph in a file (.h5), and "
                    f"{escape(args.dataset)} is loaded into memory"
                )
        return None
    from condense.io.stored_graph import open_stored
    from condense.out_of_core.fits import bytes_in_memory
    from condense.out_of_core.room import GIB, free_bound, parse_memory
    from condense.out_of_core.sizes import reads_paths
    from condense.out_of_core.workspace import bound_of, folder_beside

    work = args.work or folder_beside(out)
    begun = bound_of(work) if args.resume else None
    memory = begun or free_bound()
    if args.memory:
        memory = parse_memory(args.memory)
    elif not begun and _small(Path(args.dataset), memory):
        return None
    with contextlib.ExitStack() as stack:
        try:
            stored = stack.enter_context(open_stored(args.dataset))
        except FileError:
            if args.memory:
                raise
            return None  # Read into memory, where whatever is wrong with it is told.
        needed = bytes_in_memory(stored, *reads_paths(settings))
        takes = f"{needed / GIB:.1f} of {memory / GIB:.1f} GiB"
        if needed <= memory and not begun:
            if args.address:
                say.print(
                    f"[yellow]note:[/] --address is not used: the graph fits in memory ({takes}); --memory "
                    "lowers the bound"
                )
            return None
        obstacle = _obstacle(args)
        if obstacle and (args.memory or begun):
            raise UserError(f"{obstacle}, or give more --memory")
        if obstacle:
            say.print(
                f"[yellow]note:[/] the graph takes about {takes}, and is read into memory: {escape(obstacle)}"
            )
            return None
        say.print(
            f"[bold]{escape(args.dataset)}[/] would take about {takes} in memory: it is condensed on disk."
        )
        return _condense(args, settings, out, work, say, stored, memory)


def _small(path: Path, memory: int) -> bool:
    """Whether a file is so small that its graph fits in any case."""
    return path.exists() and path.stat().st_size * MOST_TIMES < memory


def _obstacle(args: CondenseArguments) -> str | None:
    """Why a graph on disk cannot be condensed as asked, and what to do; None if it can."""
    from condense.out_of_core.methods import METHODS

    if args.method not in METHODS:
        return f"method (got {args.method!r}) needs the graph in memory; take {', '.join(METHODS)}"
    if args.setting != "transductive":
        return f"setting (got {args.setting!r}) needs the graph in memory; take transductive"
    if args.modalities is not None:
        return f"modalities (got {args.modalities}) are chosen in memory; prepare a graph with these alone"
    if args.device not in ("auto", "cpu"):
        return f"device (got {args.device!r}): a graph on disk is condensed on the CPU; take cpu"
    return None


def _condense(
    args: CondenseArguments,
    settings: Any,
    out: Path,
    work: Path,
    say: Console,
    stored: StoredGraph,
    memory: int,
) -> tuple[CondensedGraph, Budget | None]:
    from condense.data.graph import display_name
    from condense.io import load_condensed, save
    from condense.out_of_core.run import condense_stored
    from condense.out_of_core.workspace import bound_of, discard
    from condense.run import DivergedError
    from condense.running.tensorboard import TensorBoard

    if args.resume and not work.exists() and _complete(args, settings, out, stored):
        say.print(f"Nothing to do: [bold]{escape(str(out))}[/] is complete.")
        return load_condensed(out), None
    if not args.resume:
        if args.work and bound_of(work):
            raise UserError(
                f"work (got {work}) holds what an interrupted run left; go on with --resume, or delete the "
                "folder"
            )
        discard(work)
    title, planned = display_name(stored.name, stored.source), []

    def on_plan(budget: Budget) -> None:
        planned.append(budget)
        announce(say, title, stored.target, args.method, budget)

    with contextlib.ExitStack() as stack:
        _lock(work, stack)
        tasks = _tasks(args.address, memory, stack)
        board = TensorBoard(args.tensorboard) if args.tensorboard else None
        on_step, on_stage = stack.enter_context(watched(f"{args.method} on {title}", board))
        try:
            condensed = condense_stored(
                stored,
                args.ratio,
                args.method,
                dataclasses.asdict(settings),
                work=work,
                memory=memory,
                tasks=tasks,
                ratio_base=args.ratio_base,
                edge_ratio=args.edge_ratio,
                seed=args.seed,
                bits=args.bits,
                dataset_settings={
                    "dataset": args.dataset,
                    "source": stored.source,
                    "modalities": args.modalities,
                },
                on_plan=on_plan,
                on_stage=on_stage,
                on_step=on_step,
            )
        except DivergedError as error:
            save(out, error.best)
            raise UserError(f"{error}. The best graph before is in {out}") from error
    _keep(say, out, condensed, lambda: discard(work))
    return condensed, planned[0]


def _lock(work: Path, stack: contextlib.ExitStack) -> None:
    """Keep other commands from the same folder."""
    from condense.io.lock import held

    try:
        stack.enter_context(held(work))
    except FileError:
        raise FileError(f"work (got {work}) cannot be written; choose another --work") from None


def _tasks(address: str | None, memory: int, stack: contextlib.ExitStack) -> Tasks | None:
    """Where blocks are worked on: on a Ray cluster, or, without an address, in this process."""
    if address is None:
        return None
    from evaluate.distributed.connect import connect
    from evaluate.distributed.pieces import PiecesOnRay

    return PiecesOnRay(stack.enter_context(connect(address)), memory=memory)


def _keep(say: Console, out: Path, condensed: CondensedGraph, clear: Callable[[], None]) -> None:
    """Write the graph, then clear what it was made from, and print what it cost."""
    from condense.io import save

    try:
        save(out, condensed)
    except FileError as error:
        raise FileError(f"{error}; then give the same command with --resume") from error
    clear()
    show_cost(say, out, condensed)


def _complete(args: CondenseArguments, settings: Any, out: Path, stored: StoredGraph) -> bool:
    """Whether `out` holds the result of the same command."""
    from condense.running.checkpoints import finished

    total = stored.num_nodes[stored.target]
    base = int(stored.train_mask.sum()) if args.ratio_base == "train" else total
    run = {
        "dataset": stored.name,
        "method": args.method,
        "settings": dataclasses.asdict(settings),
        "seed": args.seed,
        "ratio": max(1, round(args.ratio * base)) / total,
    }
    return finished(out, run) and finished(out, {**run, "dataset_hash": stored.verify()})
