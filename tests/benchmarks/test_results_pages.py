"""The results pages, the forest plot and the README's figure say what the committed rows say."""

from __future__ import annotations

import csv
import html
import re
import statistics

import numpy as np
import pytest
from scipy import stats

from benchmarks import readme_figure, results_pages
from benchmarks.adaptive_svg import adaptive
from benchmarks.committed import HEADINGS, QUOTED, ROWS, lines_of
from benchmarks.equal_bytes import curves
from benchmarks.field import figure as field_figure
from benchmarks.forest import all_differences, as_csv, differences, forest, stamp
from benchmarks.results_pages import FIGURES, LARGE, README, RESULTS, pages
from benchmarks.tables import MODELS
from evaluate.report.figures.style import DARK, VARIABLES

RENEW = "renew it by `python -m benchmarks.results_pages`"


def test_pages_are_up_to_date_with_the_rows() -> None:
    for name, text in pages().items():
        assert (RESULTS / name).read_text(encoding="utf-8") == text, f"{name}: {RENEW}"


def test_the_readme_is_up_to_date_with_the_rows() -> None:
    assert README.read_text(encoding="utf-8") == results_pages.readme(), RENEW


def test_the_costs_on_disk_are_up_to_date_with_the_rows() -> None:
    assert LARGE.read_text(encoding="utf-8") == results_pages.large_graphs(), RENEW


def test_every_block_of_a_note_is_filled() -> None:
    for name, text in pages().items():
        assert not re.findall(r"<!-- (?!Generated)", text), name


def test_the_forest_plot_shows_the_numbers_of_the_rows() -> None:
    kept = (RESULTS / "forest.csv").read_text(encoding="utf-8")
    expected = list(csv.DictReader(as_csv(all_differences()).splitlines()))
    for record, ours in zip(csv.DictReader(kept.splitlines()), expected, strict=True):
        for name, value in ours.items():
            if name in ("table", "baseline"):
                assert record[name] == value, RENEW
            else:
                assert float(record[name]) == pytest.approx(float(value), abs=2e-4), RENEW
    assert stamp(kept) in (FIGURES / "forest.svg").read_text(encoding="utf-8"), RENEW


def test_the_curves_show_the_numbers_of_the_rows() -> None:
    drawing = (FIGURES / "equal_bytes.svg").read_text(encoding="utf-8")
    assert f"<title>{html.escape(curves.described(curves.points()))}</title>" in drawing, RENEW


def test_the_pareto_plots_show_the_numbers_of_the_rows() -> None:
    drawing = (FIGURES / "field.svg").read_text(encoding="utf-8")
    assert (
        f"<title>{html.escape(field_figure.described(results_pages.field_standings()))}</title>"
        in drawing
    ), RENEW


def test_the_readme_figure_shows_the_numbers_of_the_rows() -> None:
    summaries = [readme_figure.summary(table) for table in readme_figure.SETS]
    text = readme_figure.described(summaries, readme_figure.summary(readme_figure.DRAWN))
    drawing = (FIGURES / "readme.svg").read_text(encoding="utf-8")
    assert f"<title>{html.escape(text)}</title>" in drawing, (
        "renew it by `python -m benchmarks.readme_figure`"
    )


def scores(table: str, method: str) -> dict[int, list[float]]:
    """Condensing seed -> micro-F1 of all models, read without any code of the project."""
    found: dict[int, list[float]] = {}
    for model in MODELS:
        with (ROWS / table / f"{model}.csv").open(encoding="utf-8", newline="") as file:
            for record in csv.DictReader(file):
                if record["method"] == method:
                    score = 100 * float(record["micro_f1"])
                    found.setdefault(
                        int(record["condense_seed"] or record["train_seed"]), []
                    ).append(score)
    return found


@pytest.mark.parametrize("baseline", ["coarsening", "kmeans:labels=pseudo", "random"])
def test_a_difference_is_students_interval_of_the_raw_numbers(baseline: str) -> None:
    ours, theirs = scores("acm", "srgm"), scores("acm", baseline)
    leads = [np.mean(ours[seed]) - np.mean(theirs[seed]) for seed in sorted(ours)]
    family = differences("acm")
    (record,) = (d for d in family if d.baseline == baseline)
    error = np.std(leads, ddof=1) / np.sqrt(len(leads))
    assert record.mean == pytest.approx(np.mean(leads))
    assert record.half == pytest.approx(stats.t.ppf(0.975, len(leads) - 1) * error)
    together = stats.t.ppf(1 - 0.025 / len(family), len(leads) - 1)
    assert record.half_together == pytest.approx(together * error)
    assert (record.pairs, record.models) == (5, 5)


def test_quoted_means_enter_retention_but_no_difference() -> None:
    with (QUOTED / "photo.csv").open(encoding="utf-8", newline="") as file:
        quoted = {(r["method"], r["model"]): float(r["mean"]) for r in csv.DictReader(file)}
    lines = {(line.method, line.model): line for line in lines_of("photo")}
    ours = lines["srgm", "hgt"]
    assert ours.retention == pytest.approx(100 * ours.micro[0] / quoted["whole", "hgt"])
    whole = statistics.fmean(s for _, (s, *_) in scores_of_whole("photo", "sgc").items())
    assert lines["random", "sgc"].retention == pytest.approx(100 * quoted["random", "sgc"] / whole)
    assert {d.baseline for d in differences("photo")}.isdisjoint({"random", "herding", "kcenter"})


def scores_of_whole(table: str, model: str) -> dict[int, list[float]]:
    """Training seed -> [micro-F1] of a model on the whole graph."""
    with (ROWS / table / f"{model}.csv").open(encoding="utf-8", newline="") as file:
        return {
            int(r["train_seed"]): [100 * float(r["micro_f1"])]
            for r in csv.DictReader(file)
            if r["method"] == "whole"
        }


def test_every_table_shown_has_a_page() -> None:
    assert {heading.page for heading in HEADINGS.values()} <= {
        name.removesuffix(".md") for name in pages()
    }


def test_a_drawing_has_its_own_background_and_follows_the_colour_scheme() -> None:
    text = adaptive(forest(differences("cora")), "shows & tells", "<!-- stamp -->")
    assert "<!-- stamp -->" in text
    assert "<title>shows &amp; tells</title>" in text
    style = text[text.index("<style>") : text.index("</style>")]
    dark = style[style.index("dark") :]
    for colour, name in VARIABLES.items():
        assert f"--{name}: {DARK[colour]};" in dark
    body = text.replace(style, "")
    assert 'fill="var(--paper)"' in body or "fill: var(--paper)" in body
    assert not [c for c in VARIABLES if f": {c}" in body]
