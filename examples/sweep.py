"""A sweep over architectures on a condensed graph; the best is retrained on the whole one and tested.

python examples/sweep.py
"""

from dataclasses import replace
from itertools import product

from condense.budget import plan
from condense.data.datasets.amazon1_simulated import simulate_amazon1
from condense.run import condense
from evaluate.arena import Arena
from evaluate.metrics import score
from evaluate.train import TrainSettings, predict
from evaluate.tune import Candidate, fit
from models.registry import MODELS

# A condensed graph is made once; then every architecture trains on it in a moment.
whole = simulate_amazon1(scale=0.02)
small = condense(whole, plan(whole, ratio=0.03), "srgm", {"epochs": 6})
arena = Arena.of(whole)
trained_on = arena.admit(small.graph)

# The space: three families, two widths, two rates. Settings that are not named stay at a family's defaults.
found = []
for name, hidden, lr in product(("mlp", "gcn", "graphsage"), (16, 64), (0.003, 0.01)):
    entry = MODELS[name]
    training = replace(TrainSettings(epochs=60), **{**entry.training, "lr": lr})
    choice = Candidate(entry.settings(hidden=hidden), training)
    result = fit(entry, choice, arena, trained_on, seed=0)  # Validated on the whole graph's nodes.
    found.append((result.val_micro_f1, name, choice))
    print(f"{name:<10} hidden {hidden:>2}  lr {lr:<5g}  validation {result.val_micro_f1:.3f}  "
          f"{result.train_seconds:.2f} s")  # fmt: skip

# The winner alone is trained on the whole graph, and alone sees the test nodes: once.
best, name, choice = max(found, key=lambda one: one[0])
result = fit(MODELS[name], choice, arena, arena.training, seed=0)
predicted = predict(result.model, arena.whole, arena.test_rows()).argmax(dim=1)
tested = score(predicted, arena.test_labels(), whole.num_classes)
print(f"\n{name} ({choice.model}) was best on the condensed graph ({best:.3f}).")
print(
    f"Trained on the whole graph: test micro-F1 {tested.micro_f1:.3f}, {result.train_seconds:.1f} s."
)
