"""Limits of a graph, which keep a wrong number from filling the memory."""

from __future__ import annotations

MOST_CLASSES = 1_000_000
"""The most classes: several steps hold one number or more for each."""
MOST_NODES = 2**40
"""The most nodes of a type, so that products of counts and widths fit into 64 bits."""
LARGEST_FEATURE = 1e30
"""The largest feature that is condensed: sums of larger ones over many nodes overflow in float32."""
