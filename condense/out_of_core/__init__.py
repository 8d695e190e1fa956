"""Condensing a whole graph that stays on disk: the same clusters and spread as in memory, block by block."""
