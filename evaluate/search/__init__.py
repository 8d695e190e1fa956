"""Architecture search on a condensed graph, and how well its ranking holds on the whole graph."""
