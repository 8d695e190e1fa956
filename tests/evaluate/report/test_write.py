"""The page: well-formed, self-contained, and with the numbers of the rows in it."""

from __future__ import annotations

import csv
import html
import re
import shutil
import statistics
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from condense.errors import FileError, UserError
from evaluate.report.write import Written, report
from tests.support.paths import ROOT

VOID = {"meta", "link", "br", "wbr", "img", "hr", "input"}


class Page(HTMLParser):
    """Tags that nest, and what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.headings: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        self.ids += [v for k, v in attrs if k == "id" and v]
        self.references += [
            v for k, v in attrs if k in ("src", "href", "srcset", "data", "xlink:href") and v
        ]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
        elif tag in ("h1", "h2", "h3"):
            self.headings.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and self.open[-1] in ("th", "td"):
            self.tables[-1][-1][-1] += data
        elif self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings[-1] += data

    @property
    def said(self) -> str:
        return plain("".join(self.text))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


@pytest.fixture(scope="module")
def written(tiny, tmp_path_factory: pytest.TempPathFactory) -> Written:
    out = tmp_path_factory.mktemp("report") / "small.html"
    return report([tiny.results, tiny.search], out)


@pytest.fixture(scope="module")
def page(written: Written) -> Page:
    return Page(written.page.read_text())


def test_it_is_well_formed_and_needs_no_other_file(page: Page, written: Written) -> None:
    assert len(set(page.ids)) == len(page.ids)
    for reference in page.references:
        assert reference.startswith(("#", "data:image/png;base64,")), reference[:80]
        if reference.startswith("#"):
            assert reference[1:] in page.ids
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    style = re.findall(r"<style>(.*?)</style>", written.page.read_text(), re.DOTALL)[0]
    assert "url(" not in style
    assert "@import" not in style
    assert written.page.stat().st_size < 1_000_000


def test_title_and_headings(page: Page, written: Written) -> None:
    assert page.headings[0] == "small (simulated) condensed to 16 of 80 movie nodes"
    title = re.findall(r"<title>(.*?)</title>", written.page.read_text())[0]
    assert title.startswith("small (simulated) condensed to 16 of 80 movie nodes")
    for heading in (
        "How much is kept", "What it costs", "Architecture search", "The condensed graphs",
        "How it was condensed", "Settings, seeds, versions", "Works to cite",
    ):  # fmt: skip
        assert heading in page.headings


def test_simulated_data_is_marked_wherever_it_is_named(page: Page, written: Written) -> None:
    assert "Simulated data. small is made up by a program" in page.said
    for file in written.folder.iterdir():
        assert file.name.startswith("small-simulated-"), file
        if file.suffix in (".md", ".svg"):
            assert "small (simulated)" in file.read_text(), file


def test_numbers_are_those_of_the_rows(page: Page, tiny) -> None:
    def mean(method: str, model: str) -> float:
        return statistics.fmean(
            r.micro_f1
            for r in tiny.rows
            if (r.method.partition(":")[0], r.model) == (method, model)
        )

    table = next(t for t in page.tables if t[0] == ["trained on", "mlp", "sgc", "gcn", "mean"])
    for row in table[1:]:
        method = row[0].partition(":")[0]
        kept = [100 * mean(method, m) / mean("whole", m) for m in ("mlp", "sgc", "gcn")]
        expected = [f"{v:.1f} %" for v in (*kept, statistics.fmean(kept))]
        assert [plain(text) for text in row[1:]] == expected
    assert [row[0].partition(":")[0] for row in table[1:]] == ["srgm", "random"]
    scores = next(t for t in page.tables if t[0] == ["trained on", "mlp", "sgc", "gcn"])
    for row in scores[1:]:
        method = row[0].partition(":")[0]
        for model, text in zip(("mlp", "sgc", "gcn"), row[1:], strict=True):
            assert text.startswith(f"{100 * mean(method, model):.1f} ± ")
    sizes = next(t for t in page.tables if t[0][0] == "graph" and "bytes" in t[0])
    assert {row[0]: row[1] for row in sizes[1:]}["whole"] == "140"


def test_the_search_is_told_with_its_interval(page: Page) -> None:
    assert (
        "Search on the condensed graph: Kendall's τ 0.87 [0.61, 1.00], regret 0.4 points"
        in page.said
    )
    top = next(t for t in page.tables if t[0][:3] == ["rank", "model", "settings"])
    assert top[1][:5] == ["1", "hgt", "width=8", "70.0 ± 0.0", "68.5 ± 0.7"]


def test_several_searches_are_told_apart(tiny, tmp_path: Path) -> None:
    shutil.copytree(tiny.search, tmp_path / "again")
    page = Page(report([tiny.search, tmp_path / "again"], tmp_path / "r.html").page.read_text())
    assert len(set(page.ids)) == len(page.ids)
    for name in ("search", "again"):
        assert f"{name}: Search on the condensed graph: Kendall's τ 0.87" in page.said
        assert f"{name}: condensed graph against whole graph" in page.said


def test_classes_are_those_of_training_nodes_alone(page: Page, tiny) -> None:
    store = tiny.whole["movie"]
    counts = [int((store.y[store.train_mask] == c).sum()) for c in range(3)]
    table = next(t for t in page.tables if t[0] == ["graph", "class 0", "class 1", "class 2"])
    assert [int(text.split(" ")[0]) for text in table[1][1:]] == counts
    assert table[1][0] == f"whole, {sum(counts)} training nodes"


def test_csv_markdown_and_page_are_equal(page: Page, written: Written) -> None:
    files = sorted(written.folder.glob("*.csv"))
    assert len(files) == written.tables == len(page.tables)
    for file in files:
        with file.open(newline="") as stream:
            rows = list(csv.reader(stream))
        assert rows in page.tables, file
        lines = [
            line
            for line in file.with_suffix(".md").read_text().splitlines()
            if line.startswith("|")
        ]
        told = [
            [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\) \| ", line[2:-2])]
            for k, line in enumerate(lines)
            if k != 1
        ]
        assert told == rows, file


def test_every_figure_is_described_and_has_its_files(page: Page, written: Written) -> None:
    figures = [values for tag, values in page.tags if tag == "svg"]
    assert len(figures) == written.figures
    for values in figures:
        assert values["role"] == "img"
        assert len(values["aria-label"] or "") > 20
    names = {file.stem for file in written.folder.glob("*.svg")}
    assert names == {file.stem for file in written.folder.glob("*.png")}
    assert len(names) == written.figures
    kinds = (
        "retention bytes seconds loss conflicts energy edge-mass validation 0-graph 0-features-text "
        "0-features-image classes search-condensed"
    )
    for kind in kinds.split():
        assert f"small-simulated-{kind}" in names


def test_every_table_has_a_name(page: Page) -> None:
    for tag, values in page.tags:
        if tag == "table":
            assert values["aria-labelledby"] in page.ids


def test_settings_versions_seeds_and_citations(page: Page) -> None:
    for said in ("outer", "2.13.0", "@misc{srgm,", "@inproceedings{gcn,", "@inproceedings{optuna,"):
        assert said in page.said
    assert ["random", "0", "0, 1, 2"] in [row for table in page.tables for row in table]


def test_without_the_whole_graph_the_report_says_so(tiny, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    hidden = tiny.folder / "whole.h5"
    hidden.rename(tmp_path / "moved" / "whole.h5")
    try:
        found = report(tiny.files[:1], tmp_path / "r.html")
        named = report(tiny.files[:1], tmp_path / "s.html", whole=tmp_path / "moved" / "whole.h5")
    finally:
        (tmp_path / "moved" / "whole.h5").rename(hidden)
    said = Page(found.page.read_text()).said
    assert "The whole graph could not be loaded" in said
    assert "which is not there; give --whole FILE" in said
    assert "The condensed graph has not been evaluated" in said
    assert not list(found.folder.glob("*features*"))
    assert "could not be loaded" not in Page(named.page.read_text()).said
    assert list(named.folder.glob("*features-text.svg"))
    assert "whole.h5" in found.notes[0]


def test_results_alone_and_names_are_escaped(tiny, tmp_path: Path) -> None:
    text = (tiny.results / "results.csv").read_text().replace("\nsmall,simulated", "\n<b>&,real")
    (tmp_path / "results.csv").write_text(text)
    found = report([tmp_path / "results.csv"], tmp_path / "r.html")
    page = Page(found.page.read_text())
    assert page.headings[0] == "<b>& (real) condensed to 20.00\N{NO-BREAK SPACE}%"
    assert "b" not in {tag for tag, _ in page.tags}
    assert html.escape("<b>&") in found.page.read_text()


def test_two_data_sets_are_two_sections(tiny, tmp_path: Path) -> None:
    text = (tiny.results / "results.csv").read_text().replace("\nsmall,simulated", "\nother,real")
    (tmp_path / "results.csv").write_text(text)
    page = Page(
        report([tiny.results / "results.csv", tmp_path], tmp_path / "r.html").page.read_text()
    )
    assert {"small-simulated", "other"} <= set(page.ids)
    assert {"#small-simulated", "#other"} <= set(page.references)
    assert page.headings[:2] == [
        "small (simulated) and other (real)",
        "small (simulated) condensed to 20.00\N{NO-BREAK SPACE}%",
    ]


def test_where_it_cannot_be_written(tiny, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must end in .html; try --out .*r.html"):
        report([tiny.results], tmp_path / "r.pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        report([tiny.results], tmp_path / "file" / "r.html")


def test_files_beside_the_code_are_packaged() -> None:
    root = ROOT
    project = tomllib.loads((root / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["evaluate.report"]
    package = root / "evaluate" / "report"
    packed = {file for pattern in patterns for file in package.glob(pattern)}
    beside = {f for f in package.rglob("*") if f.is_file() and f.suffix not in (".py", ".pyc")}
    assert packed == beside
