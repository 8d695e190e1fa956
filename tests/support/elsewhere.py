"""A second device without a second device: its tensors have values, and refuse to meet those of the CPU.

Inside `elsewhere()` code may run with `device="meta"`. A tensor there says that it is on `meta`, but wraps
one on the CPU, on which its operations run: what comes out can be compared with a CPU's run. As on a GPU, an
operation on tensors of both devices is an error, and so is a generator of the other device. As on a GPU,
CPU tensors without dimensions may take part in element-wise operations, and CPU indices in indexing.

`meta` because autograd runs there without a backend. In four places torch treats it apart from a GPU; what a
GPU does is put in for these: generators, `torch.tensor` of values, indexing by a list, Adam's fused step.
What only a GPU has is not seen: kernels that are missing there, and functions of `torch.cuda`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = torch.device("meta")
CPU = torch.device("cpu")
MOVES = (torch.ops.aten.copy_.default,)
INDEXING = (
    torch.ops.aten.index.Tensor,
    torch.ops.aten.index_put.default,
    torch.ops.aten.index_put_.default,
)
_Generator, _tensor = torch.Generator, torch.tensor


class DeviceMismatch(AssertionError):
    """What a GPU would refuse."""


class Elsewhere(Tensor):
    """A tensor on `meta` with the values of `here`."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> Elsewhere:
        # Wrappers of compressed rows cannot be asked for their layout; no code of ours asks.
        made = Tensor._make_wrapper_subclass(
            cls,
            here.size(),
            strides=here.stride() if here.layout == torch.strided else None,
            dtype=here.dtype,
            layout=torch.sparse_coo if here.is_sparse else torch.strided,
            device=DEVICE,
        )
        made.here = here
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl  # `__torch_dispatch__` sees enough.

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})

    def __getitem__(self, index: Any) -> Tensor:
        return super().__getitem__(_lists_moved(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(_lists_moved(index), value)

    def tolist(self) -> Any:
        return self.here.tolist()  # Tensor's own refuses subclasses.


class _AnyGenerator(type(_Generator)):
    """An annotation `torch.Generator` that is first looked up `elsewhere()` still means any generator."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _Generator)


class GeneratorElsewhere(_Generator, metaclass=_AnyGenerator):
    """Draws what a generator on the CPU draws, and says that it is on `meta`."""

    known: ClassVar[set[int]] = set()  # Operations are given a new object about the same generator.

    def __new__(cls, device: torch.device | str = CPU) -> torch.Generator:  # type: ignore[misc]
        if torch.device(device) != DEVICE:
            return _Generator(device)
        made = super().__new__(cls)
        cls.known.add(made._cdata)
        return made

    def __init__(self, device: torch.device | str = CPU) -> None:
        pass

    def __del__(self) -> None:
        self.known.discard(self._cdata)

    @property
    def device(self) -> torch.device:
        return DEVICE


class _EveryOperation(TorchDispatchMode):
    """Sees those that make a tensor from none as well."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """`func` on the CPU; its results are elsewhere if its tensors were, or if it was asked for that."""
    tensors = _tensors((args[0], *args[2:]) if func in INDEXING else (args, *kwargs.values()))
    there = any(isinstance(x, Elsewhere) for x in tensors)
    if there and func not in MOVES:
        scalars = torch.Tag.pointwise in func.tags or func in INDEXING
        for x in tensors:
            if not isinstance(x, Elsewhere) and not (scalars and x.dim() == 0):
                raise DeviceMismatch(
                    f"{func} of tensors elsewhere and one of shape {list(x.shape)} on the CPU"
                )
    if not there and func in INDEXING and any(isinstance(x, Elsewhere) for x in _tensors(args[1])):
        raise DeviceMismatch(f"{func} of a tensor on the CPU by indices elsewhere")
    if kwargs.get("device") is not None:
        there = kwargs["device"] == DEVICE
    generator = kwargs.get("generator")
    if generator is not None and (generator._cdata in GeneratorElsewhere.known) != there:
        raise DeviceMismatch(f"{func} by a generator of another device")
    out = func(*_each(_here, args), **{name: _each(_here, x) for name, x in kwargs.items()})
    if func._schema.is_mutable and isinstance(out, Tensor):
        return kwargs.get("out", args[0])  # x.add_(…) is x.
    return _each(_there, out) if there else out


def _tensors(x: Any) -> list[Tensor]:
    if isinstance(x, (list, tuple)):
        return [tensor for part in x for tensor in _tensors(part)]
    return [x] if isinstance(x, Tensor) else []


def _each(change: Callable[[Any], Any], x: Any) -> Any:
    return type(x)(_each(change, part) for part in x) if type(x) in (list, tuple) else change(x)


def _here(x: Any) -> Any:
    if isinstance(x, Elsewhere):
        return x.here
    return CPU if isinstance(x, torch.device) else x


def _there(x: Any) -> Any:
    return Elsewhere(x) if isinstance(x, Tensor) else x


def _lists_moved(index: Any) -> Any:
    """An index whose lists are tensors elsewhere; Tensor's own indexing drops their values for `meta`."""
    if isinstance(index, tuple):
        return tuple(_lists_moved(part) for part in index)
    return _tensor(index).to(DEVICE) if isinstance(index, list) else index


def _tensor_of_values(
    *args: Any, device: Any = CPU, requires_grad: bool = False, **kwargs: Any
) -> Tensor:
    """`torch.tensor`, which itself drops values for `meta`."""
    return _tensor(*args, **kwargs).to(device).requires_grad_(requires_grad)


@contextmanager
def elsewhere() -> Iterator[torch.device]:
    """The device that is not the CPU."""
    fused = "torch.optim.optimizer._get_fused_kernels_supported_devices"
    with ExitStack() as stack:
        stack.enter_context(mock.patch("torch.Generator", GeneratorElsewhere))
        stack.enter_context(mock.patch("torch.tensor", _tensor_of_values))
        stack.enter_context(mock.patch(fused, return_value=["cpu", DEVICE.type]))
        stack.enter_context(_EveryOperation())
        yield DEVICE
