"""Ways to condense a graph, one a file."""
