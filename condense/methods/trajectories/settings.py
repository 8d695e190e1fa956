"""What the methods that match trajectories share in their settings."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT


@dataclass(frozen=True, config=STRICT)
class TrajectorySettings:
    """Settings of experts and students; "theirs" is what the authors' code has for 2.6 % of Cora.

    Attributes:
        experts: train this many experts on the whole graph (theirs: 200); their parameters take
            (2 starts + 1) · experts · (d + 1) · hidden numbers of memory.
        every: epochs between two of the states from which students start, the first of which is untrained
            (theirs: 10).
        hidden: units of the hidden layer of experts and students (theirs: 256).
        input_length: the root mean square length of the rows of S X that networks read (theirs: .155).
        lr_expert: learning rate of the experts (theirs: 0.4).
        lr_student: learning rate of the students (theirs: 0.5).
        lr_features: learning rate of Adam for the condensed features, which have unit scale (theirs: 0.0001
            for entries of scale .0071).
        check_every: validate once in this many updates.
    """

    experts: int = Field(default=10, ge=1)
    every: int = Field(default=1, ge=1)
    hidden: int = Field(default=256, ge=1)
    input_length: float = Field(default=1.0, gt=0, le=1e3)
    lr_expert: float = Field(default=0.4, gt=0, le=1e6)
    lr_student: float = Field(default=0.5, gt=0, le=1e6)
    lr_features: float = Field(default=0.014, gt=0, le=1e6)
    check_every: int = Field(default=10, ge=1)
