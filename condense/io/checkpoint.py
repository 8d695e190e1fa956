"""Checkpoint files: a record and named tensors with a checksum, written atomically, without pickle.

/                   attributes: format, version, arrays (their names, in order), checksum
/record             JSON text
/arrays/<name>      one dataset per tensor
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
from torch import Tensor

from condense.data.fingerprint import Digest
from condense.data.plain_json import parsed, spell, unspell
from condense.io.arrays import read_array, write_array
from condense.io.damage import damaged
from condense.io.members import check_format, opened
from condense.io.replace import replacing
from condense.io.schema import CHECKSUM, LIBVER, fixed_strings
from condense.io.seal import SIZE, seal

FORMAT = "multimodal-graph-checkpoint"
VERSION = 2


def save_checkpoint(
    path: str | os.PathLike[str], record: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Write a checkpoint to `path`; an existing file is replaced once the new one is complete.

    Args:
        path: the HDF5 file; its folder must exist.
        record: plain JSON values; numbers may be NaN or infinite.
        tensors: dense, with at least one dimension; a "/" in a name creates a group.

    Raises:
        FileError: the file cannot be written; an existing file at `path` is left untouched.
    """
    text, names = json.dumps(spell(record), allow_nan=False), list(tensors)
    with replacing(path) as sink:
        with h5py.File(sink, "w", libver=LIBVER, userblock_size=SIZE) as file:
            file.attrs["format"], file.attrs["version"] = fixed_strings(FORMAT), VERSION
            file.attrs["arrays"] = fixed_strings(names)
            file.create_dataset("record", data=fixed_strings(text))
            digest = _begin(names, text)
            group = file.create_group("arrays")
            for name, tensor in tensors.items():
                # Compressing would take longer than writing, and checkpoints are short-lived.
                write_array(group, name, tensor, digest, sink, packed=False)
            file.attrs[CHECKSUM] = fixed_strings(digest.hexdigest())
            file.flush()
        seal(sink)


def load_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The record and the tensors of the checkpoint at `path`.

    Raises:
        FileError: the file is missing, damaged, not a checkpoint, or of another version.
    """
    with opened(path) as file:
        check_format(file, FORMAT, (VERSION,), "checkpoint")
        names = file.root.strings("arrays")
        text = file.root.text("record")
        arrays = {name: file.root.array("arrays", *name.split("/")) for name in names}
        for array in arrays.values():
            file.check(array)
        digest = _begin(names, text)
        tensors = {name: read_array(file, array, name, digest) for name, array in arrays.items()}
        if file.root.attribute(CHECKSUM, str) != digest.hexdigest():
            raise damaged("its contents do not match its checksum")
        return unspell(parsed(text)), tensors


def _begin(names: list[str], text: str) -> Digest:
    """A digest that holds the first record; the arrays follow."""
    digest = Digest()
    digest.record([FORMAT, VERSION, names, text])
    return digest
