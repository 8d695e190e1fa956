"""Condense a graph and evaluate the result in Python.

python examples/condense_and_evaluate.py
"""

from condense.budget import plan
from condense.datasets.amazon1_simulated import simulate_amazon1
from condense.run import condense
from condense.running.steps import Step
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.results.rows import WHOLE
from evaluate.results.table import as_graphs, as_text, summarise
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings

# Two per cent of the simulated AMAZON-1: 1,162 items with text and image, four relations, 12 classes.
whole = simulate_amazon1(scale=0.02)
budget = plan(whole, ratio=0.03)
print(
    f"{budget.nodes['item']} of {whole['item'].num_nodes} items, {sum(budget.edges.values())} edges"
)


def on_step(step: Step) -> None:
    """Print the progress; `step.values` also holds loss, conflict rate, edge mass and more."""
    if step.index % 20 == 0:
        values = step.values
        print(f"step {step.index} of {step.total}: validation micro-F1 {values['val_score']:.3f}")


# The condenser never sees a test label. `random` is the baseline that every method must beat.
small = condense(whole, budget, "srgm", {"epochs": 6}, on_step=on_step)
baseline = condense(whole, budget, "random")

# The task hides the test labels during training and scales all graphs in the same way.
task = EvaluationTask.of(whole)
training_graphs = [
    TrainingGraph(WHOLE, task.trained_whole()),
    TrainingGraph("srgm", small.graph, small),
    TrainingGraph("random", baseline.graph, baseline),
]
protocol = Protocol(models=("mlp", "sgc"), seeds=2, training=TrainSettings(epochs=60))
rows = evaluate(task, training_graphs, protocol)

print(f"\n{task.title}\n")
lines = summarise(rows)
print(as_text(lines))
print("\n" + as_graphs(lines))
