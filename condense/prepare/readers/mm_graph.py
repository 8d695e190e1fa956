"""MM-Graph's folders for node classification (Zhu et al., Mosaic of Modalities, CVPR 2025).

    nc_edges-nodeid.pt   integers [e, 2], each edge once
    labels-w-missing.pt  integers [n], −1 for an unknown class
    split.pt             {"train_idx": …, "val_idx": …, "test_idx": …}, numbers of nodes
    <encoder>_feat.pt    floats [n, width], one file for each encoder: clip, imagebind, t5vit, t5dino

The layout is that of the benchmark's repository (mm-graph-benchmark/mm-graph-benchmark, nc_dataset.py and
nc/main.py). As there, one encoder is chosen, loops are dropped, and each edge leads in both directions. In
the features of the benchmark's encoders text and image are side by side, half and half
(nc/MMGCN/Dataset.py).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch_geometric.data import Data

from condense.datasets.splits import mask_of
from condense.errors import FileError
from condense.prepare.raw import RawGraph
from condense.prepare.torch_files import check_numbers, load_mapping, load_numbers

EDGES, LABELS, SPLIT = "nc_edges-nodeid.pt", "labels-w-missing.pt", "split.pt"
FEATURES = "_feat.pt"
LINK_PREDICTION = "lp-edge-split*.pt"
HALVES = ("clip", "imagebind", "t5vit", "t5dino")
"""Encoders whose features are those of the text and then, in as many columns, those of the image."""
PARTS = {
    "train": ("train_idx",),
    "val": ("val_idx", "valid_idx"),
    "test": ("test_idx",),
}


def recognises(source: Path) -> bool:
    """A folder with files of these names, or a file of features in one."""
    if source.is_dir():
        here = source
    elif source.name.endswith(FEATURES):
        here = source.parent
    else:
        return False
    return (here / EDGES).exists() or (here / LABELS).exists() or any(here.glob(LINK_PREDICTION))


def read(source: Path) -> RawGraph:
    """The graph in a folder, with the features of the one encoder whose file `source` is, or of all.

    Raises:
        FileError: a file is missing or damaged, or two of them disagree.
    """
    folder = source if source.is_dir() else source.parent
    if not (folder / EDGES).exists() and any(folder.glob(LINK_PREDICTION)):
        raise FileError(
            f"{folder} is a set for link prediction, without labels; give one for node classification, with "
            f"{EDGES} and {LABELS}"
        )
    files = [source] if source.is_file() else sorted(folder.glob(f"*{FEATURES}"))
    if not files:
        raise FileError(f"{folder} has no features; put a file <encoder>{FEATURES} there")
    y = load_numbers(folder / LABELS)
    n, data = len(y), Data()
    data.num_nodes = n
    alternatives = {} if len(files) == 1 else {_encoder(path): path for path in files}
    for name, path in (alternatives or {"x": files[0]}).items():
        data[name] = _features(path, n, mapped=bool(alternatives))
    data.y = y
    data.edge_index, changed = _edges(folder / EDGES, n)
    notes = [changed]
    modalities = None
    if not alternatives:
        modalities = _modalities(_encoder(files[0]), int(data["x"].size(1)))
        if len(modalities) > 1:
            notes.append(
                f"{files[0].name}: the first half of the columns is text, the second image, as the "
                "benchmark reads them; other widths with --modalities"
            )
    return RawGraph(
        data,
        split=_split(folder / SPLIT, n),
        modalities=modalities,
        notes=tuple(notes),
        name=f"{folder.resolve().name}-{_encoder(source)}" if source.is_file() else None,
        alternatives=alternatives or None,
    )


def _encoder(path: Path) -> str:
    return path.name.removesuffix(FEATURES)


def _modalities(encoder: str, width: int) -> dict[str, int] | dict[str, str]:
    """Halves for the encoders that have them; of any other, one modality of its name."""
    if encoder in HALVES and width and width % 2 == 0:
        return {"text": width // 2, "image": width // 2}
    return {encoder or "features": "x"}


def _features(path: Path, n: int, mapped: bool) -> Tensor:
    """Features [n, width]."""
    x = load_numbers(path, mapped)
    if x.dim() != 2 or len(x) != n:
        raise FileError(
            f"{path} (got shape {list(x.shape)}) must have {n} rows, one for each label of {LABELS}; take "
            "both from one set"
        )
    return x


def _edges(path: Path, n: int) -> tuple[Tensor, str]:
    """Edges [2, e] in both directions, sorted, each once and without loops; and what was changed."""
    pairs = load_numbers(path)
    if pairs.dim() != 2 or pairs.size(1) != 2:
        raise FileError(
            f"{path} (got shape {list(pairs.shape)}) must have two columns, the nodes of each edge; "
            "transpose it"
        )
    check_numbers(path, pairs, n, "node")
    source, destination = pairs.long().t()
    code = torch.cat([source * n + destination, destination * n + source])
    code = torch.unique(code[code // n != code % n])
    changed = (
        f"{path.name}: {code.numel()} edges, each once in both directions and without loops, from "
        f"{len(pairs)} undirected ones"
    )
    return torch.stack([code // n, code % n]), changed


def _split(path: Path, n: int) -> dict[str, Tensor] | None:
    """The masks of the three parts; None without the file."""
    if not path.exists():
        return None
    return {part: mask_of(path, x.numpy(), n) for part, x in load_mapping(path, PARTS).items()}
