"""A connection to Ray: a new cluster on this machine, or an existing one."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from condense.errors import UserError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What the libraries beneath PyTorch, NumPy and scikit-learn read as they are loaded."""


@contextmanager
def connect(address: str | None = None, cpus: int | None = None, threads: int = 1) -> Iterator[int]:
    """Inside, tasks can be given to Ray; yields how many CPUs it has.

    Without an address a Ray of this machine is started, without a dashboard and without usage statistics, and
    stopped at the end; it listens at 127.0.0.1 alone, out of reach of other machines. A cluster that is
    joined keeps running. If this process is already connected, that connection is used and kept. Worker
    processes see the same code as this one, if it lies at the same place there (or is installed), and start
    with libraries bound to `threads` threads, so that a task of as many CPUs (`num_cpus=threads`) does not
    take those of others.

    Args:
        address: HOST:PORT of a cluster to join, or "auto" for the one that runs on this machine.
        cpus: of the Ray that is started; by default all of this machine's. A cluster has its own.
        threads: of each worker process.

    Raises:
        UserError: fewer than one CPU or thread, CPUs for a cluster that has its own, no cluster at `address`
            or one of another version, or an address of Ray Client.
    """
    _check(address, cpus, threads)
    if address is not None:
        _knock(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Read as Ray is imported.
    import ray

    if ray.is_initialized():
        yield _cpus()
        return
    quiet: dict[str, Any] = {
        "logging_level": logging.ERROR,
        "log_to_driver": False,
        "runtime_env": {"env_vars": _environment(threads)},
    }
    terminated = signal.getsignal(signal.SIGTERM)
    if address is None:
        # "local": never a cluster that happens to run here or that the environment names.
        with _loopback() as ip:
            ray.init(
                address="local",
                num_cpus=cpus,
                include_dashboard=False,
                _node_ip_address=ip,
                **quiet,
            )
    else:
        try:
            ray.init(address=address, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise _no_cluster(address, reason) from None
    if threading.current_thread() is threading.main_thread():
        # Ray's own handler would end this process at once; with ours, results are kept and Ray is stopped.
        signal.signal(signal.SIGTERM, terminated)
    try:
        yield _cpus()
    finally:
        ray.shutdown()


@contextmanager
def _loopback() -> Iterator[str]:
    """Inside, a Ray that is started listens at the address that it yields, this machine's own, alone.

    Ray replaces the address by one that other machines reach, unless it is told that there are none, as it
    assumes on Windows and macOS.
    """
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield "127.0.0.1"
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _check(address: str | None, cpus: int | None, threads: int) -> None:
    for name, value in (("cpus", cpus), ("threads", threads)):
        if value is not None and value < 1:
            raise UserError(
                f"{name} (got {value}) must be at least 1; leave it out for the default"
            )
    if address is not None and cpus is not None:
        raise UserError(
            f"cpus (got {cpus}) cannot be chosen for a cluster that is joined; leave one of the two out"
        )
    if address is not None and address.startswith("ray://"):
        raise UserError(
            f"address (got {address!r}) is Ray Client's, which is not supported; give the command on a "
            "machine of the cluster, with --address auto"
        )


def _knock(address: str) -> None:
    """Raise at once if nobody listens at HOST:PORT; Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, OverflowError) as error:
            raise _no_cluster(address, str(error)) from None


def _no_cluster(address: str, reason: str) -> UserError:
    return UserError(
        f"address (got {address!r}) is not that of a Ray cluster which can be joined ({reason}); "
        "start one with: ray start --head, or leave the address out"
    )


def _environment(threads: int) -> dict[str, str]:
    """Variables of worker processes: where our packages are, and how many threads a library may take."""
    ours = str(Path(__file__).resolve().parents[2])
    others = [os.path.abspath(p) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([ours, *others])),
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
    }


def _cpus() -> int:
    import ray

    return int(ray.cluster_resources().get("CPU", 1))
