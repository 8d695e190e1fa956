"""Adjacencies, meta-paths and the unions of these, as sparse operators and lists of edges."""
