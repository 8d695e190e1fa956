"""Encodes contents on a cluster, and keeps what comes back where a run in one process keeps it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from condense.encode.encoder import HISTOGRAM, Encoding, Into, UnreadableError
from condense.encode.kept import Kept
from condense.encode.kinds import Kind
from condense.encode.portions import Cluster, Job, Portion
from condense.encode.runs import check_finite
from condense.errors import UserError

SAMPLE = 16
"""Files that each machine is asked for before the first is encoded."""


def encode_elsewhere(
    kind: Kind,
    name: str,
    items: Sequence[Any],
    encoding: Encoding,
    cluster: Cluster,
    into: Into,
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """Write the features of items to a matrix; an item without any leaves its row zero.

    Returns the matrix, and the number of each item without features -> why.

    The encoder is loaded here first, so that what is wrong with it is said at once.

    Args:
        kind: of the contents.
        name: of the encoder.
        items: what contents are read from.
        encoding: where finished features are kept, and who is told of the progress.
        cluster: encodes them.
        into: makes the matrix.

    Raises:
        UserError: the encoder cannot be loaded, a machine lacks files, or the cluster gave up.
        FileError: finished features cannot be kept.
    """
    encoder = kind.load(name, "cpu")
    kept = Kept(encoding.keep, encoder.identity, encoder.width)
    job = Job(
        kind,
        name,
        _check_folder(kind, name, cluster),
        encoder.identity,
        encoder.width,
        encoder.batch,
        encoder.weights,
        kept.keys(),
    )
    del encoder  # Its memory is free for the processes on this machine.
    _check_files(kind, items, cluster)
    x, place = into(job.width)
    failed: dict[int, str] = {}
    done = 0
    try:
        for machine, portion in cluster.run(job, items):
            failed |= _failures(kind, items, machine, portion)
            _take(portion, x, place, kept, failed)
            check_finite(portion.row, kind.what, name)
            kept.add(*_fresh(portion))
            done += len(portion.number)
            if encoding.on_encoded:
                encoding.on_encoded(kind.what, done, len(items))
    finally:
        kept.close()
    if done != len(items):
        raise RuntimeError(f"{done} of {len(items)} items came back from the cluster")
    return x, dict(sorted(failed.items()))


def _check_folder(kind: Kind, name: str, cluster: Cluster) -> str:
    """The encoder as all machines can load it: a model's folder in full, or the name as it is.

    Raises:
        UserError: a machine does not see the same folder.
    """
    folder = Path(name).expanduser()
    if name == HISTOGRAM or not folder.is_dir():
        return name
    whole = folder.absolute()
    unseen = cluster.unseen([file for file in sorted(whole.rglob("*")) if _of_model(file, whole)])
    if unseen is not None:
        path, machine = unseen
        raise UserError(
            f"{kind.what} encoder (got {name}) is not the same folder on {machine}, where {path} is missing "
            "or has another size; give a folder that all machines of the cluster share, or a name on the hub"
        )
    return str(whole)


def _of_model(file: Path, folder: Path) -> bool:
    """Whether a path is a file of a model in `folder`; what is in hidden folders, as .git, is not."""
    inside = file.relative_to(folder).parent.parts
    return file.is_file() and not any(part.startswith(".") for part in inside)


def _check_files(kind: Kind, items: Sequence[Any], cluster: Cluster) -> None:
    """Raise where a machine lacks some of the files that are there, of those looked at."""
    step = max(1, len(items) // SAMPLE)
    files = [file for item in items[::step][:SAMPLE] if (file := kind.file(item)) is not None]
    seen = [file.absolute() for file in files if os.path.isfile(file)]
    unseen = cluster.unseen(seen) if seen else None
    if unseen is not None:
        raise _not_shared(kind, *unseen)


def _not_shared(kind: Kind, path: Path, machine: str) -> UserError:
    return UserError(
        f"{kind.what} (got {path}) is there where the command runs, but cannot be read on {machine}; keep "
        f"the {kind.what}s in a folder that all machines of the cluster share, under the same path"
    )


def _failures(kind: Kind, items: Sequence[Any], machine: str, portion: Portion) -> dict[int, str]:
    """The number of each item of a portion without features -> why.

    Raises:
        UserError: a file that can be read here cannot be read there.
    """
    found = {}
    for place in np.flatnonzero(portion.failure != ""):
        number = int(portion.number[place])
        if not portion.key[place].any():
            try:
                kind.content(items[number])
            except UnreadableError as error:
                found[number] = str(error)
            else:
                raise _not_shared(kind, Path(items[number]), machine)
        else:
            found[number] = str(portion.failure[place])
    return found


def _take(
    portion: Portion,
    x: NDArray[np.float32],
    place: NDArray[np.int64],
    kept: Kept,
    failed: dict[int, str],
) -> None:
    """Write a portion's rows to `x`, those that are kept among them."""
    x[place[portion.number]] = portion.row
    for row in np.flatnonzero(~portion.fresh):
        if (number := int(portion.number[row])) not in failed:
            x[place[number]] = kept[portion.key[row].tobytes()]


def _fresh(portion: Portion) -> tuple[list[bytes], NDArray[np.float32]]:
    """The keys and the rows that this run encoded."""
    keys = [key.tobytes() for key in portion.key[portion.fresh]]
    return keys, portion.row[portion.fresh]
