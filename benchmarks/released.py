"""What the condensed graphs published by the authors of SR-GM contain.

    python -m benchmarks.released --data-root DATA_ROOT [--stand-ins FOLDER]

Run it from the project's root; DATA_ROOT holds srgm_released/. It prints the table of docs/foreign.md. With
`--stand-ins` it also writes, for each graph, a whole graph of random numbers that it could have come from,
to try `import` and `evaluate`: the real whole graphs are not at hand.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

from condense.data.graph import MultimodalGraph
from condense.foreign.edges import KeptEdges, kept_edges
from condense.foreign.labels import ratio_in_name
from condense.foreign.tensor_file import load_tensor
from condense.io import save

FOLDER = "srgm_released"
THRESHOLDS = (0.01, 0.05, 0.5)
CLASSES = {"ele-fashion": 12, "books": 11, "cloth": 2, "sport": 2}
"""Numbers of classes, which the files do not state; that of books has no source."""
RATIO = 0.5
"""Condensed ÷ training nodes of a stand-in; large, so that the stand-in is small."""


@dataclass(frozen=True)
class Released:
    """The two files of one graph.

    Attributes:
        features, adjacency: their paths.
        kind: of the data, a key of `CLASSES`.
        ratio: condensed ÷ training nodes, from the file name.
    """

    features: Path
    adjacency: Path
    kind: str
    ratio: float

    @property
    def title(self) -> str:
        """Kind and ratio."""
        return f"{self.kind} {self.ratio:g}"


def released(root: Path) -> list[Released]:
    """The published graphs below `root`, sorted by name."""
    graphs = []
    for features in sorted((root / FOLDER).glob("feat_*.pt")):
        adjacency = features.with_name("adj_" + features.name.removeprefix("feat_"))
        (kind,) = (kind for kind in CLASSES if kind in features.name)
        ratio = ratio_in_name(features.name)
        assert ratio is not None
        graphs.append(Released(features, adjacency, kind, ratio))
    return graphs


def row(graph: Released) -> tuple[str, ...]:
    """One line of the table."""
    adjacency, width = load_tensor(graph.adjacency), load_tensor(graph.features).size(1)
    above = [kept_edges(adjacency, t) for t in THRESHOLDS]
    return (
        graph.title,
        f"{len(adjacency)}",
        f"{width // 2} + {width // 2}",
        f"{above[0].largest:.2g}",
        f"{above[0].mass:.2g}" if above[0].mass < 100 else f"{above[0].mass:,.0f}",
        *(f"{len(kept.weight):,}" for kept in above),
        f"{1 - above[0].dropped:.0%}" if above[0].mass else "–",
        "**yes**" if edgeless(above[0]) else "no",
    )


def edgeless(kept: KeptEdges) -> bool:
    """Whether no edge is above the threshold."""
    return not len(kept.weight)


HEADERS = (
    "set, ratio", "nodes", "text + image", "largest entry", "mass",
    *(f"edges > {t:g}" for t in THRESHOLDS), f"mass > {THRESHOLDS[0]:g}", "edgeless",
)  # fmt: skip


def stand_in(graph: Released) -> MultimodalGraph:
    """A whole graph of random numbers from which `graph` could have been condensed at `RATIO`.

    Features have the shape and the scale of the published ones. The training nodes of class c are in
    proportion to c + 1. Scores on it mean nothing.
    """
    rng = torch.Generator().manual_seed(0)
    text, image = load_tensor(graph.features).chunk(2, dim=1)
    count, width = text.shape
    classes = CLASSES[graph.kind]
    trained = round(count / RATIO)
    shares = torch.arange(1, classes + 1).double()
    sizes = (trained * shares / shares.sum()).floor().long().clamp_min(1)
    sizes[-1] += trained - int(sizes.sum())
    y = torch.cat([torch.arange(classes).repeat_interleave(sizes), torch.arange(classes).repeat(8)])
    n, whole = len(y), MultimodalGraph()
    store = whole["item"]
    store.num_nodes, store.y = n, y
    store.x_text = torch.randn(n, width, generator=rng) * text.square().mean().sqrt()
    store.x_image = torch.randn(n, width, generator=rng) * image.square().mean().sqrt()
    store.train_mask = torch.arange(n) < trained
    store.val_mask = ~store.train_mask & (torch.arange(n) < trained + 4 * classes)
    store.test_mask = ~(store.train_mask | store.val_mask)
    pairs = torch.randint(n, (2, 5 * n), generator=rng)
    whole["item", "to", "item"].edge_index = torch.cat([pairs, pairs.flip(0)], dim=1)
    whole.target, whole.num_classes = "item", classes
    whole.name, whole.source = f"stand-in for {graph.kind}", "simulated"
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Table of the graphs that the authors of SR-GM published."
    )
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--stand-ins", type=Path)
    args = parser.parse_args()
    graphs = released(args.data_root)
    if not graphs:
        raise SystemExit(f"{args.data_root / FOLDER} holds no feat_*.pt; give --data-root")
    print("| " + " | ".join(HEADERS) + " |")
    print("|" + "---|" * len(HEADERS))
    for graph in graphs:
        print("| " + " | ".join(row(graph)) + " |")
    for graph in graphs if args.stand_ins else ():
        args.stand_ins.mkdir(parents=True, exist_ok=True)
        path = args.stand_ins / f"{graph.kind}-{graph.ratio:g}.h5"
        save(path, stand_in(graph))
        print(f"{path}: import with --ratio {RATIO:g}")


if __name__ == "__main__":
    main()
