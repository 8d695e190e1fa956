"""A teacher with one hidden layer, as SeHGNN has above its meta-path features (Yang et al., AAAI 2023)."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from condense.clustering.teachers.training_data import Teacher, TrainingData
from models.layers.dropout import Dropout
from models.seeding import seeded

HIDDEN = 256
DROPOUT = 0.5
"""Of the inputs and of the hidden layer."""
MANY = 16
"""From so many training nodes an input on, there is little to overfit: no dropout is tried too."""
LR = 0.002
WEIGHT_DECAY = 1e-4
STEPS = 300
BATCH = 512
MOST_VALIDATED = 4096
"""Validation nodes that are scored; more would tell little more, and take longer than the training."""
CHECK_EVERY = 10
PATIENCE = 60  # Training ends after so many steps without a better validation accuracy.


def network(data: TrainingData, generator: torch.Generator) -> Teacher:
    """Train a network by Adam on random batches, and keep its state with the best validation accuracy.

    Of very many training nodes two networks are trained, with and without dropout, and the better one kept.

    Args:
        data: labelled nodes.
        generator: for initialisation, batches and dropout, and the choice among very many validation nodes.
    """
    if len(data.z_val) > MOST_VALIDATED:
        rows = torch.randperm(len(data.z_val), generator=generator, device=generator.device)
        rows = rows[:MOST_VALIDATED]
        data = replace(data, z_val=data.z_val[rows], y_val=data.y_val[rows])
    first = _trained(data, DROPOUT, generator)
    if len(data.z) < MANY * data.z.size(1):
        return first
    second = _trained(data, 0.0, generator)
    return second if second.val_accuracy > first.val_accuracy else first


def _trained(data: TrainingData, dropout: float, generator: torch.Generator) -> Teacher:
    center, scale = data.z.mean(dim=0), data.z.std(dim=0).mean().clamp_min(1e-12)
    z, z_val = (data.z - center) / scale, (data.z_val - center) / scale
    seed = torch.randint(2**62, (), generator=generator, device=generator.device)
    with seeded(int(seed)):
        net = nn.Sequential(
            Dropout(dropout),
            nn.Linear(z.size(1), HIDDEN),
            nn.LayerNorm(HIDDEN),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(HIDDEN, data.num_classes),
        ).to(z)
        optimiser = torch.optim.Adam(net.parameters(), LR, weight_decay=WEIGHT_DECAY, fused=True)
        # Small sets are split into batches too, which regularises further.
        batch = min(BATCH, max(len(z) // 4, 1))
        best, best_at, state = -1.0, 0, net.state_dict()
        for step in range(1, STEPS + 1):
            rows = torch.randint(len(z), (batch,), device=z.device)
            net.train()
            optimiser.zero_grad()
            cross_entropy(net(z[rows]), data.y[rows]).backward()
            optimiser.step()
            if step % CHECK_EVERY:
                continue
            net.eval()
            with torch.no_grad():
                guessed = net(z_val).argmax(dim=1)
            reached = float((guessed == data.y_val).double().mean())
            if reached > best:
                best, best_at, state = reached, step, copy.deepcopy(net.state_dict())
            if step - best_at >= PATIENCE:
                break
    net.load_state_dict(state)
    net.eval().requires_grad_(False)
    first = net[1]
    assert isinstance(first, nn.Linear)
    weight = first.weight.T / scale
    return Teacher(
        weight, first.bias - center @ weight, best, nn.Sequential(net[2:], nn.Softmax(dim=1))
    )
