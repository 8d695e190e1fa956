"""Search architectures on a condensed graph; retrain the best on the whole graph and test them.

python examples/sweep.py

`cli.py search` does this on all cores or on several machines, stops poor trials early and can be resumed;
this script shows its parts.
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

# The graph is condensed once; then every architecture trains on it quickly.
whole = simulate_amazon1(scale=0.02)
small = condense(whole, plan(whole, ratio=0.03), "srgm", {"epochs": 6})
task = EvaluationTask.of(whole)
data = TrialData.of(task, task.admit(small.graph))

# The space is a TOML file: model families, and the values of their settings.
space = replace(read_space(SPACE), epochs=60)
print(f"{space.size:,} architectures in {SPACE.name}; ten of them, on the condensed graph:\n")

# Every score is on the whole graph's validation nodes, whichever graph is used for training.
trials = []
for architecture in sample(space, 10, seed=0):
    result = run_trial(data, architecture, space.epochs, space.check_every, seed=0)
    score, seconds = result.val_micro_f1, result.train_seconds
    trials.append((score, architecture))
    print(f"{score:.3f}  {seconds:4.1f} s  {architecture.model}: {architecture.text}")
trials.sort(key=lambda trial: trial[0], reverse=True)


def on_row(row: Row) -> None:
    """Print the score of a retrained architecture; `top.csv` keeps the rows."""
    print(f"{row.micro_f1:.3f}  {row.train_seconds:4.1f} s  {row.model}")


# Only the best two are trained on the whole graph, and only they are tested, once.
print("\nThe best two, trained on the whole graph: test micro-F1\n")
retrain(task, [architecture for _, architecture in trials[:2]], space, 1, Path("top.csv"), on_row)
