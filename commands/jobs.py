"""`--jobs`, `--threads` and `--address`: how many trainings run at a time, and where."""

from __future__ import annotations

import contextlib
import os

from commands.terminal import errors


def check_jobs(jobs: int | None, threads: int | None) -> None:
    """Check that both numbers are at least 1.

    Raises:
        UserError: a number is less than 1.
    """
    from condense.errors import UserError

    for name, value in (("jobs", jobs), ("threads", threads)):
        if value is not None and value < 1:
            raise UserError(
                f"{name} (got {value}) must be at least 1; leave it out for the default"
            )


def connect_ray(
    jobs: int | None, threads: int | None, address: str | None, stack: contextlib.ExitStack
) -> tuple[int, int]:
    """Connect to Ray until `stack` is left, and print how much of it is used.

    Args:
        jobs: number of jobs at a time; None for as many as fit.
        threads: threads of each job; None for 1.
        address: address of a cluster to join; None starts one on this machine.
        stack: closes the connection when it is left.

    Returns:
        The number of jobs at a time, and the threads of each.

    Raises:
        UserError: there is no such cluster, or `threads` exceeds its CPUs.
    """
    from condense.errors import UserError
    from evaluate.distributed.connect import connect

    each = threads or 1
    own = None if address is not None or jobs is None else jobs * each
    with errors.status("connecting to Ray …"):
        cpus = stack.enter_context(connect(address, own, each))
    if each > cpus:
        raise UserError(f"threads (got {each}) must be at most Ray's {cpus} CPUs; lower --threads")
    count = min(jobs or cpus, cpus // each)
    errors.print(f"Ray: {count} jobs at a time, {each} threads each.")
    return count, each


def cores() -> int:
    """The number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
