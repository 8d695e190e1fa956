"""The data sets by name: one file and one row each.

Importing this file imports no loader, and thus no torch: the command line completes the names, and refuses
others, before it imports anything heavy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condense.datasets.unregistered import check_unregistered
from models.choices import canonical, registered
from models.lazy import imported

if TYPE_CHECKING:
    from condense.data.graph import MultimodalGraph

FILE_ENDINGS = (".h5", ".hdf5")


@dataclass(frozen=True)
class DatasetEntry:
    """A row of the registry.

    Attributes:
        loader: a function of the data root and of the arguments below, as "module:name" below
            `condense.datasets`.
        modalities: of the target type, those loaded unless the user names others.
        available: of the target type, all.
        passes: which of `source` and `modalities` the loader takes.
        arguments: further arguments of the loader, such as a split's seed.
        simulated: whether a simulated stand-in exists.
        what: what it holds, in a few words for tables; entries of one loader share those of the first.
        files: where its files are below the data root, likewise.
        target: the target type, likewise.
        shown_modalities: the modalities, likewise.
        relations: how many relations, likewise.
    """

    loader: str
    modalities: tuple[str, ...] = ("text",)
    available: tuple[str, ...] = ("text",)
    passes: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    what: str = ""
    files: str = ""
    target: str = ""
    shown_modalities: str = "text"
    relations: str = ""

    def load(self, root: Path, source: str, modalities: Sequence[str]) -> MultimodalGraph:
        """Load the graph; imports the loader's file."""
        function = imported(self.loader, "condense.datasets")
        values: dict[str, Any] = {"source": source, "modalities": modalities}
        return function(root, **{key: values[key] for key in self.passes}, **self.arguments)


DATASETS: dict[str, DatasetEntry] = {
    "amazon1": DatasetEntry(
        "amazon1:load_amazon1",
        modalities=("text", "image"),
        available=("text", "image"),
        passes=("source",),
        simulated=True,
        what="AMAZON-1, or **simulated**",
        files="`amazon1/`",
        target="item",
        shown_modalities="text, image",
        relations="4, as people buy and view",
    ),
    "amazon2": DatasetEntry(
        "amazon2:load_amazon2",
        modalities=("text", "image", "price"),
        available=("text", "image", "price"),
        passes=("source",),
        simulated=True,
        what="AMAZON-2, or **simulated**",
        files="`amazon2/`: also `item_price.npy`",
        target="item",
        shown_modalities="text, image, price",
        relations="as amazon1",
    ),
    "imdb": DatasetEntry(
        "imdb:load_imdb",
        modalities=("text", "image"),
        available=("text", "image", "tabular"),
        passes=("modalities",),
        what="films, directors, actors",
        files="`imdb/`: MHGAT's files, posters, figures",
        target="movie",
        shown_modalities="text, image; tabular on request",
        relations="2, both ways",
    ),
    "imdb-unique": DatasetEntry(
        "imdb_unique:load_imdb_unique",
        modalities=("text", "image"),
        available=("text", "image", "tabular"),
        passes=("modalities",),
        what="imdb, each film once",
        files="also `imdb/imdb_id.npy`",
        target="movie",
        shown_modalities="as imdb",
        relations="as imdb",
    ),
    "acm": DatasetEntry(
        "heco:load_heco",
        arguments={"name": "acm"},
        what="papers, authors, subjects; HeCo's splits, 60, 40 or 20 labels a class",
        files="`heco/acm/`",
        target="paper",
        relations="2, both ways",
    ),
    "acm-40": DatasetEntry("heco:load_heco", arguments={"name": "acm", "per_class": 40}),
    "acm-20": DatasetEntry("heco:load_heco", arguments={"name": "acm", "per_class": 20}),
    "dblp": DatasetEntry(
        "heco:load_heco",
        arguments={"name": "dblp"},
        what="authors, papers, terms, conferences; likewise",
        files="`heco/dblp/`",
        target="author",
        relations="3, both ways",
    ),
    "dblp-40": DatasetEntry("heco:load_heco", arguments={"name": "dblp", "per_class": 40}),
    "dblp-20": DatasetEntry("heco:load_heco", arguments={"name": "dblp", "per_class": 20}),
    "cora": DatasetEntry(
        "cora:load_cora",
        what="citations, public split",
        files="`planetoid/cora.npz`",
        target="paper",
        relations="1, undirected",
    ),
    "photo": DatasetEntry(
        "photo:load_photo",
        what="products, 20/30 labels a class, five random splits",
        files="`amazon/amazon_electronics_photo.npz`",
        target="product",
        relations="1, undirected",
    ),
    "photo-1": DatasetEntry("photo:load_photo", arguments={"seed": 1}),
    "photo-2": DatasetEntry("photo:load_photo", arguments={"seed": 2}),
    "photo-3": DatasetEntry("photo:load_photo", arguments={"seed": 3}),
    "photo-4": DatasetEntry("photo:load_photo", arguments={"seed": 4}),
    "photo-rich": DatasetEntry(
        "photo:load_photo",
        arguments={"rich": True},
        what="photo, split 20/10/70 %",
        files="as photo",
        target="product",
        relations="as photo",
    ),
    "debian": DatasetEntry(
        "debian:load_debian",
        modalities=("text", "tags", "numbers"),
        available=("text", "tags", "numbers"),
        what="packages, sources, maintainers; 50 sections as classes, split 50/25/25 %",
        files="`debian/Packages` (or .xz, .gz, .lz4); without it what apt keeps",
        target="package",
        shown_modalities="text, tags, numbers",
        relations="5, both ways",
    ),
    "debian-poor": DatasetEntry(
        "debian:load_debian",
        modalities=("text", "tags", "numbers"),
        available=("text", "tags", "numbers"),
        arguments={"poor": True},
        what="debian with 20/30 labels a class",
        files="as debian",
        target="package",
        shown_modalities="as debian",
        relations="as debian",
    ),
}
"""A row without `what` is another split of the row above it."""


def dataset_name(name: str) -> str:
    """The registered spelling of a data set's name; a path that ends like a graph's file stays as it is.

    Raises:
        UnknownChoiceError: not a name of a data set.
        UserError: a folder, or a file of another kind.
    """
    if name.endswith(FILE_ENDINGS):
        return name
    if registered(DATASETS, name) is None:
        check_unregistered(name)
    return canonical(DATASETS, name, "dataset")


def dataset_table() -> str:
    """The data sets as a Markdown table, as docs/datasets.md shows it."""
    lines = [
        "| `--dataset` | what | files below `--data-root` | target | its modalities | relations |",
        "|---|---|---|---|---|---|",
    ]
    splits: dict[str, list[str]] = {}
    for name, entry in DATASETS.items():
        first = name if entry.what else list(splits)[-1]
        splits.setdefault(first, []).append(f"`{name}`")
    for first, names in splits.items():
        row = DATASETS[first]
        cells = (row.what, row.files, row.target, row.shown_modalities, row.relations)
        lines.append(f"| {', '.join(names)} | {' | '.join(cells)} |")
    return "\n".join(lines)
