"""Reproduction of published figures: a TOML file lists what to train and what the papers report."""

from evaluate.reproduce.compare import Reproduced, as_records, as_text
from evaluate.reproduce.plan import Plan, Published, read_plan
from evaluate.reproduce.run import reproduce, reproduce_files
from evaluate.reproduce.scores import Score, read_scores, score_store

__all__ = [
    "Plan",
    "Published",
    "Reproduced",
    "Score",
    "as_records",
    "as_text",
    "read_plan",
    "read_scores",
    "reproduce",
    "reproduce_files",
    "score_store",
]
