"""What `prepare` shows while texts and images are encoded, and the files beside its output."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from commands.terminal import errors

if TYPE_CHECKING:
    from condense.encode.encoder import OnEncoded
    from condense.encode.portions import Cluster

UNREADABLE = ".unreadable.tsv"
LOG_SECONDS = 60.0
SOON = 3.0
"""Seconds after which the time left can be told."""


@contextlib.contextmanager
def encoding_progress(title: str) -> Iterator[OnEncoded]:
    """A callback that shows what is encoded, how far, and the time left.

    On a terminal it replaces `title` beside a spinner; elsewhere it prints a line every tenth or minute.
    """
    from condense.running.progress import LOG_LINES, span

    begun: dict[str, tuple[float, int]] = {}
    said: dict[str, tuple[float, int]] = {}
    with errors.status(title) as status:

        def on_encoded(what: str, done: int, total: int) -> None:
            now = time.monotonic()
            # The first batch is not counted: it may be of an earlier run, or warm the device up.
            first, already = begun.setdefault(what, (now, done))
            line = f"encoding {what}: {done:,} of {total:,}"
            if now - first > SOON and already < done < total:
                seconds = (now - first) / (done - already) * (total - done)
                line = f"{line}, about {span(seconds)} left"
            if errors.is_terminal:
                status.update(line if done < total else title)
                return
            told, tenth = said.get(what, (first, 0))
            if done < total and (
                now - told >= LOG_SECONDS
                or (now - first > SOON and done * LOG_LINES // total > tenth)
            ):
                said[what] = now, done * LOG_LINES // total
                errors.print(line, markup=False)

        yield on_encoded


@contextlib.contextmanager
def joined(address: str | None, device: str) -> Iterator[Cluster | None]:
    """The Ray cluster that encodes, until the block ends; None without an address.

    Args:
        address: of the cluster.
        device: where models run there: auto, cpu or cuda.

    Raises:
        UserError: there is no such cluster, or it lacks the device.
    """
    if address is None:
        yield None
        return
    # Ray's C++ code would report lost machines between our lines. It reads this as it connects.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    from evaluate.distributed.connect import connect

    with contextlib.ExitStack() as stack:
        with errors.status("connecting to Ray …"):
            with _no_stderr():
                cpus = stack.enter_context(connect(address))
            from evaluate.distributed.encoding import EncodingOnRay

            cluster = EncodingOnRay.on(cpus, device)
        room = f"{cluster.gpus} GPUs" if cluster.gpus else f"{cluster.cpus} CPUs"
        errors.print(f"Ray: {room}, of which each encodes in a process of its own.")
        yield cluster


@contextlib.contextmanager
def _no_stderr() -> Iterator[None]:
    """Inside, what this process writes to stderr is lost, also where it is not written by Python."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def clear(kept: Path) -> None:
    """Delete the folder of finished features, once their graph is written."""
    shutil.rmtree(kept, ignore_errors=True)


def list_unreadable(out: Path, unreadable: Mapping[Path, str]) -> Path | None:
    """Write which images are missing or cannot be read, a line each; None if there are none.

    A list of an earlier run goes.
    """
    path = out.with_name(out.name + UNREADABLE)
    path.unlink(missing_ok=True)
    if not unreadable:
        return None
    lines = [f"{json.dumps(str(p), ensure_ascii=False)}\t{why}\n" for p, why in unreadable.items()]
    path.write_text("image\treason\n" + "".join(lines), encoding="utf-8")
    return path
