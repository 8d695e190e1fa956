"""What it takes to do it again: settings, seeds, versions; and whom to cite."""

from __future__ import annotations

import json
from collections.abc import Iterable

from evaluate.report.chapters.condensing import run_label
from evaluate.report.citations import bibtex
from evaluate.report.content import Chapter
from evaluate.report.gather import Section
from evaluate.report.tables import Table
from evaluate.results.rows import WHOLE

MISSING = "–"


def record(section: Section) -> Chapter:
    """Settings of condensers, models and commands; seeds; versions."""
    made = [_commands, _condensers, _models, _seeds, _versions]
    tables = tuple(table for make in made if (table := make(section)) is not None)
    return Chapter(
        "record", "Settings, seeds, versions", notes=tuple(section.notes), details=tables
    )


def citing(sections: Iterable[Section]) -> Chapter:
    """BibTeX entries of the methods, models, data sets and programs that were used."""
    methods: dict[str, None] = {}
    models: dict[str, None] = {}
    sets: dict[str, None] = {}
    searched = False
    for s in sections:
        methods |= dict.fromkeys(g.condensed.provenance.method for g in s.graphs)
        methods |= dict.fromkeys(
            r.method.partition(":")[0] for r in s.rows if r.trained_on != WHOLE
        )
        words = [r.model for r in s.rows]
        words += [line["model"] for one in s.searches for line in (*one.trials, *one.verify)]
        models |= dict.fromkeys(word.partition(":")[0] for word in words)
        if s.source == "real":
            sets[s.dataset] = None
        searched = searched or bool(s.searches)
    return Chapter("cite", "Works to cite", bibtex=bibtex(methods, models, sets, searched))


def _commands(section: Section) -> Table | None:
    rows = [
        (str(path.parent), str(content.get("command", "?")), str(name), _said(value))
        for path, content in section.records
        for name, value in (content.get("arguments") or {}).items()
    ]
    return _table(section, "commands", "Commands and their arguments",
                  ("run", "command", "argument", "value"), rows, 4)  # fmt: skip


def _condensers(section: Section) -> Table | None:
    kinds = {}
    for g in section.graphs:
        kinds.setdefault(g.label, g.condensed.provenance.settings)
    names = dict.fromkeys(name for settings in kinds.values() for name in settings)
    rows = [
        (name, *(_said(settings[name]) if name in settings else MISSING for settings in kinds.values()))
        for name in names
    ]  # fmt: skip
    return _table(section, "condenser-settings", "Settings of the condensers",
                  ("setting", *kinds), rows, 1)  # fmt: skip


def _models(section: Section) -> Table | None:
    rows = dict.fromkeys((r.model, r.method, r.settings) for r in section.rows)
    return _table(section, "model-settings", "Settings of the models",
                  ("model", "trained on", "settings"), list(rows), 3)  # fmt: skip


def _seeds(section: Section) -> Table | None:
    rows = [
        (run_label(g, section.graphs), str(g.condensed.provenance.seed), MISSING)
        for g in section.graphs
    ]
    rows = [] if section.rows else rows
    for method in dict.fromkeys(r.method for r in section.rows):
        own = [r for r in section.rows if r.method == method]
        condensed = sorted({r.condense_seed for r in own if r.condense_seed is not None})
        trained = sorted({r.train_seed for r in own})
        rows.append(
            (method, ", ".join(map(str, condensed)) or MISSING, ", ".join(map(str, trained)))
        )
    return _table(
        section, "seeds", "Seeds", ("trained on", "of condensing", "of training"), rows, 3
    )


def _versions(section: Section) -> Table | None:
    columns: dict[str, dict[str, str]] = {}
    for g in section.graphs:
        columns.setdefault(
            f"condensing ({run_label(g, section.graphs)})", g.condensed.provenance.versions
        )
    for path, content in section.records:
        if isinstance(content.get("versions"), dict):
            columns[f"{content.get('command', '?')} ({path.parent.name})"] = content["versions"]
    different: dict[str, dict[str, str]] = {}
    for name, versions in columns.items():
        if versions not in different.values():  # Columns that say the same are one.
            different[name] = versions
    names = dict.fromkeys(package for versions in different.values() for package in versions)
    rows = [(n, *(str(v.get(n, MISSING)) for v in different.values())) for n in names]
    return _table(section, "versions", "Versions", ("package", *different), rows, 1)


def _table(
    section: Section,
    name: str,
    title: str,
    headers: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    left: int,
) -> Table | None:
    found = tuple(rows)
    if not found:
        return None
    return Table(f"{section.slug}-{name}", f"{title}, {section.title}", headers, found, left)


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
