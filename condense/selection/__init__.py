"""Condensed graphs of original nodes: which are chosen, and the edges among them."""
