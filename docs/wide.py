"""A hook of mkdocs: pages of results have wide tables, and no table of contents beside them."""

from __future__ import annotations

from typing import Any


def on_page_markdown(markdown: str, page: Any, **named: Any) -> str:
    """Hide the table of contents of a page below results/."""
    if page.file.src_uri.startswith("results/"):
        page.meta["hide"] = ["toc"]
    return markdown
