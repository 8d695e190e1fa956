"""What the named runs hold about one data set: the input of every chapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph, display_name
from condense.methods.spec import label
from evaluate.report.formatting import percent, slug
from evaluate.report.search_folder import SearchFolder
from evaluate.results.rows import Row
from evaluate.results.store import Failure

USUAL = ("real", "transductive")
"""The source and the setting that names leave out."""


@dataclass(frozen=True)
class GraphFile:
    """A condensed graph and its file."""

    path: Path
    condensed: CondensedGraph

    @property
    def label(self) -> str:
        """The method with its changed settings, as in the results."""
        p = self.condensed.provenance
        return label(p.method, p.settings)


@dataclass(frozen=True)
class DatasetRuns:
    """Everything about one data set in one setting.

    Attributes:
        dataset: name of the whole graph.
        source: "real" or "simulated".
        setting: "transductive" or "inductive".
        rows: results of all runs; each training once.
        graphs: condensed graphs; each file once.
        searches: folders of searches.
        records: path and content of each run.json.
        failures: what the last run into each folder failed to do.
        notes: condensed graphs that a run names and whose files are gone.
        whole: the whole graph, its test labels hidden; None if it could not be loaded.
        whole_missing: why `whole` is None.
    """

    dataset: str
    source: str
    setting: str
    rows: list[Row] = field(default_factory=list)
    graphs: list[GraphFile] = field(default_factory=list)
    searches: list[SearchFolder] = field(default_factory=list)
    records: list[tuple[Path, dict[str, Any]]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    whole: MultimodalGraph | None = None
    whole_missing: str = ""

    @property
    def title(self) -> str:
        """The data set's name, marked if simulated or inductive."""
        name = display_name(self.dataset, self.source)
        return name if self.setting == "transductive" else f"{name}, {self.setting}"

    @property
    def slug(self) -> str:
        """The title as the beginning of a file name."""
        parts = [self.dataset] + [w for w in (self.source, self.setting) if w not in USUAL]
        return slug("-".join(parts))

    def prefix_of(self, search: SearchFolder) -> str:
        """How a sentence about this search begins: with its folder where there are several searches."""
        return f"{search.path.name}: " if len(self.searches) > 1 else ""


def run_label(graph: GraphFile, among: Sequence[GraphFile]) -> str:
    """The method, with ratio and seed where the method's graphs in `among` differ in them."""
    same = [g for g in among if g.label == graph.label]
    p = graph.condensed.provenance
    text = graph.label
    if len({g.condensed.provenance.ratio for g in same}) > 1:
        text += f" at {percent(p.ratio, 2)}"
    if len({g.condensed.provenance.seed for g in same}) > 1:
        text += f", seed {p.seed}"
    return text
