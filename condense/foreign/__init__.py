"""Condensed graphs that other tools made, as ours: so that one protocol judges all."""

from condense.foreign.graph import ForeignFiles, Format, import_graph

__all__ = ["ForeignFiles", "Format", "import_graph"]
