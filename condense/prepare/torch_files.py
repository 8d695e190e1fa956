"""Reads what `torch.save` wrote with `weights_only=True`, which runs no code of the file's."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from condense.datasets.arrays import check_range
from condense.errors import FileError
from condense.io.torch_archive import check_archive, check_storage

AGAIN = "save it again with torch.save"


def load_torch(
    path: Path,
    remedy: str,
    types: Sequence[type] = (),
    wanted: str = "tensors",
    mapped: bool = False,
) -> Any:
    """What a .pt file holds, on the CPU.

    Args:
        path: the file.
        remedy: how to save it again, for a file with other objects.
        types: which types it may hold besides tensors and plain containers.
        wanted: what they are, for messages.
        mapped: reads values when they are used, as long as the file is not changed.

    Raises:
        FileError: it is missing, damaged, or holds objects of other types.
    """
    if not path.is_file():
        raise FileError(
            f"{path} is no file; give one" if path.exists() else f"{path} is missing; put it there"
        )
    check_archive(path, AGAIN)
    try:
        with torch.serialization.safe_globals(list(types)):
            mapped = mapped and zipfile.is_zipfile(path)  # torch's older format cannot be mapped.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"holds objects of {found[1]}" if found else "is not a file of torch.save"
        raise FileError(
            f"{path} {what}; {wanted} alone are read, since other objects may run code. If you trust the "
            f"file, load it with torch.load(…, weights_only=False) and save {remedy} in its place"
        ) from None
    except Exception as error:  # A damaged file may raise anything in torch and zipfile.
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileError(f"{path} cannot be read ({said}); save it again") from None


def load_numbers(path: Path, mapped: bool = False) -> Tensor:
    """The tensor, or list of numbers, in a .pt file; `mapped` as for `load_torch`.

    Raises:
        FileError: it is missing or damaged, or holds anything else.
    """
    return as_numbers(load_torch(path, "torch.as_tensor(…) of its content", mapped=mapped), path)


def load_mapping(path: Path, keys: Mapping[str, Sequence[str]]) -> dict[str, Tensor]:
    """The tensors, or lists of numbers, that a dictionary in a .pt file has under `keys`.

    Args:
        path: the file.
        keys: key in the result -> how the file may spell it.

    Raises:
        FileError: it is missing or damaged, or lacks a key.
    """
    loaded = load_torch(path, "a dictionary of tensors")
    if not isinstance(loaded, dict):
        first = ", ".join(spellings[0] for spellings in keys.values())
        raise FileError(
            f"{path} (got {type(loaded).__name__}) must hold a dictionary with {first}; {AGAIN}"
        )
    found = {}
    for key, spellings in keys.items():
        spelt = next((spelling for spelling in spellings if spelling in loaded), None)
        if spelt is None:
            has = ", ".join(map(str, list(loaded)[:8])) or "nothing"
            raise FileError(f"{path} (got {has}) lacks {spellings[0]}; add it")
        found[key] = as_numbers(loaded[spelt], path, f"{spelt} of ")
    return found


def as_numbers(value: object, path: Path, part: str = "") -> Tensor:
    """`value`, read from `path`, as a dense tensor of at least one dimension."""
    if isinstance(value, Tensor) and value.layout == torch.strided and value.dim():
        check_storage(path, value, AGAIN)
        if not value.is_complex():
            value = value.detach()
            return value.float() if value.dtype == torch.bfloat16 else value  # numpy has none.
    if isinstance(value, list | tuple):
        try:
            return torch.from_numpy(np.asarray(value) + 0)
        except (TypeError, ValueError):  # Ragged, or not numbers.
            pass
    raise FileError(
        f"{part}{path} (got {type(value).__name__}) must be a tensor or a list of numbers; {AGAIN}"
    )


def check_numbers(path: Path, numbers: Tensor, n: int, what: str) -> None:
    """Raise unless `numbers`, read from `path`, are integers that are those of nodes, 0 … n − 1.

    Raises:
        FileError: they are not.
    """
    if numbers.is_floating_point() or numbers.is_complex():
        got = str(numbers.dtype).removeprefix("torch.")
        raise FileError(f"{path} (got {got} numbers of {what}s) must be integer; convert it")
    check_range(path, numbers.numpy(), n, what)
