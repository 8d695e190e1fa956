"""Warnings about a whole graph that obeys all rules, but is probably not what its user means."""

from __future__ import annotations

from condense.data.advice.of_graph import advice

__all__ = ["advice"]
