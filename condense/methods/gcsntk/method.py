"""GC-SNTK: condensation by kernel ridge regression, in one loop without a network.

Wang, Fan, Li, Ma and Li, "Fast Graph Condensation with Structure-based Neural Tangent Kernel" (WWW 2024,
arXiv 2310.11046), and the authors' code. Condensed nodes S = (X', Y'), without edges, are what a kernel
machine is fitted on, and learn to predict the training nodes T of the whole graph:

    min over X', Y':  ½ ‖Y_T − K_TS (K_SS + λ I)⁻¹ Y'‖²                        (equations 2, 3 and 5)

K is the structure-based neural tangent kernel, see `condense.methods.gcsntk.kernel`: for T on the edges
among training nodes, for S with A' = I, the authors' default. T's features are propagated over the whole
graph first (section 4.1): that is how X' knows of other nodes.

Where we depart from the paper:

- Its equation (17) lacks the factor c before π − arccos c, and its kernel function's coefficient is 1/2π;
  we take the kernel of the authors' code, which is that of ReLU layers. The code also takes the mean over
  neighbours where the text divides by the sum's norm.
- The authors' code applies softmax to the predictions before the loss. We take equation (3), which has none.
- Condensed nodes start with the classes of the budget in place of random numbers, and Y' stays a distribution
  over the classes: after each step it is projected to the nearest one. `y` keeps the class of the budget.
- Features have unit scale by modality, not by column, see `condense.data.features`.
- The best graph on validation nodes is kept, for a linear classifier on X'; the paper keeps the last.
- The paper's variant that joins nearest condensed nodes by edges before learning is left out.

Modalities are taken side by side, and the union of the meta-paths back to the target type stands for the
edges, see `condense.methods.homogeneous.graph`.

Memory: propagated features of all target nodes, and a few dozen times `batch` · (n' + `batch`) numbers. With
more than `batch` training nodes, edges between two batches are left out of the kernel; they count in T's
features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from condense.methods.gcsntk.settings import GCSNTKSettings
from condense.methods.gcsntk.synthesis import KernelSynthesis, training_batches
from condense.methods.homogeneous.assembly import condensed_graph
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import synthesise, validator_of
from condense.methods.homogeneous.start import classes_of, random_training_nodes
from condense.methods.protocol import Outcome, Task
from condense.running.threads import threads_for


def condense(task: Task, settings: GCSNTKSettings) -> Outcome:
    """Learn condensed nodes from which kernel ridge regression predicts the training nodes."""
    with task.clock.stage("propagate"):
        view = HomogeneousGraph.of(task.graph)
        z = view.propagated(settings.hops)
        batches = training_batches(view, z, settings, task.generator)
    with task.clock.stage("start"):
        validator = validator_of(task, view, settings.hops)
        y = classes_of(view, task.budget)
        x = _start(task, view, z, settings)
        synthesis = KernelSynthesis(batches, x, y, view.num_classes, settings)
    largest = max(len(batch.target) for batch in batches)
    with task.clock.stage("synthesise"), threads_for(largest * max(len(y), x.size(1))):
        steps, rate = settings.epochs * len(batches), ("lr", settings.lr)
        reached = synthesise(task, synthesis, validator, steps, settings.check_every, rate)
    with task.clock.stage("finish"):
        small = condensed_graph(task.graph, view, synthesis.x.detach(), y)
        if settings.learn_labels:
            small[small.target].y_soft = synthesis.labels.detach()
    return Outcome(small, reached.history, reached.measures, reached.complete, reached.diverged)


def _start(task: Task, view: HomogeneousGraph, z: Tensor, settings: GCSNTKSettings) -> Tensor:
    """X' before the first update."""
    if settings.start == "nodes":
        return z[random_training_nodes(view, task.budget, task.generator)]
    shape = (sum(task.budget.classes), z.size(1))
    return torch.rand(shape, generator=task.generator, dtype=z.dtype, device=z.device)
