"""Simulates AMAZON-2: the simulated AMAZON-1 with a price that is weakly informative of the class.

Every constant is fixed here, and none has been tuned to a method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from condense.data.graph import MultimodalGraph
from condense.datasets.amazon1_simulated import CLASSES, simulate
from condense.datasets.amazon_files import price_feature


@dataclass(frozen=True)
class Prices:
    """log price = level + class part + topic part + item part; all parts are normal."""

    seed: int = 20_250_508  # a separate generator, so that AMAZON-1's arrays do not change
    level: float = 3.0  # mean log price: 20 dollars
    class_part: float = 0.4  # σ between classes
    topic_part: float = 0.4  # σ between the topics of a class
    own: float = 0.8  # σ within a topic: twice the variance of class and topic, so a weak hint
    missing: float = 0.1  # share of items without a price


P = Prices()


def simulate_amazon2(scale: float = 1.0) -> MultimodalGraph:
    """Simulate AMAZON-2; the same call gives the same bits.

    Args:
        scale: as for `simulate_amazon1`.

    Returns:
        The graph of `simulate_amazon1` with x_price [n, 1], log(1 + price), and has_price.

    Raises:
        UserError: scale out of range.
    """
    simulation = simulate(scale)
    n, topics = len(simulation.topic), int(simulation.topic.max()) + 1
    rng = np.random.Generator(np.random.PCG64(P.seed))
    of_class = P.class_part * rng.standard_normal(CLASSES)
    of_topic = P.topic_part * rng.standard_normal(topics)
    log_price = (
        P.level
        + of_class[simulation.true]
        + of_topic[simulation.topic]
        + P.own * rng.standard_normal(n)
    )
    # Rounded to whole cents, since the last bits differ between machines.
    price = np.maximum(np.rint(100 * np.exp(log_price)), 1) / 100
    known = rng.random(n) >= P.missing

    graph = simulation.graph
    item = graph["item"]
    item.x_price, item.has_price = price_feature(price, known), torch.from_numpy(known)
    graph.name = "amazon2"
    return graph
