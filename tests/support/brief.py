"""Settings with which methods that take long by default take a moment."""

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
BRIEF: dict[str, dict[str, Any]] = {
    "srgm": {"epochs": 2, "outer": 3, "check_every": 2},
    "gcond": {"epochs": 4, "outer": 2, "inner": 1, "period": 2, "edge_epochs": 1},
    "gcondx": {"epochs": 3, "outer": 2, "inner": 1, "check_every": 2},
    "doscond": {"epochs": 4, "period": 2, "edge_epochs": 1, "check_every": 2},
    "msgc": {"epochs": 4, "outer": 2, "inner": 1, "period": 2, "edge_epochs": 1, "check_every": 2},
    "sgdd": {"epochs": 4, "outer": 2, "inner": 1, "period": 2, "edge_epochs": 1, "check_every": 2},
    "simgc": {"steps": 4, "check_every": 2, "edge_steps": 1, "feature_steps": 1},
    "hgcond": {"epochs": 2, "outer": 2, "check_every": 2, "start_epochs": 5},
    "gcdm": {"epochs": 4, "check_every": 2, "edge_epochs": 1, "feature_epochs": 1},
    "gcdmx": {"epochs": 2, "check_every": 2},
    "gcsntk": {"epochs": 4, "check_every": 2},
    "sfgc": {**STUDENTS, "starts": 2},
    "geom": {
        **STUDENTS,
        "expert_epochs": 9,
        "starts": 3,
        "first_starts": 2,
        "easy_epochs": 6,
    },
}
"""Method -> its settings; other methods are quick as they are."""
