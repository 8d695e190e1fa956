"""Condense your own graph: from PyG's HeteroData to a condensed graph in a file.

python examples/own_graph.py
"""

from pathlib import Path

import torch
from torch_geometric.data import HeteroData
from torch_geometric.transforms import ToUndirected

from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.errors import GraphError
from condense.inspecting.describe import describe
from condense.io import load_graph, save
from condense.run import condense

# A PyG graph: 600 books of 4 genres, and 150 authors who each write in one genre.
rng = torch.Generator().manual_seed(0)
books, authors, genres = 600, 150, 4
y = torch.randint(genres, (books,), generator=rng)
author = torch.randint(authors // genres, (books,), generator=rng) * genres + y
data = HeteroData()
data["book"].blurb = torch.randn(genres, 32, generator=rng)[y] + torch.randn(
    books, 32, generator=rng
)
data["book"].cover = torch.randn(genres, 16, generator=rng)[y] + torch.randn(
    books, 16, generator=rng
)
data["book"].cover[::7] = torch.nan  # Every seventh book has no cover.
data["book"].price = 10 + 5 * torch.rand(books, generator=rng) + y
data["author", "writes", "book"].edge_index = torch.stack([author, torch.arange(books)])

# A MultimodalGraph is a HeteroData whose features are called x_<modality>; every type needs num_nodes.
graph = MultimodalGraph()
graph["book"].num_nodes, graph["author"].num_nodes = books, authors  # Authors have no features.
graph["book"].x_text = data["book"].blurb
graph["book"].x_image = data["book"].cover
graph["book"].x_price = data["book"].price.unsqueeze(1)  # A number is a modality of width 1.
graph["author", "writes", "book"].edge_index = data["author", "writes", "book"].edge_index
graph["book"].y = y
fold = torch.rand(books, generator=rng)
graph["book"].train_mask, graph["book"].val_mask = fold < 0.2, (fold >= 0.2) & (fold < 0.3)
graph["book"].test_mask = fold >= 0.3
graph.target, graph.num_classes, graph.name, graph.source = "book", genres, "bookshop", "simulated"

# The error of a broken rule names the remedy: here, a mask for the missing covers.
try:
    check(graph)
except GraphError as error:
    print(f"Before: {error}\n")
graph["book"].has_image = ~graph["book"].x_image.isnan().any(dim=1)

# Messages pass along edges, from authors to books; reverse edges pass them back.
graph = ToUndirected()(graph)
check(graph)
save("bookshop.h5", graph)
print(f"bookshop.h5: {Path('bookshop.h5').stat().st_size:,} bytes")

# Condense it to five per cent. The same in the shell: cli.py condense --dataset bookshop.h5 --ratio 0.05
whole = load_graph("bookshop.h5")
settings = {"dataset": "bookshop.h5"}  # With it, `evaluate` finds the whole graph by itself.
small = condense(whole, plan(whole, ratio=0.05), "srgm", {"epochs": 4}, dataset_settings=settings)
save("bookshop-small.h5", small)
print("\n".join(describe(small)[:14]))
