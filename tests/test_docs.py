"""The site: built strictly, complete, and readable without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from condense.methods.registry import METHODS
from models.registry import MODELS

ROOT = Path(cli.__file__).parent
DOCS = ROOT / "docs"


def test_pages_name_every_method_model_and_command() -> None:
    for page, names in (("methods", METHODS), ("models", MODELS), ("commands", cli.COMMANDS)):
        text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
        for name in names:
            assert f"| `{name}` |" in text


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    there = {path.name for path in DOCS.glob("*.md")}
    assert listed <= there
    assert there - listed <= {"search.md", "report.md"}  # May come without this file being touched.


@pytest.mark.slow
def test_the_site_is_built_strictly_and_needs_no_network(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.html")}
    assert {"index.html", "methods.html", "format.html", "api.html"} <= set(pages)
    for name, page in pages.items():
        fetched = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]*)"', page)
        fetched += re.findall(r'<link[^>]* href="([^"]*)"', page)
        assert not [url for url in fetched if url.startswith(("http", "//"))], name
        assert "arithmatex" not in page, f"a formula of {name} was not drawn"
    assert pages["methods.html"].count('role="img"') > 40
    for sheet in tmp_path.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet
    assert "dirichlet_energy" in pages["api.html"]
