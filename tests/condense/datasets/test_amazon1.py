"""AMAZON-1: pinned properties of the simulated data set, and reading the real files."""

import hashlib
import logging
import subprocess
import sys

import numpy as np
import pytest
import torch

from condense.data.rules.check import check
from condense.datasets.amazon1 import load_amazon1
from condense.datasets.amazon1_simulated import (
    CLASSES,
    IMAGE_PAIRS,
    RELATIONS,
    TEXT_PAIRS,
    D,
    simulate_amazon1,
)
from condense.datasets.amazon_files import CONVERT_SPLIT, FILES
from condense.errors import FileError, UserError

# The features are computed in float64 and rounded to multiples of 2^-14, so differences in the last
# bits of BLAS and libm do not reach it. A new numpy could draw other numbers from the same seed;
# then measure benchmarks/amazon1_difficulty.py again before pinning the new hash.
FINGERPRINT = "39053554a099567ba1dad25d4f584121feec56ea3917c1b66841d8a665a42024"


def digest(graph):
    """sha256 over name, type, shape and bytes of every array, in a fixed order."""
    sha = hashlib.sha256()
    for store in [*graph.node_stores, *graph.edge_stores]:
        for key in sorted(k for k in store if torch.is_tensor(store[k])):
            array = store[key].numpy()
            array = array.astype(array.dtype.newbyteorder("<"))
            sha.update(f"{store._key} {key} {array.dtype.str} {array.shape}".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


@pytest.fixture(scope="module")
def small():
    return simulate_amazon1(0.05)


@pytest.fixture(scope="module")
def full():
    return simulate_amazon1()


def homophily(graph, name):
    source, destination = graph["item", name, "item"].edge_index
    y = graph["item"].y
    return float((y[source] == y[destination]).float().mean())


def assert_simple(graph):
    """No self-loop and no duplicate edge in any relation."""
    n = graph["item"].num_nodes
    for relation in graph.edge_types:
        source, destination = graph[relation].edge_index
        assert not (source == destination).any()
        assert len(torch.unique(source * n + destination)) == len(source)


def assert_split(item):
    n = item.num_nodes
    for split, share in (("train_mask", 0.2), ("val_mask", 0.1), ("test_mask", 0.7)):
        assert abs(int(item[split].sum()) - share * n) <= 2
        # Stratified: the classes have the same shares, up to the rounding of a class's two ends.
        inside = torch.bincount(item.y[item[split]], minlength=CLASSES)
        assert ((inside - share * torch.bincount(item.y)).abs() <= 3).all()


@pytest.mark.slow
def test_full_scale_counts_are_those_of_amazon1(full):
    check(full)
    item = full["item"]
    assert item.num_nodes == len(item.x_text) == 58_088
    assert [r[1] for r in full.edge_types] == [
        "also_buy", "also_viewed", "buy_after_viewing", "bought_together",
    ]  # fmt: skip
    assert all(r[0] == r[2] == "item" for r in full.edge_types)
    assert sum(full[r].edge_index.size(1) for r in full.edge_types) == 632_238
    assert item.x_text.shape == item.x_image.shape == (58_088, 512)
    assert item.x_text.dtype == item.x_image.dtype == torch.float32
    assert [int(item[f"{s}_mask"].sum()) for s in ("train", "val", "test")] == [
        11_618,
        5_809,
        40_661,
    ]
    assert torch.bincount(item.y[item.train_mask]).min() > 100
    assert_simple(full)
    assert_split(item)


@pytest.mark.slow
def test_full_scale_difficulty_is_pinned(full):
    assert digest(full) == FINGERPRINT


@pytest.mark.parametrize("scale", [0.01, 0.02, 0.05])
def test_small_scale_keeps_the_rules(scale):
    graph = simulate_amazon1(scale)
    check(graph)  # also that every class has training items
    assert graph["item"].num_nodes == round(58_088 * scale)
    for name, relation in RELATIONS.items():
        edges = graph["item", name, "item"].edge_index.size(1)
        assert edges == round(relation.edges * scale)
    assert_simple(graph)
    assert_split(graph["item"])
    assert (graph.name, graph.source, graph.target) == ("amazon1", "simulated", "item")


def test_same_bits_twice_and_whatever_the_global_seed(small):
    np.random.seed(1)
    torch.manual_seed(1)
    assert digest(simulate_amazon1(0.05)) == digest(small)


def test_features_are_unit_rows_on_the_grid(small):
    item = small["item"]
    for x in (item.x_text, item.x_image[item.has_image]):
        # Rounding 512 entries by at most half a grid step moves the length by less than this.
        assert (x.norm(dim=1) - 1).abs().max() < 512**0.5 * D.grid / 2
        assert torch.equal(x / D.grid, (x / D.grid).round())
        assert x.mean(dim=0).norm() > 0.3  # a common mean, as CLIP's features have


def test_some_images_are_missing(small):
    item = small["item"]
    assert 0.035 < float((~item.has_image).float().mean()) < 0.065
    assert torch.equal(item.has_image, item.x_image.ne(0).any(dim=1))


def test_classes_have_a_long_tail(small):
    counts = torch.bincount(small["item"].y, minlength=CLASSES)
    assert counts[0] > 8 * counts[-1]
    assert torch.equal(counts.sort(descending=True).values[:6], counts[:6])


def test_relations_differ_in_homophily(small):
    h = {name: homophily(small, name) for name in RELATIONS}
    chance = float((torch.bincount(small["item"].y) / len(small["item"].y)).square().sum())
    assert h["buy_after_viewing"] > h["also_viewed"] > h["also_buy"] > 2 * chance
    assert h["bought_together"] < h["also_buy"] - 0.2
    source, destination = small["item", "bought_together", "item"].edge_index
    y = small["item"].y
    complements = float((y[source] + y[destination] == CLASSES - 1).float().mean())
    assert complements > h["bought_together"]


def test_degrees_are_heavy_tailed_and_each_relation_isolates_some(small):
    n = small["item"].num_nodes
    for name, relation in RELATIONS.items():
        ends = small["item", name, "item"].edge_index
        degree = torch.bincount(ends.flatten(), minlength=n)
        assert degree.max() > 8 * degree.float().mean()
        isolated = float((degree == 0).float().mean())
        assert isolated > 1 - relation.active - 0.03


def test_each_class_has_one_partner_per_modality():
    for pairs in (TEXT_PAIRS, IMAGE_PAIRS):
        assert sorted(c for pair in pairs for c in pair) == list(range(CLASSES))
    assert not set(TEXT_PAIRS) & set(IMAGE_PAIRS)


@pytest.mark.slow
def test_class_means_are_poor_classifiers(full):
    """Classes are spread over topics: the nearest class mean is right on fewer than 70 % of items.

    An MLP on the same features reaches 83 % (benchmarks/amazon1_difficulty.py).
    """
    item = full["item"]
    x = torch.cat([item.x_text, item.x_image], dim=1)
    train, test = item.train_mask & item.has_image, item.test_mask & item.has_image
    means = torch.stack([x[train & (item.y == c)].mean(dim=0) for c in range(CLASSES)])
    nearest_mean = torch.cdist(x[test], means).argmin(dim=1)
    assert 0.2 < float((nearest_mean == item.y[test]).float().mean()) < 0.7


@pytest.mark.parametrize("scale", [0, 0.009, 1.5, float("nan")])
def test_scale_out_of_range(scale):
    with pytest.raises(UserError, match=r"scale \(got .*\) must lie in \[0.01, 1\].*try"):
        simulate_amazon1(scale)


N = 7
TRIPLES = [("0", "1", "also_buy"), ("6", "2", "also_viewed"), ("3", "0", "also_buy")]


@pytest.fixture
def prepared(tmp_path):
    """A tiny data set in the public layout, with the split converted."""
    folder = tmp_path / "amazon1"
    folder.mkdir()
    rng = np.random.default_rng(0)
    image = rng.standard_normal((N, 3))
    image[4] = 0
    np.save(folder / "item_text_features.npy", rng.standard_normal((N, 5)).astype(np.float32))
    np.save(folder / "item_image_features.npy", image)
    np.save(folder / "item_labels.npy", np.array([0, 1, 2, 0, 1, 2, 0], dtype=np.int32))
    np.save(folder / "triples.npy", np.array(TRIPLES))
    np.savez(folder / "splits.npz", train_idx=[0, 1, 2], val_idx=[3], test_idx=[4, 5, 6])
    return tmp_path


@pytest.mark.parametrize("source", ["real", "auto"])
def test_real_round_trip(prepared, source):
    graph = load_amazon1(prepared, source)
    check(graph)
    item, folder = graph["item"], prepared / "amazon1"
    assert (graph.name, graph.source, graph.target, graph.num_classes) == (
        "amazon1",
        "real",
        "item",
        3,
    )
    assert np.array_equal(item.x_text, np.load(folder / "item_text_features.npy"))
    assert np.allclose(item.x_image, np.load(folder / "item_image_features.npy"))
    assert item.has_image.tolist() == [i != 4 for i in range(N)]
    assert item.y.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert item.train_mask.nonzero().flatten().tolist() == [0, 1, 2]
    assert item.val_mask.nonzero().flatten().tolist() == [3]
    assert item.test_mask.nonzero().flatten().tolist() == [4, 5, 6]
    assert graph["item", "also_buy", "item"].edge_index.tolist() == [[0, 3], [1, 0]]
    assert graph["item", "also_viewed", "item"].edge_index.tolist() == [[6], [2]]


def test_the_documented_conversion_of_the_split_works(prepared):
    folder = prepared / "amazon1"
    (folder / "splits.npz").unlink()
    split = {"train_idx": np.array([0, 1, 2]), "val_idx": np.array([3]), "test_idx": np.array([5])}
    np.save(folder / "item_data_dict.npy", split)
    script = f"import numpy as np\n{CONVERT_SPLIT}"
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    assert load_amazon1(prepared, "real")["item"].test_mask.nonzero().tolist() == [[5]]
    assert CONVERT_SPLIT.splitlines()[1] in load_amazon1.__doc__


def test_auto_without_a_folder_simulates_silently(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        graph = load_amazon1(tmp_path, "auto", scale=0.01)
    assert graph.source == "simulated"
    assert not caplog.records


def test_simulated_ignores_real_files(prepared):
    assert load_amazon1(prepared, "simulated", scale=0.01).source == "simulated"


def test_auto_with_an_incomplete_folder_warns(prepared, caplog):
    (prepared / "amazon1" / "splits.npz").unlink()
    (prepared / "amazon1" / "triples.npy").unlink()
    with caplog.at_level(logging.WARNING):
        assert load_amazon1(prepared, "auto", scale=0.01).source == "simulated"
    assert "triples.npy, splits.npz" in caplog.text
    assert "simulated" in caplog.text


@pytest.mark.parametrize("name", list(FILES))
def test_real_names_the_missing_file(prepared, name):
    (prepared / "amazon1" / name).unlink()
    with pytest.raises(FileError, match=rf"{name} is missing") as raised:
        load_amazon1(prepared, "real")
    remedy = CONVERT_SPLIT if name == "splits.npz" else "pass source 'simulated'"
    assert remedy in str(raised.value)


def test_unknown_source(tmp_path):
    with pytest.raises(UserError, match=r"source \(got 'simulate'\).*did you mean 'simulated'"):
        load_amazon1(tmp_path, "simulate")


def test_real_has_no_scale(prepared):
    with pytest.raises(UserError, match=r"scale \(got 0.5\) must be 1 for the real amazon1; pass"):
        load_amazon1(prepared, "real", scale=0.5)


TEXT, IMAGE, LABELS, TRIPLE = list(FILES)[:4]
BROKEN = {
    "pickled triples": (TRIPLE, np.array(TRIPLES, dtype=object), r"pickled.*\n.*astype\(str\)"),
    "pickled labels": (LABELS, np.array([1, None], dtype=object), r"pickled.*\n.*int"),
    "two columns": (TRIPLE, np.array([["0", "1"]]), r"npy \(got <U1 \[1, 2\]\) must be text"),
    "names as heads": (TRIPLE, np.array([["a", "1", "r"]]), r"item numbers.*\(.*'a'.*number the"),
    "edge outside": (TRIPLE, np.array([["0", "7", "r"]]), r"names item 7.* 0 … 6"),
    "labels as text": (LABELS, np.array(["book"] * N), r"labels.npy \(got <U4 \[7\]\) must be int"),
    "no labels": (LABELS, np.zeros(0, dtype=int), r"labels.npy \(got int64 \[0\]\)"),
    "rows": (TEXT, np.zeros((6, 5)), r"got 6 rows\) must have 7"),
    "flat": (IMAGE, np.zeros(N), r"\(got float64 \[7\]\) must be float \[items, width\]"),
}


@pytest.mark.parametrize(("name", "array", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_arrays(prepared, name, array, message):
    np.save(prepared / "amazon1" / name, array, allow_pickle=True)
    with pytest.raises(FileError, match=message):
        load_amazon1(prepared, "real")


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"train_idx": [0], "val_idx": [1]}, r"lacks test_idx; write it again"),
        ({"train_idx": [0], "val_idx": [1], "test_idx": [-1]}, r"names item -1.* 0 … 6"),
        ({"train_idx": [True, False]}, r"got bool \[2\]\) must be integer"),
        ({"train_idx": np.array([0, "x"], dtype=object)}, r"pickled objects.*\n.*item_data_dict"),
    ],
)  # fmt: skip
def test_broken_splits(prepared, split, message):
    np.savez(prepared / "amazon1" / "splits.npz", **split)
    with pytest.raises(FileError, match=message):
        load_amazon1(prepared, "real")


@pytest.mark.parametrize("name", ["item_labels.npy", "splits.npz"])
@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04junk"])
def test_files_of_another_format(prepared, name, content):
    (prepared / "amazon1" / name).write_bytes(content)
    with pytest.raises(FileError, match=rf"{name} is not a valid \.np[yz] file .*save it again"):
        load_amazon1(prepared, "real")
