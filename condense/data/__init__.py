"""The graph data types, their rules and their hashes; `from_pyg` makes one of PyG's graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condense.data.graph import MultimodalGraph, Source


def from_pyg(
    data: Any,
    target: str | None = None,
    *,
    modalities: Mapping[str, Any] | None = None,
    split: int | Mapping[str, Any] | None = None,
    edge_weight: str | None = None,
    name: str | None = None,
    source: Source | None = None,
) -> MultimodalGraph:
    """A graph of this package made of a PyG `Data` or `HeteroData`; what is changed is logged.

    Everything that has one meaning only is converted: numpy arrays, lists, and features, labels, masks and
    edges of any numeric type; one column where a vector belongs; sparse features; `adj_t`; splits given as
    node numbers; labels that do not count from 0. Tensors that already fit are shared with `data`, which is
    not changed. `condense.data.pyg.convert.convert` returns the list of changes as well.

    Args:
        data: the graph. Node types may have `x`, `x_<modality>` with `has_<modality>`, `y`, and splits as
            `<split>_mask` or `<split>_idx`; relations `edge_index` or `adj_t`, and `edge_weight`.
        target: the node type to classify; by default the one that has labels. Of a `Data`, the name that
            its one node type is to have; by default "node".
        modalities: which attributes are features, as {"text": "x", "image": "img"}; or how the columns of
            `x` divide, as {"text": 512, "image": 512}. By default `x` is the modality "features". A
            mapping for each node type, as {"movie": {"text": "x"}}, where they differ.
        split: which column, if masks have several (0 by default); or the splits themselves, as masks or
            node numbers: {"train": …, "val": …, "test": …}, as OGB's `get_idx_split()` gives them.
        edge_weight: which edge attribute holds the weights; by default `edge_weight` or `weight`.
        name: of the data set; by default that of `data`, or "mine".
        source: "real" or "simulated"; by default that of `data`, or "real".

    Returns:
        A whole graph that obeys all rules; see `MultimodalGraph`.

    Raises:
        GraphError: not a graph of PyG's, or one that lacks what cannot be inferred, such as labels, or that
            breaks a rule. Several labels per node (multi-label classification) are not supported.
    """
    # Here, because the command line reads other parts of this package before it imports torch.
    from condense.data.pyg.convert import convert

    return convert(
        data,
        target,
        modalities=modalities,
        split=split,
        edge_weight=edge_weight,
        name=name,
        source=source,
    ).graph
