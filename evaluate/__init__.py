"""Training models on whole and condensed graphs, and what the comparison shows."""
