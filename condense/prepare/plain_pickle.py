"""Reads pickles of arrays, CSR matrices, dictionaries and lists, and runs no code of theirs.

A pickle may name any function and call it. Here each name that is allowed stands for a record of this module,
so that nothing of numpy's or scipy's is called while the file is read, and any other name is refused. The
arrays are made afterwards, from checked records. Pickles of Python 2 are read as well.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from condense.errors import FileError

REFUSED = ("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "INST", "OBJ", "NEXT_BUFFER")
"""Instructions that no pickle of plain data needs."""


class _Sealed(type):
    """Of classes whose attributes a pickle cannot set."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise pickle.UnpicklingError(f"an attribute {name} is set")


class _Dtype(metaclass=_Sealed):
    """Stands for numpy.dtype."""

    def __init__(self, code: object, *_: object) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]

    def numpy(self) -> np.dtype:
        if not isinstance(self.code, str) or not re.fullmatch("[biuf][1248]", self.code):
            raise pickle.UnpicklingError(f"values of type {self.code}")
        return np.dtype(("" if self.order == "|" else self.order) + self.code)


class _Array(metaclass=_Sealed):
    """Stands for numpy.ndarray."""

    def __init__(self) -> None:
        self.parts: tuple[Any, ...] = ()

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        self.parts = raw, dtype, shape, "F" if fortran else "C"

    def numpy(self) -> NDArray:
        raw, dtype, shape, order = self.parts
        if not all(type(size) is int and size >= 0 for size in shape):
            raise pickle.UnpicklingError("an array whose shape is no numbers")
        raw = raw.encode("latin1") if isinstance(raw, str) else raw  # As Python 2 has it.
        if not isinstance(raw, bytes | bytearray) or not isinstance(dtype, _Dtype):
            raise pickle.UnpicklingError("an array of objects")
        kind = dtype.numpy()
        if math.prod(shape) * kind.itemsize != len(raw):
            raise pickle.UnpicklingError(f"{len(raw)} bytes for an array of {kind} {list(shape)}")
        return np.frombuffer(raw, kind).reshape(shape, order=order).astype(kind.newbyteorder("="))


class _Reconstruct(metaclass=_Sealed):
    """Stands for numpy's `_reconstruct`, which makes an empty array."""

    def __new__(cls, *_: object) -> Any:
        return _Array()


class _FromBuffer(metaclass=_Sealed):
    """Stands for numpy's `_frombuffer`."""

    def __new__(cls, raw: object, dtype: object, shape: object, order: object) -> Any:
        array = _Array()
        array.parts = raw, dtype, shape, order
        return array


class _Scalar(metaclass=_Sealed):
    """Stands for numpy's `scalar`, a single number."""

    def __new__(cls, dtype: object, raw: object) -> Any:
        array = _Array()
        array.parts = raw, dtype, (), "C"
        return array.numpy().item()


class _Encode(metaclass=_Sealed):
    """Stands for `_codecs.encode`, in which Python 3 writes bytes for Python 2."""

    def __new__(cls, text: str, encoding: str = "latin1") -> Any:
        return text.encode("latin1")


class _NoBytes(metaclass=_Sealed):
    """Stands for bytes, which Python 3 calls without arguments for Python 2; bytes(n) would allocate n."""

    def __new__(cls) -> Any:
        return b""


class _Csr(metaclass=_Sealed):
    """Stands for scipy's csr_matrix."""

    def __init__(self) -> None:
        self.parts: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.parts = state

    def scipy(self) -> sp.csr_matrix:
        arrays = [self.parts[key].numpy() for key in ("data", "indices", "indptr")]
        shape = self.parts.get("_shape", self.parts.get("shape"))
        matrix = sp.csr_matrix(tuple(arrays), shape=shape)
        matrix.check_format(full_check=True)  # Otherwise scipy may read out of bounds.
        return matrix


class _Object(metaclass=_Sealed):
    """Stands for `object`, the base that old pickles name."""


class _Reconstructor(metaclass=_Sealed):
    """Stands for copyreg's `_reconstructor`, which makes an empty object of a class."""

    def __new__(cls, made: object, *_: object) -> Any:
        if made is not _Csr:
            raise pickle.UnpicklingError(f"an object of {made}")
        return _Csr()


def _allowed() -> dict[tuple[str, str], type]:
    names: dict[tuple[str, str], type] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
        ("collections", "defaultdict"): defaultdict,
        ("_codecs", "encode"): _Encode,
    }
    for module in ("numpy.core", "numpy._core"):
        names[f"{module}.multiarray", "_reconstruct"] = _Reconstruct
        names[f"{module}.multiarray", "scalar"] = _Scalar
        names[f"{module}.numeric", "_frombuffer"] = _FromBuffer
    for module in ("scipy.sparse", "scipy.sparse.csr", "scipy.sparse._csr"):
        names[module, "csr_matrix"] = _Csr
    for module in ("builtins", "__builtin__"):
        names |= {(module, kind.__name__): kind for kind in (list, dict, int)}
        names[module, "object"], names[module, "bytes"] = _Object, _NoBytes
    for module in ("copyreg", "copy_reg"):
        names[module, "_reconstructor"] = _Reconstructor
    return names


ALLOWED = _allowed()


class _Refused(Exception):
    """A name that is not allowed."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in ALLOWED:
            raise _Refused(f"{module_name}.{global_name}")
        return ALLOWED[module_name, global_name]


def read_pickle(path: Path) -> Any:
    """What a pickle holds: an array, a sparse matrix in CSR form, a dictionary or a list.

    Arrays inside dictionaries and lists are not converted.

    Raises:
        FileError: the file is missing or damaged, or names anything else.
    """
    try:
        data = path.read_bytes()
        for instruction, argument, _ in pickletools.genops(data):
            # A large place in the memo would make the unpickler allocate as much.
            if instruction.name.endswith("PUT") and int(argument or 0) > len(data):
                raise pickle.UnpicklingError(f"place {argument} of a memo")
            if instruction.name in REFUSED:
                raise _Refused(f"an instruction {instruction.name}")
        loaded = _Unpickler(io.BytesIO(data), encoding="latin1").load()
        if isinstance(loaded, _Array):
            return loaded.numpy()
        return loaded.scipy() if isinstance(loaded, _Csr) else loaded
    except FileNotFoundError:
        raise FileError(f"{path} is missing; put it there") from None
    except _Refused as error:
        raise FileError(
            f"{path} holds {error}; a pickle may run code, so arrays, CSR matrices, dictionaries and lists "
            "alone are read. Put the published file there"
        ) from None
    except Exception as error:  # A damaged pickle may raise anything.
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileError(f"{path} cannot be read ({said}); put the published file there") from None
