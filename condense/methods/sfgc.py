"""SFGC: condensed nodes without edges, on which a network moves as experts did on the whole graph.

Zheng, Zhang, Chen, Nguyen, Zhu and Pan: Structure-free Graph Condensation: From Large-scale Graphs to
Condensed Graph-free Data, NeurIPS 2023. Experts are two-layer GCNs that are trained on the whole graph; θ*_t
are the parameters of one after t epochs. With A' = I, a student that starts from θ*_t and is trained on X'
for q steps is to be where the expert was p epochs on:

    min over X'   ‖θ̂_{t+q} − θ*_{t+p}‖² / ‖θ*_t − θ*_{t+p}‖²,   t drawn anew for every update.

Modalities lie side by side in one feature matrix, and the graph is the union of the meta-paths back to the
target type. We depart from the paper and its authors' code in these points:

- The best X' is chosen by a linear network's score on validation nodes; theirs by the mean squared error of
  ridge regression with a graph neural tangent kernel there.
- Experts and students read features of which the rows of S X have length 1. The authors' bags of words for
  Cora have .155, on which the same networks need six to ten times as many steps: our p and q are a sixth and
  a fifth of theirs, and students start from each of the first epochs in place of every tenth.
- 10 experts in place of 200, and 500 updates in place of 2,000.
- Experts learn by gradient descent, as theirs for Cora and ogbn-arxiv; Adam, theirs elsewhere, is left out.
  They are trained no further than students are to reach.
- The student's learning rate stays; theirs learns with rate 10⁻⁶ and hardly moves.
- Nodes at the start are those that k-center chooses by the hidden units of a network that is trained as an
  expert is; theirs has dropout, and learns by Adam.

`--input-length .155 --ahead 1200 --student-steps 500 --every 10 --experts 200 --epochs 2000` are the authors'
settings for 2.6 % of Cora.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT
from condense.methods.trajectories.settings import TrajectorySettings

if TYPE_CHECKING:
    from condense.methods.protocol import Outcome, Task


@dataclass(frozen=True, config=STRICT)
class SFGCSettings(TrajectorySettings):
    """Settings of SFGC; "theirs" is what the authors' code has for 2.6 % of Cora.

    It reads the modalities side by side as one feature matrix, and as edges the union of the meta-paths
    back to the target type; it saves neither edges nor nodes of other types.

    Attributes:
        epochs: update the condensed nodes this many times (theirs: 2000).
        ahead: p: the student is to be where the expert is after so many epochs (theirs: 1200, on shorter
            inputs).
        student_steps: q: the student is trained for so many steps (theirs: 500, on shorter inputs).
        starts: students start from one of so many states of the expert (theirs: 4).
    """

    epochs: int = Field(default=500, ge=0)
    ahead: int = Field(default=200, ge=1)
    student_steps: int = Field(default=100, ge=1)
    starts: int = Field(default=4, ge=1)


def condense(task: Task, settings: SFGCSettings) -> Outcome:
    """Train the experts, then match them; with `epochs` 0, only choose the nodes at the start."""
    from condense.methods.trajectories.buffer import Schedule
    from condense.methods.trajectories.condensing import condense_to_match
    from condense.methods.trajectories.matching import Aim, Window

    reached = (settings.starts - 1) * settings.every + settings.ahead
    schedule = Schedule(
        settings.experts, settings.hidden, settings.lr_expert, reached,
        settings.starts, settings.every, settings.ahead,
    )  # fmt: skip
    return condense_to_match(
        task,
        schedule,
        Window(settings.starts, settings.starts, 1, settings.every),
        Aim(settings.ahead, settings.student_steps, settings.lr_student),
        curriculum=None,
        input_length=settings.input_length,
        lr_features=settings.lr_features,
        lr_labels=None,
        epochs=settings.epochs,
        check_every=settings.check_every,
    )
