"""Sparse feature matrices: torch's CSR tensors in graphs, scipy's matrices in computations.

A modality may be a sparse CSR tensor [n, width]. torch can neither index nor slice such a tensor, so that all
work on rows is done by scipy, on the same memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data.storage import NodeStorage

from models.schema import FEATURE_PREFIX, MASK_PREFIX

if TYPE_CHECKING:
    Csr = Any  # The stubs of scipy know neither shapes nor products.
else:
    Csr = sp.csr_array

WIDEST = 2048
"""A sparse modality of at most this many columns is made dense to be read; wider ones are reduced."""


def is_sparse(x: Any) -> bool:
    """Whether `x` is a sparse CSR tensor."""
    return isinstance(x, Tensor) and x.layout == torch.sparse_csr


def from_scipy(matrix: sp.spmatrix | sp.sparray) -> Tensor:
    """A sparse feature matrix from any scipy matrix: sorted, with duplicates added up and without zeros.

    Booleans and integers become float32; floats keep their type.
    """
    csr = sp.csr_array(matrix)
    if csr.dtype.kind != "f":
        csr = csr.astype(np.float32)
    csr = csr.copy()
    csr.sum_duplicates()
    csr.eliminate_zeros()
    index = np.int32 if max(csr.nnz, csr.shape[1]) < 2**31 else np.int64
    return csr_tensor(csr.indptr.astype(index), csr.indices.astype(index), csr.data, csr.shape)


def csr_tensor(indptr: Any, indices: Any, values: Any, shape: tuple[int, ...]) -> Tensor:
    """A CSR tensor of these parts, which the rules of nodes check."""
    parts = [torch.as_tensor(part) for part in (indptr, indices, values)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # CSR is "in beta state"
        return torch.sparse_csr_tensor(*parts, size=tuple(shape), check_invariants=False)


def csr_parts(x: Tensor) -> tuple[NDArray, NDArray, NDArray]:
    """The indptr [n + 1], indices [nnz] and values [nnz] of a CSR tensor, on its memory if on the CPU."""
    parts = x.crow_indices(), x.col_indices(), x.values()
    indptr, indices, values = (part.detach().cpu().numpy() for part in parts)
    return indptr, indices, values


def as_scipy(x: Tensor) -> Csr:
    """The matrix of a valid CSR tensor; float16, which scipy lacks, becomes float32."""
    indptr, indices, values = csr_parts(x)
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    return sp.csr_array((values, indices, indptr), shape=tuple(x.shape))


def select_rows(x: Tensor, rows: Int[Tensor, " k"]) -> Tensor:
    """The rows `rows` of a CSR tensor, as a CSR tensor of the same type."""
    part = as_scipy(x)[rows.cpu().numpy()]
    return csr_tensor(part.indptr, part.indices, part.data, part.shape).to(x.dtype)


def visible_entries(store: NodeStorage, modality: str) -> Csr:
    """A sparse modality without stored zeros and without the entries of nodes that lack the modality."""
    matrix = as_scipy(store[FEATURE_PREFIX + modality]).copy()
    has = store.get(MASK_PREFIX + modality)
    if has is not None:
        # Not a product, since the hidden values may be NaN.
        keep = np.repeat(has.cpu().numpy(), np.diff(matrix.indptr))
        matrix.data = np.where(keep, matrix.data, matrix.data.dtype.type(0))
    matrix.eliminate_zeros()
    return matrix


def dense_blocks(matrix: Csr, rows: int) -> Iterator[Float[NDArray, "rows d"]]:
    """The matrix in dense blocks of `rows` rows."""
    for start in range(0, matrix.shape[0], rows):
        yield matrix[start : start + rows].toarray()
