"""The edges of a condensed graph: which pairs may be joined, which are, and with what weights."""
