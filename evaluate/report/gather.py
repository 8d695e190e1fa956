"""What the given runs hold, by the whole graph that they are about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from condense.data.condensed import CondensedGraph
from condense.data.graph import display_name
from condense.datasets.registry import FILE_ENDINGS
from condense.errors import FileError, UserError
from condense.io import load_condensed
from condense.methods.spec import label
from evaluate.report.search_folder import Search, is_search, read_json, read_search
from evaluate.report.words import slug
from evaluate.results.records import read_records
from evaluate.results.rows import Row, read_rows
from evaluate.results.run_record import RECORD as RUN
from evaluate.results.store import FAILURES, RESULTS, Failure


@dataclass(frozen=True)
class GraphFile:
    """A condensed graph and where it lies."""

    path: Path
    condensed: CondensedGraph

    @property
    def label(self) -> str:
        """The method with its changed settings, as results name it."""
        p = self.condensed.provenance
        return label(p.method, p.settings)


@dataclass(frozen=True)
class Section:
    """Everything about one whole graph in one setting.

    Attributes:
        dataset: name of the whole graph.
        source: "real" or "simulated".
        setting: "transductive" or "inductive".
        rows: of all runs, no training twice.
        graphs: condensed graphs, no file twice.
        searches: folders of searches.
        records: path and content of each run.json.
        failures: what the last run into each folder could not do.
        notes: what was named but not found.
    """

    dataset: str
    source: str
    setting: str
    rows: list[Row] = field(default_factory=list)
    graphs: list[GraphFile] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    records: list[tuple[Path, dict[str, Any]]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The data set's name, marked if simulated, and the setting where it is not the usual one."""
        name = display_name(self.dataset, self.source)
        return name if self.setting == "transductive" else f"{name}, {self.setting}"

    @property
    def slug(self) -> str:
        """The same as the beginning of a file's name."""
        parts = [self.dataset] + [w for w in (self.source, self.setting) if w not in USUAL]
        return slug("-".join(parts))


USUAL = ("real", "transductive")


@dataclass
class _Found:
    """What has been read so far, before it is known which section it belongs to."""

    rows: list[Row] = field(default_factory=list)
    graphs: dict[Path, GraphFile] = field(default_factory=dict)
    searches: dict[Path, Search] = field(default_factory=dict)
    records: dict[Path, dict[str, Any]] = field(default_factory=dict)
    failures: dict[Path, list[Failure]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def gather(runs: Sequence[Path]) -> list[Section]:
    """Sections in order of first appearance.

    Args:
        runs: folders of evaluations and searches, results.csv files, condensed graphs.

    Raises:
        UserError: none given, or a folder does not say which data it is about.
        FileError: one is not there, cannot be read, or has nothing to report.
    """
    if not runs:
        raise UserError(
            "runs (got nothing) needs at least one; name a folder of results, a results.csv or a "
            "condensed graph's .h5 file"
        )
    found = _Found()
    for run in runs:
        if run.is_dir():
            _read_folder(run, found)
        elif not run.exists():
            raise FileError(f"run (got {run}) is not there; name a folder, a results.csv or a .h5")
        elif run.suffix in FILE_ENDINGS:
            found.graphs[run.resolve()] = GraphFile(run, load_condensed(run))
        elif run.suffix == ".csv":
            found.rows += read_rows(run)
        else:
            raise FileError(
                f"run (got {run}) is none of a folder, a results.csv and a condensed graph's .h5 file; "
                "name one of these"
            )
    sections = _sections(found)
    if not any(s.rows or s.graphs or s.searches for s in sections):
        named = ", ".join(map(str, runs))
        raise FileError(f"run (got {named}) holds no results yet; evaluate or search first")
    return sections


def _read_folder(folder: Path, found: _Found) -> None:
    """All that a folder holds, and the condensed graphs that its run.json names, where they are there."""
    results, record = folder / RESULTS, folder / RUN
    if not (results.exists() or record.exists() or is_search(folder)):
        raise FileError(
            f"run (got {folder}) has nothing to report: no {RESULTS}, {RUN} or search.json; "
            "name the --out of an evaluation or of a search"
        )
    if results.exists():
        found.rows += read_rows(results)
    if (folder / FAILURES).exists():
        found.failures[folder] = read_records(
            folder / FAILURES, Failure, "failures", "evaluate again, or delete it"
        )
    if is_search(folder):
        found.searches[folder.resolve()] = read_search(folder)
    if record.exists():
        content = read_json(record)
        found.records[record] = content
        named = content.get("condensed") or []
        for name in [named] if isinstance(named, str) else named:
            places = [Path(name), folder / name]
            place = next((p for p in places if p.is_file()), None)
            if place is None:
                found.missing[str(name)] = str(content.get("dataset", ""))
            elif place.resolve() not in found.graphs:
                found.graphs[place.resolve()] = GraphFile(place, load_condensed(place))


def _sections(found: _Found) -> list[Section]:
    sections: dict[tuple[str, str, str], Section] = {}

    def section(dataset: str, source: str, setting: str) -> Section:
        key = dataset, source, setting
        return sections.setdefault(key, Section(*key))

    def like(content: dict[str, Any]) -> Section:
        """The section that a record is about; one that does not say its setting, the graph's first."""
        dataset, source = str(content["dataset"]), str(content["source"])
        setting = content.get("setting")
        same = [
            s for s in sections.values()
            if (s.dataset, s.source) == (dataset, source) and setting in (None, s.setting)
        ]  # fmt: skip
        return same[0] if same else section(dataset, source, setting or "transductive")

    for row in _once(found.rows):
        section(row.dataset, row.source, row.setting).rows.append(row)
    for graph in found.graphs.values():
        p = graph.condensed.provenance
        section(p.dataset, p.source, p.setting).graphs.append(graph)
    for search in found.searches.values():
        like(_about(search, found.records.get(search.path / RUN, {}))).searches.append(search)
    for path, content in found.records.items():
        like(_named(path.parent, content)).records.append((path, content))
    for folder, failures in found.failures.items():
        run = found.records.get(folder / RUN, {})
        for failure in failures:
            # A run's last data set is in its run.json; others are told by their rows and graphs.
            known = [s for s in sections.values() if s.dataset == failure.dataset]
            known.sort(key=lambda s: s.source != run.get("source"))
            said = run if run.get("dataset") == failure.dataset else {"dataset": failure.dataset}
            one = known[0] if known else like(_named(folder, said))
            one.failures.append(failure)
    for name, dataset in found.missing.items():
        for one in sections.values():
            if one.dataset == dataset:
                one.notes.append(
                    f"The condensed graph {name} is not there any more; name its file."
                )
    return list(sections.values())


def _about(search: Search, run: dict[str, Any]) -> dict[str, Any]:
    """What a search is about; one that was broken off has no search.json, and its run.json says it.

    Args:
        search: finished or not.
        run: the content of run.json in its folder; empty without one.
    """
    first = search.top[0] if search.top else None
    said = {"dataset": first.dataset, "source": first.source} if first else {}
    known = {name: run[name] for name in ("dataset", "source") if name in run}
    return _named(search.path, {**known, **said, **search.record})


def _named(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """`content` if it says the data set and whether it is simulated, which is never guessed."""
    absent = [name for name in ("dataset", "source") if not content.get(name)]
    if absent:
        raise UserError(
            f"run (got {folder}) does not say its {' and '.join(absent)}: neither search.json nor {RUN} "
            "does; run again what wrote it, or leave it out"
        )
    return content


def _once(rows: Iterable[Row]) -> list[Row]:
    """Each training once, in order; older rows have no name, and are told apart by all they say.

    A method's name counts beside the training's: two methods may end in the same graph.
    """
    kept = {}
    for row in rows:
        name = row.cell or repr(dataclasses.astuple(row))
        kept.setdefault((row.dataset, row.source, row.method, name), row)
    return list(kept.values())
