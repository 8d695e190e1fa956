"""Architecture search on a condensed graph, and how far its ranking holds on the whole one."""
