"""`evaluate` for whole graphs that do not fit in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from commands.terminal import errors

if TYPE_CHECKING:
    from commands.evaluate import EvaluateArguments
    from evaluate.grid.on_disk import OnDisk
    from evaluate.grid.training_graphs import ComparedGraphs

ON_DISK = "on-disk"
"""The folder of what is sorted and propagated, in that of the results."""


def as_on_disk(
    args: EvaluateArguments,
    models: Sequence[str],
    stack: contextlib.ExitStack,
    update: Callable[[str], None],
) -> OnDisk:
    """How whole graphs that do not fit are evaluated, as the command's options say.

    Args:
        args: the options.
        models: to be evaluated.
        stack: holds the lock on the folder of what is on disk, once there is any.
        update: shows what is done at the moment.

    Raises:
        UserError: an option breaks a rule.
    """
    from condense.out_of_core.room import free_bound, parse_memory
    from evaluate.grid.on_disk import OnDisk
    from evaluate.training.on_disk.settings import Sampling

    sampling = Sampling(
        args.test_nodes, args.val_nodes, args.batch_size, args.steps_per_epoch, tuple(args.fan_out)
    )
    sampling.check()

    elsewhere = ""
    if args.address is not None or (args.jobs or 1) > 1:
        elsewhere = f"address (got {args.address})" if args.address else f"jobs (got {args.jobs})"
    return OnDisk(
        memory=parse_memory(args.memory) if args.memory else free_bound(),
        strict=args.memory is not None,
        work=args.work or args.out / ON_DISK,
        sampling=sampling,
        models=models,
        stack=stack,
        only_in_memory=elsewhere,
        say=lambda text: errors.print(f"{text}.", markup=False),
        on_stage=lambda name: update(f"{name} …"),
    )


def announce(args: EvaluateArguments, all_compared: Sequence[ComparedGraphs]) -> None:
    """Print warnings about whole graphs in memory, and where parts of those on disk are kept."""
    from condense.data.advice import advice
    from evaluate.training.on_disk.task import StoredTask

    stored = [c.task for c in all_compared if isinstance(c.task, StoredTask)]
    for compared in all_compared:
        if not isinstance(compared.task, StoredTask):
            for warning in advice(compared.task.raw):
                errors.print(f"warning: {warning}", markup=False)
    for task in stored:
        errors.print(
            f"Its sorted edges and propagated features are kept in {task.whole.workspace.folder} for further "
            "runs; delete the folder when you need them no more.",
            markup=False,
        )
    if not stored and (args.work or args.batch_size):
        errors.print(
            "note: --work and --batch-size are not used: all whole graphs fit in memory; --memory lowers the "
            "bound"
        )
