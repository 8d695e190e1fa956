"""What it takes to reproduce the results: settings, seeds and versions."""

from __future__ import annotations

import json
from collections.abc import Iterable

from evaluate.report.content import Chapter
from evaluate.report.runs import DatasetRuns, run_label
from evaluate.report.tables import MISSING, Table


def chapter(runs: DatasetRuns) -> Chapter:
    """Settings of commands, condensers and models; seeds; versions."""
    builders = (_commands, _condensers, _models, _seeds, _versions)
    tables = tuple(table for build in builders if (table := build(runs)) is not None)
    return Chapter("Settings, seeds, versions", notes=tuple(runs.notes), details=tables)


def _commands(runs: DatasetRuns) -> Table | None:
    rows = [
        (str(path.parent), str(content.get("command", "?")), str(name), _as_text(value))
        for path, content in runs.records
        for name, value in (content.get("arguments") or {}).items()
    ]
    return _table(runs, "commands", "Commands and their arguments",
                  ("run", "command", "argument", "value"), rows, 4)  # fmt: skip


def _condensers(runs: DatasetRuns) -> Table | None:
    kinds = {}
    for g in runs.graphs:
        kinds.setdefault(g.label, g.condensed.provenance.settings)
    names = dict.fromkeys(name for settings in kinds.values() for name in settings)
    rows = [
        (name, *(_as_text(settings[name]) if name in settings else MISSING for settings in kinds.values()))
        for name in names
    ]  # fmt: skip
    return _table(runs, "condenser-settings", "Settings of the condensers",
                  ("setting", *kinds), rows, 1)  # fmt: skip


def _models(runs: DatasetRuns) -> Table | None:
    rows = dict.fromkeys((r.model, r.method, r.settings) for r in runs.rows)
    return _table(runs, "model-settings", "Settings of the models",
                  ("model", "trained on", "settings"), list(rows), 3)  # fmt: skip


def _seeds(runs: DatasetRuns) -> Table | None:
    rows = [
        (run_label(g, runs.graphs), str(g.condensed.provenance.seed), MISSING) for g in runs.graphs
    ]
    rows = [] if runs.rows else rows
    for method in dict.fromkeys(r.method for r in runs.rows):
        of_method = [r for r in runs.rows if r.method == method]
        condensing = sorted({r.condense_seed for r in of_method if r.condense_seed is not None})
        training = sorted({r.train_seed for r in of_method})
        rows.append(
            (method, ", ".join(map(str, condensing)) or MISSING, ", ".join(map(str, training)))
        )
    return _table(runs, "seeds", "Seeds", ("trained on", "of condensing", "of training"), rows, 3)


def _versions(runs: DatasetRuns) -> Table | None:
    columns: dict[str, dict[str, str]] = {}
    for g in runs.graphs:
        columns.setdefault(
            f"condensing ({run_label(g, runs.graphs)})", g.condensed.provenance.versions
        )
    for path, content in runs.records:
        if isinstance(content.get("versions"), dict):
            columns[f"{content.get('command', '?')} ({path.parent.name})"] = content["versions"]
    different: dict[str, dict[str, str]] = {}
    for name, versions in columns.items():
        if versions not in different.values():  # Equal columns become one.
            different[name] = versions
    names = dict.fromkeys(package for versions in different.values() for package in versions)
    rows = [(n, *(str(v.get(n, MISSING)) for v in different.values())) for n in names]
    return _table(runs, "versions", "Versions", ("package", *different), rows, 1)


def _table(
    runs: DatasetRuns,
    name: str,
    title: str,
    headers: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    left: int,
) -> Table | None:
    cells = tuple(rows)
    if not cells:
        return None
    return Table(f"{runs.slug}-{name}", f"{title}, {runs.title}", headers, cells, left)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
