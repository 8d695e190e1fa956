"""AMAZON-2: AMAZON-1 with a price, simulated and real."""

import hashlib
import logging

import numpy as np
import pytest
import torch

from condense.data.rules.check import check
from condense.datasets.amazon1_simulated import simulate, simulate_amazon1
from condense.datasets.amazon2 import load_amazon2
from condense.datasets.amazon2_simulated import simulate_amazon2
from condense.datasets.amazon_files import CONVERT_SPLIT, FILES, PRICE_FILES
from condense.errors import FileError, UserError

# The digest of x_price and has_price at scale 1. test_amazon1.py pins the other arrays.
FINGERPRINT = "857caf9ff0575a51033a699b4f1b0dab40ba7a23fc220c47e66252cce482b435"


def digest(graph):
    sha = hashlib.sha256()
    item = graph["item"]
    for array in (item.x_price.numpy().astype("<f4"), item.has_price.numpy()):
        sha.update(f"{array.dtype.str} {array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


@pytest.fixture(scope="module")
def small():
    return simulate_amazon2(0.05)


@pytest.fixture(scope="module")
def full():
    return simulate_amazon2()


def assert_is_amazon1_with_a_price(graph, scale):
    other = simulate_amazon1(scale)
    assert graph.node_types == other.node_types
    assert graph.edge_types == other.edge_types
    assert set(graph["item"]) - set(other["item"]) == {"x_price", "has_price"}
    assert graph["item"].num_nodes == other["item"].num_nodes
    for key in (k for k in other["item"] if k != "num_nodes"):
        assert torch.equal(graph["item"][key], other["item"][key]), key
    for relation in other.edge_types:
        assert torch.equal(graph[relation].edge_index, other[relation].edge_index)


def test_amazon1_is_unchanged_but_for_the_price(small):
    check(small)
    assert (small.name, small.source, small.target) == ("amazon2", "simulated", "item")
    assert_is_amazon1_with_a_price(small, 0.05)


@pytest.mark.slow
def test_full_scale_is_pinned(full):
    check(full)
    assert full["item"].x_price.shape == (58_088, 1)
    assert digest(full) == FINGERPRINT
    assert_is_amazon1_with_a_price(full, 1.0)


def test_same_bits_twice_and_whatever_the_global_seed(small):
    np.random.seed(1)
    torch.manual_seed(1)
    assert digest(simulate_amazon2(0.05)) == digest(small)


def test_prices_are_positive_and_some_are_missing(small):
    item = small["item"]
    assert item.x_price.dtype == torch.float32
    assert 0.07 < float((~item.has_price).float().mean()) < 0.13
    assert not item.x_price[~item.has_price].any()
    price = item.x_price[item.has_price].double().expm1()
    assert (price >= 0.01 - 1e-6).all()
    # In whole cents.
    assert ((100 * price) - (100 * price).round()).abs().max() < 0.05
    assert 5 < float(price.median()) < 80


def explained(x, group):
    """Share of the variance of x that the group's mean explains."""
    mean = np.array([x[group == g].mean() for g in range(group.max() + 1)])
    return 1 - ((x - mean[group]) ** 2).sum() / ((x - x.mean()) ** 2).sum()


def test_the_price_is_weakly_informative_of_class_and_topic(small):
    simulation = simulate(0.05)
    item = small["item"]
    known = item.has_price.numpy()
    x = item.x_price.flatten().numpy().astype(float)[known]
    of_class, of_topic = explained(x, simulation.true[known]), explained(x, simulation.topic[known])
    assert 0.03 < of_class < of_topic < 0.6
    # Missing at random: classes differ by no more than chance.
    shares = [known[simulation.true == c].mean() for c in range(6)]
    assert max(shares) - min(shares) < 0.1


def test_scale_out_of_range():
    with pytest.raises(UserError, match=r"scale \(got 2\) must lie in \[0.01, 1\]"):
        simulate_amazon2(2)


N = 6
PRICES = [9.5, np.nan, 0.0, -3.0, np.inf, 20.0]


@pytest.fixture
def prepared(tmp_path):
    """A tiny data set in the public layout, with the split converted."""
    folder = tmp_path / "amazon2"
    folder.mkdir()
    rng = np.random.default_rng(0)
    np.save(folder / "item_text_features.npy", rng.standard_normal((N, 5)).astype(np.float32))
    np.save(folder / "item_image_features.npy", rng.standard_normal((N, 3)))
    np.save(folder / "item_labels.npy", np.arange(N) % 2)
    np.save(folder / "triples.npy", np.array([("0", "1", "also_buy")]))
    np.savez(folder / "splits.npz", train_idx=[0, 1], val_idx=[2, 3], test_idx=[4, 5])
    np.save(folder / "item_price.npy", np.array(PRICES))
    return tmp_path


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_real_round_trip(prepared, shape):
    np.save(prepared / "amazon2" / "item_price.npy", np.array(PRICES).reshape(shape))
    graph = load_amazon2(prepared)
    check(graph)
    assert (graph.name, graph.source) == ("amazon2", "real")
    item = graph["item"]
    assert item.has_price.tolist() == [True, False, False, False, False, True]
    expected = [[np.log(10.5)], [0], [0], [0], [0], [np.log(21)]]
    assert np.allclose(item.x_price, expected)
    assert item.x_text.shape == (N, 5)
    assert item.x_image.shape == (N, 3)
    assert graph["item", "also_buy", "item"].edge_index.tolist() == [[0], [1]]


def test_whole_prices(prepared):
    np.save(prepared / "amazon2" / "item_price.npy", np.arange(N))
    assert load_amazon2(prepared)["item"].has_price.tolist() == [False] + [True] * 5


@pytest.mark.parametrize("name", list(FILES | PRICE_FILES))
def test_a_missing_file_is_named_or_simulated(prepared, caplog, name):
    (prepared / "amazon2" / name).unlink()
    with pytest.raises(FileError, match=rf"{name} is missing") as raised:
        load_amazon2(prepared, "real")
    remedy = CONVERT_SPLIT if name == "splits.npz" else "amazon2 there, or pass source 'simulated'"
    assert remedy in str(raised.value)
    with caplog.at_level(logging.WARNING):
        assert load_amazon2(prepared, "auto", scale=0.01).source == "simulated"
    assert f"lacks {name}: using the simulated amazon2" in caplog.text


@pytest.mark.parametrize(
    ("price", "message"),
    [
        (np.zeros((N, 2)), r"got float64 \[6, 2\]\) must be a number \[items\] or \[items, 1\]"),
        (np.zeros(N - 1), r"got float64 \[5\]\)"),
        (np.array(["9.5"] * N), r"got <U3 \[6\]\)"),
        (np.array([9.5] * N, dtype=object), r"pickled.*\n.*item_price.npy.*np.float64"),
    ],
)
def test_wrong_prices(prepared, price, message):
    np.save(prepared / "amazon2" / "item_price.npy", price, allow_pickle=True)
    with pytest.raises(FileError, match=message):
        load_amazon2(prepared, "real")


def test_real_has_no_scale(prepared):
    with pytest.raises(UserError, match=r"scale \(got 0.5\) must be 1 for the real amazon2"):
        load_amazon2(prepared, "real", scale=0.5)
