"""Files of what to reproduce, and a graph that counts as real."""

from __future__ import annotations

from pathlib import Path

from condense.data.graph import MultimodalGraph
from condense.io import save
from tests.support.graphs import small_graph

PLAN = """
dataset = "{dataset}"
scaling = "none"
seeds = 2

[training]
epochs = 6
check_every = 2
weight_decay = 0.001

[models.mlp]

[models.gcn]
settings = {{ hidden = 8, dropped = "entries" }}
training = {{ epochs = 4, lr = 0.02 }}

[[published]]
model = "gcn"
value = 50.0
source = "Somebody (2020), Table 1"
bar = 0.0

[[published]]
model = "gcn"
metric = "macro_f1"
value = 60.0
source = "Somebody (2020), Table 1"

[[published]]
model = "mlp"
value = 70.0
source = "Somebody else"
bar = 100.0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text)
    return path


def real_graph(folder: Path) -> MultimodalGraph:
    graph = small_graph(num_target=80)
    graph.source = "real"
    save(folder / "mine.h5", graph)
    return graph
