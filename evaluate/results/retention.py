"""How much of the whole graph's score a condensed graph keeps."""

from __future__ import annotations


def retention(score: float, whole: float) -> float:
    """Score ÷ whole; NaN if whole is 0."""
    return score / whole if whole else float("nan")


def corrected_retention(score: float, whole: float, majority: float) -> float:
    """(score − majority) ÷ (whole − majority): 0 for a model that learnt nothing, NaN if whole did not."""
    return (score - majority) / (whole - majority) if whole > majority else float("nan")
