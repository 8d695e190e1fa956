"""Condense and evaluate in Python, to see what the small graph is worth.

python examples/condense_and_evaluate.py
"""

from condense.budget import plan
from condense.data.datasets.amazon1_simulated import simulate_amazon1
from condense.methods.protocol import Step
from condense.run import condense
from evaluate.arena import Arena
from evaluate.evaluator import evaluate
from evaluate.protocol import Contestant, Protocol
from evaluate.results import WHOLE
from evaluate.table import as_graphs, as_text, summarise
from evaluate.train import TrainSettings

# Two per cent of the simulated AMAZON-1: 1,162 items with text and image, four relations, 12 classes.
whole = simulate_amazon1(scale=0.02)
budget = plan(whole, ratio=0.03)
print(
    f"{budget.nodes['item']} of {whole['item'].num_nodes} items, {sum(budget.edges.values())} edges"
)


def on_step(step: Step) -> None:
    """Watch the run; loss, conflict rate, edge mass and more are in `step.values`."""
    if step.index % 20 == 0:
        values = step.values
        print(f"step {step.index} of {step.total}: validation micro-F1 {values['val_score']:.3f}")


# The condenser never sees a test label. `random` is the rival that any method must beat.
small = condense(whole, budget, "srgm", {"epochs": 6}, on_step=on_step)
rival = condense(whole, budget, "random")

# The arena hides test labels from all that trains, and scales all graphs alike.
arena = Arena.of(whole)
contestants = [
    Contestant(WHOLE, arena.trained_whole()),
    Contestant("srgm", small.graph, small),
    Contestant("random", rival.graph, rival),
]
protocol = Protocol(models=("mlp", "sgc"), seeds=2, training=TrainSettings(epochs=60))
rows = evaluate(arena, contestants, protocol)

print(f"\n{arena.title}\n")
lines = summarise(rows)
print(as_text(lines))
print("\n" + as_graphs(lines))
