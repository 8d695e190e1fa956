"""The formats that `prepare` reads, and which of them a file or folder has."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast

from condense.errors import UserError
from condense.prepare.options import DEFAULTS, ENCODERS, REVIEWS, ReadOptions
from condense.prepare.raw import RawGraph
from models.choices import nearest

OnUnknown = Literal["drop", "error"]


class Reader(Protocol):
    """A module of `condense.prepare.readers`."""

    def recognises(self, source: Path) -> bool:
        """Whether a file or folder looks like this format by its name, or by the names of what is in it."""
        ...

    def read(self, source: Path) -> RawGraph:
        """The graph.

        Raises:
            FileError: a file is missing, damaged, or does not fit the others; it names the file.
        """
        ...


class OptionsReader(Reader, Protocol):
    """A reader with options."""

    def read(self, source: Path, options: ReadOptions = DEFAULTS) -> RawGraph:
        """The graph, as `Reader.read`."""
        ...


class DroppingReader(Reader, Protocol):
    """A reader with options that can leave out edges which name unknown nodes."""

    def read(
        self,
        source: Path,
        options: ReadOptions = DEFAULTS,
        on_unknown: OnUnknown = "error",
    ) -> RawGraph:
        """The graph, as `Reader.read`; "drop" leaves such edges out, and says how many."""
        ...


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        title: what it is, for lists.
        module: of its reader, imported when it is needed.
        drops: whether that is a `DroppingReader`.
        takes: which of `ReadOptions` it takes; with any it is an `OptionsReader`.
    """

    title: str
    module: str
    drops: bool = False
    takes: tuple[str, ...] = ()

    def reader(self) -> Reader:
        """Its reader."""
        return cast(Reader, importlib.import_module(f"condense.prepare.readers.{self.module}"))

    def read(
        self,
        source: Path,
        on_unknown: OnUnknown = "error",
        options: ReadOptions = DEFAULTS,
    ) -> RawGraph:
        """The graph.

        Args:
            source: the file or folder.
            on_unknown: what to do with edges that name unknown nodes.
            options: of single formats.

        Raises:
            UserError: an option is not one of the format's.
            FileError: see `Reader.read`.
        """
        reader = self.reader()
        if on_unknown == "drop" and not self.drops:
            able = ", ".join(name for name, each in FORMATS.items() if each.drops)
            raise UserError(
                f"on_unknown (got {on_unknown!r}) is an option of {able} alone; leave it out, and correct "
                "the edges in the file"
            )
        for option, value in options.given().items():
            if option not in self.takes:
                able = ", ".join(name for name, each in FORMATS.items() if option in each.takes)
                raise UserError(
                    f"{option} (got {str(value)!r}) is an option of {able} alone; leave it out, or name that "
                    "with --format"
                )
        if self.drops:
            return cast(DroppingReader, reader).read(source, options, on_unknown)
        if self.takes:
            return cast(OptionsReader, reader).read(source, options)
        return reader.read(source)


FORMATS = {
    "ogb": Format("node property prediction of OGB: a folder with raw/ and split/", "ogb"),
    "hgb": Format("HGB: a folder with node.dat, link.dat and label.dat", "hgb"),
    "graphsaint": Format("GraphSAINT: a folder with adj_full.npz and role.json", "graphsaint"),
    "mm-graph": Format("a folder of MM-Graph, or its file of one encoder's features", "mm_graph"),
    "heco": Format("a folder in the layout of HeCo's sets: ACM, DBLP, AMiner, Freebase", "heco"),
    "mhgat": Format("a folder in the layout of MHGAT's sets: DOUBAN, AMAZON, IMDB", "mhgat"),
    "amazon-reviews": Format(
        "Amazon's review files: meta_X.json.gz, with --images and --reviews",
        "amazon_reviews",
        takes=REVIEWS,
    ),
    "amazon": Format("a folder in the layout of HGNN-IMA's AMAZON-1 and AMAZON-2", "amazon"),
    "dgl": Format("a file of dgl.save_graphs, which is told how to be converted", "dgl"),
    "gnn-benchmark": Format(
        "CSR parts adj_*, attr_* and labels in a .npz file, as Photo's", "gnn_benchmark"
    ),
    "planetoid": Format("Planetoid's ind.<name>.x, allx, graph, … in a folder", "planetoid"),
    "mat": Format("HAN's feature, label and meta-path matrices in a .mat file", "mat"),
    "networkx": Format("a GraphML, GEXF or node-link JSON file", "networkx"),
    "pyg": Format("a Data, HeteroData or InMemoryDataset of PyG in a .pt file", "pyg"),
    "tables": Format(
        "tables that a .toml file describes: CSV, TSV, Parquet, JSON lines",
        "tables",
        True,
        ENCODERS,
    ),
}
"""In the order in which they are tried: the more particular before the more general."""


def format_of(source: Path, name: str = "auto") -> Format:
    """The format of a file or folder.

    Args:
        source: the file or folder.
        name: in FORMATS, or "auto" to recognise it.

    Raises:
        UserError: there is no such file, no such format, or none is recognised.
    """
    if name != "auto" and name not in FORMATS:
        raise UserError(f"format (got {name!r}) is unknown; {nearest(name, FORMATS)}")
    if not source.exists():
        raise UserError(f"source (got {source}) does not exist; give a file or a folder")
    if name != "auto":
        return FORMATS[name]
    for each in FORMATS.values():
        if each.reader().recognises(source):
            return each
    known = "; ".join(f"{name}: {each.title}" for name, each in FORMATS.items())
    raise UserError(
        f"source (got {source}) has none of the known formats; name one with --format, or describe tables "
        f"in a graph.toml. Formats: {known}"
    )
