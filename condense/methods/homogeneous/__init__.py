"""Graphs as most condensers of the literature read them: one node type, one feature matrix, one adjacency."""
