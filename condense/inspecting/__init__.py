"""Describes the contents of a graph, as lines of text and as plain data."""
