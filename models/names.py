"""The names in `models.registry.MODELS`, known without importing a single model.

The command line completes them, and refuses others, before it imports torch.
"""

from __future__ import annotations

MODEL_NAMES = (
    "mlp", "sgc", "gcn", "graphsage", "gat", "appnp", "chebnet", "hgt", "hgt_late", "han", "han_late",
    "sehgnn", "sehgnn_late", "hetgnn", "mhgat", "mmgcn", "xgea", "hgnn_ima", "shgp", "shgp_late",
    "hero", "hero_late", "hetcrf",
)  # fmt: skip
