"""Reading the runs that a report is about, grouped by data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from condense.datasets.registry import FILE_ENDINGS
from condense.errors import FileError, UserError
from condense.io import load_condensed
from evaluate.report.run_records import read_run
from evaluate.report.runs import DatasetRuns, GraphFile
from evaluate.report.search_folder import SearchFolder, is_search, read_search
from evaluate.results.records import read_records
from evaluate.results.rows import Row, read_rows
from evaluate.results.run_record import RECORD as RUN
from evaluate.results.store import FAILURES, RESULTS, Failure


@dataclass
class _Contents:
    """What has been read so far, not yet grouped by data set."""

    rows: list[Row] = field(default_factory=list)
    graphs: dict[Path, GraphFile] = field(default_factory=dict)
    searches: dict[Path, SearchFolder] = field(default_factory=dict)
    records: dict[Path, dict[str, Any]] = field(default_factory=dict)
    failures: dict[Path, list[Failure]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def read_runs(paths: Sequence[Path]) -> list[DatasetRuns]:
    """The runs of each data set and setting, in order of first appearance.

    Args:
        paths: folders of evaluations and searches, results.csv files, condensed graphs.

    Raises:
        UserError: no path, or a folder does not name its data.
        FileError: a path does not exist, cannot be read or holds nothing to report.
    """
    if not paths:
        raise UserError(
            "runs (got nothing) needs at least one; name a folder of results, a results.csv or a "
            "condensed graph's .h5 file"
        )
    contents = _Contents()
    for path in paths:
        if path.is_dir():
            _read_folder(path, contents)
        elif not path.exists():
            raise FileError(
                f"run (got {path}) does not exist; name a folder, a results.csv or a .h5"
            )
        elif path.suffix in FILE_ENDINGS:
            contents.graphs[path.resolve()] = GraphFile(path, load_condensed(path))
        elif path.suffix == ".csv":
            contents.rows += read_rows(path)
        else:
            raise FileError(
                f"run (got {path}) is not a folder, a results.csv or a condensed graph's .h5 file; "
                "name one of these"
            )
    datasets = _by_dataset(contents)
    if not any(runs.rows or runs.graphs or runs.searches for runs in datasets):
        named = ", ".join(map(str, paths))
        raise FileError(f"run (got {named}) holds no results yet; evaluate or search first")
    return datasets


def _read_folder(folder: Path, contents: _Contents) -> None:
    """Read a folder and the condensed graphs that its run.json names, if they still exist."""
    results, record = folder / RESULTS, folder / RUN
    if not (results.exists() or record.exists() or is_search(folder)):
        raise FileError(
            f"run (got {folder}) has nothing to report: no {RESULTS}, {RUN} or search.json; "
            "name the --out of an evaluation or of a search"
        )
    if results.exists():
        contents.rows += read_rows(results)
    if (folder / FAILURES).exists():
        contents.failures[folder] = read_records(
            folder / FAILURES, Failure, "failures", "evaluate again, or delete it"
        )
    if is_search(folder):
        contents.searches[folder.resolve()] = read_search(folder)
    if record.exists():
        content = read_run(record)
        contents.records[record] = content
        named = content.get("condensed") or []
        for name in [named] if isinstance(named, str) else named:
            places = [Path(name), folder / name]
            file = next((p for p in places if _is_file(p)), None)
            if file is None:
                contents.missing[str(name)] = str(content.get("dataset", ""))
            elif file.resolve() not in contents.graphs:
                contents.graphs[file.resolve()] = GraphFile(file, load_condensed(file))


def _is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have names none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _by_dataset(contents: _Contents) -> list[DatasetRuns]:
    datasets: dict[tuple[str, str, str], DatasetRuns] = {}

    def runs_of(dataset: str, source: str, setting: str) -> DatasetRuns:
        key = dataset, source, setting
        return datasets.setdefault(key, DatasetRuns(*key))

    def runs_matching(content: dict[str, Any]) -> DatasetRuns:
        """The runs that a record belongs to; if it names no setting, the data set's first."""
        dataset, source = str(content["dataset"]), str(content["source"])
        setting = content.get("setting")
        same = [
            runs for runs in datasets.values()
            if (runs.dataset, runs.source) == (dataset, source) and setting in (None, runs.setting)
        ]  # fmt: skip
        return same[0] if same else runs_of(dataset, source, setting or "transductive")

    for row in _without_repeats(contents.rows):
        runs_of(row.dataset, row.source, row.setting).rows.append(row)
    for graph in contents.graphs.values():
        p = graph.condensed.provenance
        runs_of(p.dataset, p.source, p.setting).graphs.append(graph)
    for search in contents.searches.values():
        about = _search_data(search, contents.records.get(search.path / RUN, {}))
        runs_matching(about).searches.append(search)
    for path, content in contents.records.items():
        runs_matching(_checked(path.parent, content)).records.append((path, content))
    for folder, failures in contents.failures.items():
        record = contents.records.get(folder / RUN, {})
        for failure in failures:
            # run.json names a run's last data set only; failures on others follow their rows and graphs.
            same = [runs for runs in datasets.values() if runs.dataset == failure.dataset]
            same.sort(key=lambda runs: runs.source != record.get("source"))
            if same:
                same[0].failures.append(failure)
                continue
            about = (
                record if record.get("dataset") == failure.dataset else {"dataset": failure.dataset}
            )
            runs_matching(_checked(folder, about)).failures.append(failure)
    for name, dataset in contents.missing.items():
        for runs in datasets.values():
            if runs.dataset == dataset:
                runs.notes.append(
                    f"The condensed graph {name} no longer exists there; name its file."
                )
    return list(datasets.values())


def _search_data(search: SearchFolder, record: dict[str, Any]) -> dict[str, Any]:
    """The data set and source of a search, from search.json, its results or run.json, in this order.

    Args:
        search: finished or not; an interrupted search has no search.json.
        record: the content of run.json in its folder; empty without one.
    """
    first = search.top[0] if search.top else None
    from_results = {"dataset": first.dataset, "source": first.source} if first else {}
    from_run = {name: record[name] for name in ("dataset", "source") if name in record}
    return _checked(search.path, {**from_run, **from_results, **search.record})


def _checked(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """`content`, which must name the data set and whether it is simulated; neither is guessed."""
    absent = [name for name in ("dataset", "source") if not content.get(name)]
    if absent:
        raise UserError(
            f"run (got {folder}) does not name its {' and '.join(absent)}: neither search.json nor "
            f"{RUN} does; rerun the command that wrote it, or leave the folder out"
        )
    return content


def _without_repeats(rows: Iterable[Row]) -> list[Row]:
    """Each training once, in order. Rows of older versions have no identifier; all their fields count.

    The method counts beside the identifier, since two methods may end in the same graph.
    """
    kept = {}
    for row in rows:
        name = row.cell or repr(dataclasses.astuple(row))
        kept.setdefault((row.dataset, row.source, row.method, name), row)
    return list(kept.values())
