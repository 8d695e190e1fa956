"""Simulates AMAZON-1: a graph of its size and difficulty, without its files.

Each item has a class, one of the class's topics and an individual part. Text and image are two noisy
views of these, and the four relations link items of the same topic, of the same class, of complementary
classes, or at random. Every constant is fixed here, so that the data cannot be tuned to a method;
`benchmarks/amazon1_difficulty.py` measures the difficulty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from condense.data.graph import MultimodalGraph
from condense.errors import UserError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ITEMS = 58_088
CLASSES = 12
WIDTH = 512
SMALLEST_SCALE = 0.01


@dataclass(frozen=True)
class Relation:
    """The distribution from which one relation's edges are drawn.

    Attributes:
        edges: number of edges at scale 1.
        topic: share of edges inside a topic.
        same_class: share of edges to any item of the same class.
        complement: share of edges to the class that complements the source's.
        active: share of items with edges; the other items are isolated in this relation.
    """

    edges: int
    topic: float
    same_class: float
    complement: float
    active: float


# The rest of each row's shares, up to 1, is noise: an edge to any item.
RELATIONS = {
    "also_buy": Relation(241_387, topic=0.35, same_class=0.30, complement=0.10, active=0.90),
    "also_viewed": Relation(231_594, topic=0.55, same_class=0.20, complement=0.00, active=0.85),
    "buy_after_viewing": Relation(93_215, topic=0.65, same_class=0.20, complement=0.0, active=0.60),
    "bought_together": Relation(66_042, topic=0.10, same_class=0.10, complement=0.50, active=0.50),
}


@dataclass(frozen=True)
class Difficulty:
    """The constants that make the classification as hard as on the real AMAZON-1."""

    seed: int = 20_250_507  # the one seed, arbitrary
    class_decay: float = 0.78  # share of class k ∝ class_decay^k: a long tail
    topics: int = 16  # per class at scale 1: makes classes multimodal, so class means are poor
    topic_decay: float = 0.92  # share of topic j of a class ∝ topic_decay^j
    latent: int = 32  # width of the space of classes, topics and individuals
    class_part: float = 0.35  # size of the part shared by a class's topics; a topic's own part is 1
    individual: float = 0.45  # size of the item's own part, shared by both of its views
    text_noise: float = 0.80  # size of the part that only the text has, in the latent space
    image_noise: float = 0.50  # the same for the image
    blur: float = 1.0  # size of the white noise in the features, relative to the signal
    common: float = 1.2  # size of the features' common mean, relative to the signal (as in CLIP)
    text_twins: float = 0.45  # share of topics whose text equals that of another class's topic
    image_twins: float = 0.25  # the same for the image; a topic is never both
    swapped: float = 0.08  # share of items with another item's image: the modalities disagree
    missing: float = 0.05  # share of items without an image
    mislabelled: float = 0.045  # share of items with a random label: the floor of the error
    popularity: float = 0.9  # σ of log popularity: heavy-tailed degrees
    # Features are computed in float64 and rounded to multiples of this. The last bits, which differ
    # between machines, vanish, so the data are identical everywhere.
    grid: float = 2.0**-14


# Pairs of classes that share topics, in text and in image; each class has one partner in each.
TEXT_PAIRS = ((0, 3), (1, 4), (2, 5), (6, 9), (7, 10), (8, 11))
IMAGE_PAIRS = ((0, 1), (2, 3), (4, 7), (5, 6), (8, 9), (10, 11))
D = Difficulty()


class Simulation(NamedTuple):
    """The graph, with the hidden variables from which further views of the items are drawn.

    Attributes:
        graph: see `simulate_amazon1`.
        true: the class [n] of each item before label noise; hidden from models.
        topic: the topic [n] of each item, numbered over all classes; hidden from models.
    """

    graph: MultimodalGraph
    true: Ints
    topic: Ints


def simulate_amazon1(scale: float = 1.0) -> MultimodalGraph:
    """Simulate AMAZON-1; the same call gives the same bits.

    Args:
        scale: share of items, edges and topics to generate, in [0.01, 1]; all 12 classes remain.

    Returns:
        Items with x_text [n, 512], x_image [n, 512], has_image, y and the split 20/10/70, and four
        directed relations between them, without self-loops and without duplicate edges.

    Raises:
        UserError: scale out of range.
    """
    return simulate(scale).graph


def simulate(scale: float) -> Simulation:
    """Like `simulate_amazon1`, with the hidden variables."""
    if not SMALLEST_SCALE <= scale <= 1:
        raise UserError(
            f"scale (got {scale}) must lie in [{SMALLEST_SCALE}, 1], so that each class has training items; "
            "try 0.05"
        )
    # The bit generator is explicit, because a later numpy may change that of `default_rng`.
    rng = np.random.Generator(np.random.PCG64(D.seed))
    n = round(ITEMS * scale)
    k = max(2, round(D.topics * scale))
    true, topic = _topics(rng, n, k)
    y = np.where(rng.random(n) < D.mislabelled, rng.integers(0, CLASSES, n), true)
    text, image, has_image = _views(rng, topic, k)

    graph = MultimodalGraph()
    item = graph["item"]
    item.num_nodes = n
    item.x_text, item.x_image = torch.from_numpy(text), torch.from_numpy(image)
    item.has_image = torch.from_numpy(has_image)
    item.y = torch.from_numpy(y)
    for split, mask in _split(rng, y).items():
        item[split] = torch.from_numpy(mask)
    fame = np.exp(D.popularity * rng.standard_normal(n))
    for name, relation in RELATIONS.items():
        edges = _edges(rng, relation, round(relation.edges * scale), true, topic, fame)
        graph["item", name, "item"].edge_index = torch.from_numpy(edges)
    graph.target, graph.num_classes = "item", CLASSES
    graph.name, graph.source = "amazon1", "simulated"
    return Simulation(graph, true, topic)


def _topics(rng: np.random.Generator, n: int, k: int) -> tuple[Ints, Ints]:
    """Class [n] and topic [n] of each item; topic t belongs to class t // k."""
    true = rng.permutation(np.repeat(np.arange(CLASSES), _quota(n, D.class_decay, CLASSES)))
    topic = np.empty(n, dtype=np.int64)
    for c in range(CLASSES):
        items = np.flatnonzero(true == c)
        # The decay over D.topics topics, stretched over k, so that smaller graphs are as uneven.
        sizes = _quota(len(items), D.topic_decay ** (D.topics / k), k)
        topic[items] = rng.permutation(np.repeat(c * k + np.arange(k), sizes))
    return true, topic


def _quota(total: int, decay: float, parts: int) -> Ints:
    """Sizes [parts] ∝ decay^k that sum to `total`."""
    share = decay ** np.arange(parts)
    ends = np.rint(np.cumsum(share) / share.sum() * total).astype(np.int64)
    return np.diff(ends, prepend=0)


def _centres(rng: np.random.Generator, k: int) -> tuple[Floats, Floats]:
    """Latent centres [12 k, latent] of the topics, in text and in image."""
    of_class = D.class_part * rng.standard_normal((CLASSES, 1, D.latent))
    centre = of_class + rng.standard_normal((CLASSES, k, D.latent))
    text, image = centre.copy(), centre.copy()
    text_twins, image_twins = round(D.text_twins * k), round(D.image_twins * k)
    # Topics are sorted by size; a random order avoids that all twins are large.
    order = rng.permutation(k)
    for a, b in TEXT_PAIRS:
        text[b, order[:text_twins]] = text[a, order[:text_twins]]
    for a, b in IMAGE_PAIRS:
        chosen = order[text_twins : text_twins + image_twins]
        image[b, chosen] = image[a, chosen]
    return text.reshape(-1, D.latent), image.reshape(-1, D.latent)


def _views(
    rng: np.random.Generator, topic: Ints, k: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """x_text [n, 512], x_image [n, 512] and has_image [n]; rows have unit length, missing images 0."""
    n = len(topic)
    text_centre, image_centre = _centres(rng, k)
    own = D.individual * rng.standard_normal((n, D.latent))
    text = _render(rng, text_centre[topic] + own, D.text_noise, bend=False)

    shown = np.arange(n)  # the item that an item's image shows
    swapped = np.flatnonzero(rng.random(n) < D.swapped)
    shown[swapped] = rng.integers(0, n, len(swapped))
    image = _render(rng, (image_centre[topic] + own)[shown], D.image_noise, bend=True)
    has_image = rng.random(n) >= D.missing
    image[~has_image] = 0
    return text, image, has_image


def _render(
    rng: np.random.Generator, latent: Floats, noise: float, bend: bool
) -> NDArray[np.float32]:
    """One view [n, 512] of the items' latent vectors [n, latent]; `bend` makes it non-linear."""
    mean = D.common * rng.standard_normal(WIDTH)
    mix = rng.standard_normal((D.latent, D.latent)) / np.sqrt(D.latent)
    out = rng.standard_normal((D.latent, WIDTH)) / np.sqrt(D.latent)
    view = np.empty((len(latent), WIDTH), dtype=np.float32)
    for first in range(0, len(latent), 4096):  # in blocks, because all rows in float64 are large
        z = latent[first : first + 4096]
        z = z + noise * rng.standard_normal(z.shape)
        if bend:
            z = 2 * np.tanh(z @ mix)
        x = mean + z @ out + D.blur * rng.standard_normal((len(z), WIDTH))  # [block, 512]
        x /= np.sqrt((x * x).sum(axis=1, keepdims=True))
        view[first : first + 4096] = np.rint(x / D.grid) * D.grid
    return view


def _split(rng: np.random.Generator, y: Ints) -> dict[str, NDArray[np.bool_]]:
    """Masks of 20/10/70 %: of every ten items of a class, in random order, 2 train, 1 validate, 7 test."""
    place = np.empty(len(y), dtype=np.int64)
    shuffled = rng.permutation(len(y))
    place[shuffled[np.argsort(y[shuffled], kind="stable")]] = np.arange(len(y)) % 10
    # The training places are five apart, so any five consecutive items of a class contain one.
    train, val = (place == 0) | (place == 5), place == 2
    return {"train_mask": train, "val_mask": val, "test_mask": ~(train | val)}


def _edges(
    rng: np.random.Generator, relation: Relation, count: int, true: Ints, topic: Ints, fame: Floats
) -> Ints:
    """`count` distinct directed edges [2, count] of one relation; nodes are drawn in proportion to fame."""
    n = len(true)
    mass = np.where(rng.random(n) < relation.active, fame, 0.0)
    anywhere = np.zeros(n, dtype=np.int64)
    cuts = np.cumsum([relation.topic, relation.same_class, relation.complement])
    edges = np.empty(0, dtype=np.int64)  # numbered source · n + destination
    while len(edges) < count:
        draws = count - len(edges) + count // 4
        src = _pick(rng, anywhere, mass, np.zeros(draws, dtype=np.int64))
        kind = np.searchsorted(cuts, rng.random(draws))
        dst = np.empty(draws, dtype=np.int64)
        for k, (group, wanted) in enumerate(
            ((topic, topic), (true, true), (true, CLASSES - 1 - true), (anywhere, anywhere))
        ):
            chosen = kind == k
            dst[chosen] = _pick(rng, group, mass, wanted[src[chosen]])
        edges = np.union1d(edges, (src * n + dst)[src != dst])
    kept = np.sort(rng.permutation(edges)[:count])
    return np.stack(np.divmod(kept, n))


def _pick(rng: np.random.Generator, group: Ints, mass: Floats, wanted: Ints) -> Ints:
    """An item of each `wanted` group, drawn ∝ mass; a group without mass gives its last item."""
    order = np.argsort(group, kind="stable")
    total = np.cumsum(mass[order])
    ends = np.searchsorted(group[order], np.arange(group.max() + 2))  # where each group starts
    before = np.concatenate([[0.0], total])[ends]
    target = before[wanted] + rng.random(len(wanted)) * (before[wanted + 1] - before[wanted])
    place = np.searchsorted(total, target, side="right")
    return order[np.minimum(place, ends[wanted + 1] - 1)]
