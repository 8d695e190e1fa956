"""Settings with which methods that match trajectories take a moment."""

from __future__ import annotations

from typing import Any

STUDENTS = {
    "epochs": 2,
    "experts": 2,
    "ahead": 5,
    "student_steps": 3,
    "hidden": 8,
    "check_every": 1,
}
SFGC: dict[str, Any] = {**STUDENTS, "starts": 2}
GEOM: dict[str, Any] = {
    **STUDENTS, "expert_epochs": 9, "starts": 3, "first_starts": 2, "easy_epochs": 6,
}  # fmt: skip
