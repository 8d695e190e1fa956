"""Ways to condense a graph, one a file, with its settings beside it."""
