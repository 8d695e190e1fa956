"""Condensing by matching how networks train on the whole graph: what SFGC and GEOM share."""
