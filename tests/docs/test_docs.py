"""The site: built strictly, complete, and readable without a network."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import cli
from commands.candidates import candidates
from commands.comparison import as_record
from condense.inspecting.facts import facts
from condense.io import load_condensed
from condense.methods.registry import METHODS
from evaluate.reproduce import read_plan
from evaluate.results.store import Failure
from evaluate.search.rank import Interval, Spread
from evaluate.search.ranking_quality import RankingQuality, Verification
from models.registry import MODELS
from tests.evaluate.results.test_paired import row
from tests.support.graphs import small_condensed

ROOT = Path(cli.__file__).parent
DOCS = ROOT / "docs"
NOTES = DOCS / "results" / "notes"  # Of which the results pages are made.
SITE = [page for page in sorted(DOCS.rglob("*.md")) if NOTES not in page.parents]
PAGES = [ROOT / "README.md", *SITE]


def test_pages_name_every_method_model_and_command() -> None:
    for page, names in (("methods", METHODS), ("models", MODELS), ("commands", cli.COMMANDS)):
        text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
        for name in names:
            assert f"| `{name}` |" in text


def test_keys_of_json_are_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    rows = [row(method, "mlp", seed, 0.5) for method in ("ours", "theirs") for seed in (0, 1)]
    record = as_record("", "", "", rows, [])
    evaluated = record.keys() | record["summary"][0].keys() | record["paired"][0].keys()
    kinds = (Failure, Verification, RankingQuality, Interval, Spread)
    fields = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    searched = {"condensed_hash", "search_seconds", "val_micro_f1", "verify"}
    inspected = facts(small_condensed()).keys() | {"file", "warnings"}
    for key in evaluated | (fields - {"sides", "rows"}) | searched | inspected:
        assert f"`{key}`" in text, key


def test_plans_in_the_pages_can_be_read(tmp_path: Path) -> None:
    plans = 0
    for page in PAGES:
        for text in re.findall(r"```toml\n(.+?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            if "[[published]]" in text:
                (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
                read_plan(tmp_path / "plan.toml")
                plans += 1
    assert plans


def test_command_lines_have_options_that_exist() -> None:
    seen = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in re.findall(r"^[ $]*python cli\.py (.+)$", text, re.MULTILINE):
            words = re.split(r"\s+", re.split(r"\s[#>|]|\)", line)[0].strip())
            for i, word in enumerate(words):
                if word.startswith("--") and words[0] in cli.COMMANDS:
                    flag = word.partition("=")[0]
                    assert flag in candidates(cli.COMMANDS, [*words[:i], flag]), (page.name, line)
                    seen += 1
    assert seen > 50


def test_python_in_the_pages_compiles() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            compile(block, page.name, "exec")


def test_python_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len([line for line in block.splitlines() if line]) == 8
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert load_condensed(tmp_path / "small.h5").graph["item"].num_nodes == 35
    assert names["small"].provenance.method == "mixture"


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert listed == {page.relative_to(DOCS).as_posix() for page in SITE}


def test_links_lead_to_files_and_those_of_the_site_do_not_leave_it() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                target = (page.parent / link).resolve()
                assert target.exists(), (page.name, link)
                assert page.name == "README.md" or DOCS in target.parents, (page.name, link)


def test_the_readme_says_that_amazon1_is_simulated() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert "`amazon1` is **simulated** unless its real files are below `data/amazon1`" in text


def formulas() -> Any:
    """The hook, which is no module of a package."""
    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("formulas", DOCS / "formulas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_formulas_are_drawn_and_keep_their_tex_for_readers_aloud() -> None:
    hook = formulas()
    page = SimpleNamespace(file=SimpleNamespace(src_uri="methods.md"))
    paragraph = '<p>So <span class="arithmatex">\\(n\' &lt; n\\)</span>.</p>'
    drawn = hook.on_page_content(paragraph, page=page)
    assert drawn.startswith('<p>So <span class="unbroken"><svg')
    assert drawn.endswith("</svg>.</span></p>")
    assert 'aria-label="n&#x27; &lt; n"' in drawn
    block = hook.on_page_content('<div class="arithmatex">\\[\\frac{1}{2}\\]</div>', page=page)
    assert block.startswith('<div class="formula"><svg')
    # A formula twice as wide has twice the width.
    one, two = (float(re.findall(r"width:([\d.]+)em", hook.drawn(tex))[0]) for tex in ("M", "MM"))
    assert two == pytest.approx(2 * one, rel=0.15)
    wrong = '<span class="arithmatex">\\(\\nosuch\\)</span>'
    with pytest.raises(Exception, match=r"methods\.md: cannot draw .*nosuch"):
        hook.on_page_content(wrong, page=page)


@pytest.mark.slow
def test_the_site_is_built_strictly_and_needs_no_network(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8")
        for path in tmp_path.rglob("*.html")
    }
    assert {"index.html", "methods.html", "api.html", "results/index.html"} <= set(pages)
    assert not [name for name in pages if "notes" in name]
    for name, page in pages.items():
        fetched = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]*)"', page)
        fetched += re.findall(r'<link[^>]* href="([^"]*)"', page)
        assert not [url for url in fetched if url.startswith(("http", "//"))], name
        for picture in re.findall(r'<img[^>]* src="([^"]*)"', page):
            assert (tmp_path / name).parent.joinpath(picture).exists(), (name, picture)
        assert "arithmatex" not in page, f"a formula of {name} was not drawn"
    assert pages["methods.html"].count('role="img"') > 40
    for sheet in tmp_path.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet
    assert "dirichlet_energy" in pages["api.html"]
