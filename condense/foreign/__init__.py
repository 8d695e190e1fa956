"""Imports condensed graphs of other tools, so that one protocol evaluates all methods."""

from condense.foreign.graph import ForeignFiles, Format, import_graph

__all__ = ["ForeignFiles", "Format", "import_graph"]
