"""A sweep over architectures on a condensed graph; the best are retrained on the whole one and tested.

python examples/sweep.py

`cli.py search` does this on all cores or on several machines, stops hopeless trials early, and goes on after
a kill; here is what it is made of.
"""

from dataclasses import replace
from pathlib import Path

from condense.budget import plan
from condense.datasets.amazon1_simulated import simulate_amazon1
from condense.run import condense
from evaluate.results.rows import Row
from evaluate.search.space import read_space, sample
from evaluate.search.top import retrain
from evaluate.search.trial import TrialData, run_trial
from evaluate.training.task import EvaluationTask

SPACE = Path(__file__).parents[1] / "configs" / "space.toml"

# A condensed graph is made once; then every architecture trains on it in a moment.
whole = simulate_amazon1(scale=0.02)
small = condense(whole, plan(whole, ratio=0.03), "srgm", {"epochs": 6})
task = EvaluationTask.of(whole)
data = TrialData.of(task, task.admit(small.graph))

# The space is a TOML file: model families, and the values of their settings.
space = replace(read_space(SPACE), epochs=60)
print(f"{space.size:,} architectures in {SPACE.name}; ten of them, on the condensed graph:\n")

# Scores are on the whole graph's validation nodes, whatever is trained on.
found = []
for architecture in sample(space, 10, seed=0):
    result = run_trial(data, architecture, space.epochs, space.check_every, seed=0)
    score, seconds = result.val_micro_f1, result.train_seconds
    found.append((score, architecture))
    print(f"{score:.3f}  {seconds:4.1f} s  {architecture.model}: {architecture.text}")
found.sort(key=lambda one: one[0], reverse=True)


def on_row(row: Row) -> None:
    """Say what a retrained architecture is worth; `top.csv` keeps the rows."""
    print(f"{row.micro_f1:.3f}  {row.train_seconds:4.1f} s  {row.model}")


# The best two alone are trained on the whole graph, and alone see the test nodes: once.
print("\nThe best two, trained on the whole graph: test micro-F1\n")
retrain(task, [architecture for _, architecture in found[:2]], space, 1, Path("top.csv"), on_row)
