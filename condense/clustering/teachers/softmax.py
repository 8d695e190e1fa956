"""A linear teacher: softmax regression, as SGC is on meta-path features (Wu et al., ICML 2019)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from condense.clustering.teachers.training_data import Teacher, TrainingData
from models.seeding import seeded

LR = 0.01
"""At the first step; it falls to zero along a straight line."""
WEIGHT_DECAY = 1e-4
STEPS = 1000
BATCH = 2048


def softmax_regression(data: TrainingData, generator: torch.Generator) -> Teacher:
    """Train by Adam on random batches; validation nodes only say how good the result is.

    Args:
        data: labelled nodes.
        generator: for batches.
    """
    center, scale = data.z.mean(dim=0), data.z.std(dim=0).mean().clamp_min(1e-12)
    z = (data.z - center) / scale
    seed = torch.randint(2**62, (), generator=generator, device=generator.device)
    with seeded(int(seed)):
        net = nn.Linear(z.size(1), data.num_classes).to(z)
        nn.init.zeros_(net.weight)
        optimiser = torch.optim.Adam(net.parameters(), LR, weight_decay=WEIGHT_DECAY, fused=True)
        falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=STEPS)
        batch = min(BATCH, len(z))
        for _ in range(STEPS):
            rows = torch.randint(len(z), (batch,), device=z.device)
            optimiser.zero_grad()
            cross_entropy(net(z[rows]), data.y[rows]).backward()
            optimiser.step()
            falling.step()
    net.requires_grad_(False)
    weight = net.weight.T / scale
    bias = net.bias - center @ weight
    guessed = (data.z_val @ weight + bias).argmax(dim=1)
    reached = float((guessed == data.y_val).double().mean())
    return Teacher(weight, bias, reached, nn.Softmax(dim=1))
