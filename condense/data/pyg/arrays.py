"""Arrays of any library as dense tensors on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from condense.data.fingerprint import DTYPES
from condense.data.pyg.changes import Changes
from condense.data.rules.nodes import described
from condense.data.sparse import WIDEST, from_scipy
from condense.errors import GraphError


def as_tensor(value: Any, where: str, changes: Changes) -> Tensor | None:
    """`value` as a dense or sparse tensor on the CPU; None if it is nothing numeric.

    Args:
        value: a tensor, a numpy array, a scipy matrix, a matrix of torch_sparse, a list of numbers.
        where: the attribute, for messages.
        changes: what is changed is added here.
    """
    if sp.issparse(value):
        coo = value.tocoo()
        index = torch.from_numpy(np.stack([coo.row, coo.col]).astype(np.int64))
        data = torch.from_numpy(np.ascontiguousarray(coo.data))
        return torch.sparse_coo_tensor(index, data, coo.shape, check_invariants=True)
    if callable(getattr(value, "to_torch_sparse_coo_tensor", None)):  # As torch_sparse's matrices.
        value = value.to_torch_sparse_coo_tensor()
    if not isinstance(value, Tensor):
        try:
            array = np.asarray(value)
            if array.dtype.kind not in "biuf" or (array.ndim == 0 and not np.isscalar(value)):
                return None
            # Byte order and unsigned types as torch has them; a copy, as arrays may be read-only.
            kind = {"u": np.int64, "f": array.dtype.newbyteorder("=")}.get(array.dtype.kind)
            value = torch.from_numpy(np.array(array, dtype=kind or array.dtype.newbyteorder("=")))
        except (TypeError, ValueError):  # Ragged lists, objects, float128.
            return None
        changes.detail(f"{where}: a tensor was made of it")
    if value.is_complex() or value.is_quantized or value.device.type == "meta":
        raise GraphError.of(where, described(value), "must hold real numbers", "convert it")
    if value.requires_grad:
        changes.detail(f"{where}: detached, since gradients do not flow into a graph")
    if value.device.type != "cpu":
        changes.detail(f"{where}: copied to the CPU")
    return value.detach().cpu()


def feature_matrix(x: Tensor, where: str, changes: Changes) -> Tensor:
    """Features as float [n, width]: float32, or float16 where they are.

    Sparse ones of more than `WIDEST` columns stay sparse, as CSR; narrower ones become dense.
    """
    if x.layout != torch.strided:
        layout = str(x.layout).removeprefix("torch.")
        if x.dim() == 2 and x.size(1) > WIDEST:
            changes.detail(
                f"{where}: float32 CSR from {layout} {str(x.dtype).removeprefix('torch.')}"
            )
            coo = x.to_sparse_coo().coalesce()
            rows, columns = coo.indices().numpy()
            values = coo.values().float().numpy()
            return from_scipy(sp.coo_array((values, (rows, columns)), shape=tuple(x.shape)))
        changes.detail(f"{where}: made dense from {layout}")
        x = x.to_dense()
    if x.dim() == 1:
        changes.detail(f"{where}: one column, [n, 1]")
        x = x.unsqueeze(1)
    elif x.dim() > 2:
        changes.note(f"{where}: each node's values as one row, from {described(x)}")
        x = x.flatten(1)
    if x.dtype in (torch.float16, torch.float32):
        return x
    single = x.float()
    if bool((torch.isinf(single) & ~torch.isinf(x)).any()):
        rule = "holds numbers beyond the range of float32"
        raise GraphError.of(where, described(x), rule, "scale it, or take its logarithm")
    changes.detail(f"{where}: float32 from {str(x.dtype).removeprefix('torch.')}")
    return single


def storable(value: Tensor) -> Tensor:
    """`value` dense, and of a type that files can hold."""
    dense = value if value.layout == torch.strided else value.to_dense()
    return dense if dense.dtype in DTYPES.values() else dense.float()


def vector(value: Tensor, where: str, changes: Changes) -> Tensor:
    """`value` without a second dimension of size 1."""
    if value.layout != torch.strided:
        value = value.to_dense()
    if value.dim() == 2 and value.size(1) == 1:
        changes.detail(f"{where}: one dimension, [n], from [n, 1]")
        return value.squeeze(1)
    return value
