"""Says in the words of the command line what `condense.data.from_pyg` says in those of Python."""

from __future__ import annotations

import ast
import re

NAME = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
PLACE = re.compile(
    rf"graph\[({NAME}|\({NAME}, {NAME}, {NAME}\))\](?:\.([\w<>…-]+(?:\[[\d, ]+\])?))?"
)
OPTIONS = {
    re.compile(r"modalities=\{'(\w+)': '(\w+)'\}"): r"--modalities \1:\2",
    re.compile(r"target=…"): "--target",
    re.compile(r"split=…"): "--split-index",
    re.compile(rf"edge_weight=({NAME})"): r"--edge-weight \1",
}
"""Arguments of `from_pyg` as its messages name them -> the options of `prepare`."""
WHOLE = re.compile(r"\bgraph\.(\w+)")


def in_words(message: str) -> str:
    """A message of `from_pyg` with options in place of arguments, and places in words.

    graph['paper'].y becomes y of 'paper', graph[('a', 'by', 'b')].edge_index edge_index of a / by / b.
    """
    for argument, option in OPTIONS.items():
        message = argument.sub(option, message)
    return WHOLE.sub(r"\1 of the graph", PLACE.sub(_place, message))


def _place(match: re.Match[str]) -> str:
    key = ast.literal_eval(match[1])
    owner = match[1] if isinstance(key, str) else " / ".join(key)
    return f"{match[2]} of {owner}" if match[2] else owner
