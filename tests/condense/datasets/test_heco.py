"""ACM and DBLP: tiny files by hand, and the real ones against HeCo's own meta-path matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from condense.budget import plan
from condense.data.features import complete
from condense.data.relations import reverses
from condense.data.rules.check import check
from condense.datasets.heco import LAYOUTS, load_heco
from condense.errors import FileError
from condense.methods.registry import METHODS
from condense.run import condense
from evaluate.training.task import EvaluationTask
from models.schema import modality_names
from tests.condense.methods.test_methods import ONE_RELATION
from tests.support.shared_data import DATA, needs

P, A, T, C = 10, 8, 5, 3
"""Numbers of papers, authors, terms and conferences (subjects in ACM)."""


def write(root: Path, name: str) -> Path:
    """A tiny ACM or DBLP; paper 3 and author 2 have no words."""
    folder = root / "heco" / name
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    papers, authors = rng.integers(0, 3, (P, 6)), rng.integers(0, 3, (A, 4))
    papers[3], authors[2] = 0, 0
    sp.save_npz(folder / "p_feat.npz", sp.csr_matrix(papers))
    sp.save_npz(folder / "a_feat.npz", sp.coo_matrix(authors))
    with (folder / "t_feat.npz").open("wb") as stream:
        np.save(stream, rng.standard_normal((T, 2)))
    pairs = {
        "pa": [(p, (3 * p + k) % A) for p in range(P) for k in range(2)],
        "ps": [(p, p % C) for p in range(P)],
        "pc": [(p, p % C) for p in range(P)],
        "pt": [(p, (p + k) % T) for p in range(P) for k in (0, 2)],
    }
    for file, lines in pairs.items():
        (folder / f"{file}.txt").write_text("".join(f"{a}\t{b}\n" for a, b in lines))
    n = P if name == "acm" else A
    np.save(folder / "labels.npy", (np.arange(n) % 2).astype(float if name == "acm" else int))
    for k, rows in ((60, [[0, 1, 2, 3], [4, 5], [6, 7]]), (20, [[6, 7], [0], [1]])):
        for split, numbers in zip(("train", "val", "test"), rows, strict=True):
            np.save(folder / f"{split}_{k}.npy", np.array(numbers))
    return folder


def test_tiny_acm(tmp_path: Path) -> None:
    folder = write(tmp_path, "acm")
    graph = load_heco(tmp_path, "acm")
    check(graph)
    assert (graph.name, graph.source, graph.target, graph.num_classes) == (
        "acm",
        "real",
        "paper",
        2,
    )
    assert {t: graph[t].num_nodes for t in graph.node_types} == {
        "paper": P, "author": A, "subject": C,
    }  # fmt: skip
    assert graph.edge_types == [
        ("paper", "written_by", "author"),
        ("author", "rev_written_by", "paper"),
        ("paper", "about", "subject"),
        ("subject", "rev_about", "paper"),
    ]
    pairs = np.loadtxt(folder / "pa.txt", dtype=int).T
    assert np.array_equal(graph["paper", "written_by", "author"].edge_index, pairs)
    assert np.array_equal(graph["author", "rev_written_by", "paper"].edge_index, pairs[::-1])
    words = sp.load_npz(folder / "p_feat.npz").toarray()
    shares = words / np.maximum(words.sum(axis=1, keepdims=True), 1)
    assert np.allclose(graph["paper"].x_text, shares)
    assert not graph["paper"].x_text[3].any()
    assert modality_names(graph["subject"]) == ()
    assert graph["paper"].y.dtype == torch.long
    assert graph["paper"].y.tolist() == [0, 1, 0, 1, 0, 1, 0, 1, -1, -1]
    assert graph["paper"].test_mask.nonzero().flatten().tolist() == [6, 7]


def test_tiny_dblp_and_another_split(tmp_path: Path) -> None:
    folder = write(tmp_path, "dblp")
    graph = load_heco(tmp_path, "dblp", 20)
    check(graph)
    assert (graph.name, graph.target) == ("dblp-20", "author")
    widths = {
        t: {m: graph[t][f"x_{m}"].size(1) for m in modality_names(graph[t])}
        for t in graph.node_types
    }
    assert widths == {
        "author": {"text": 4}, "paper": {"text": 6}, "term": {"embedding": 2}, "conference": {},
    }  # fmt: skip
    vectors = np.load(folder / "t_feat.npz")
    assert np.allclose(graph["term"].x_embedding, vectors)
    assert graph["author"].train_mask.nonzero().flatten().tolist() == [6, 7]
    assert graph["author"].y.tolist() == [0, 1, -1, -1, -1, -1, 0, 1]
    assert len(reverses(graph)) == 6


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ONE_RELATION])
def test_unequal_widths_and_a_type_without_features_condense(tmp_path: Path, method: str) -> None:
    write(tmp_path, "dblp")
    graph = load_heco(tmp_path, "dblp")
    small = condense(graph, plan(graph, 0.5), method, seed=1, device="cpu").graph
    check(small, "condensed")
    EvaluationTask.of(graph).admit(
        small
    )  # The same types, widths and relations as the whole graph.
    assert small["conference"].x_text.size(1) == small["paper"].x_text.size(1) == 6
    assert small["author"].x_text.size(1) == 4


FILES = [
    (name, file)
    for name, layout in LAYOUTS.items()
    for file in (
        *layout.text.values(), *layout.embedding.values(), *layout.relations,
        "labels.npy", "train_60.npy", "val_60.npy", "test_60.npy",
    )
]  # fmt: skip


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str, file: str) -> None:
    (write(tmp_path, name) / file).unlink()
    with pytest.raises(FileError, match=rf"{file} is missing; put HeCo's files below --data-root"):
        load_heco(tmp_path, name)


def test_files_that_disagree(tmp_path: Path) -> None:
    folder = write(tmp_path, "acm")
    for wrong in (np.zeros(P - 1), np.full(P, 0.5)):
        np.save(folder / "labels.npy", wrong)
        with pytest.raises(FileError, match=r"labels.npy \(got float64 .*whole number.*10 papers"):
            load_heco(tmp_path, "acm")
    np.save(folder / "labels.npy", np.full(P, "a"))
    with pytest.raises(FileError, match=r"labels.npy \(got <U1 .*whole number.*10 papers"):
        load_heco(tmp_path, "acm")
    np.save(folder / "labels.npy", np.arange(P) % 2)
    np.save(folder / "val_60.npy", np.array([P]))
    with pytest.raises(FileError, match=r"_60.npy names paper 10, which must lie in 0 … 9"):
        load_heco(tmp_path, "acm")
    (folder / "pa.txt").write_text(f"0 {A}\n")
    with pytest.raises(FileError, match=rf"pa.txt names author {A}, which must lie in 0 … {A - 1}"):
        load_heco(tmp_path, "acm")


REAL = {
    "acm": ({"paper": 4019, "author": 7167, "subject": 60}, (13_407, 4_019), 3),
    "dblp": (
        {"author": 4057, "paper": 14_328, "term": 7723, "conference": 20},
        (19_645, 14_328, 85_810),
        4,
    ),
}
WIDTHS = {
    "acm": {("paper", "text"): 1902, ("author", "text"): 1902},
    "dblp": {("author", "text"): 334, ("paper", "text"): 4231, ("term", "embedding"): 50},
}


@needs("heco")
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("per_class", [20, 40, 60])
def test_real_counts(name: str, per_class: int) -> None:
    graph = load_heco(DATA, name, per_class)
    counts, edges, classes = REAL[name]
    assert {t: graph[t].num_nodes for t in graph.node_types} == counts
    assert tuple(graph[r].edge_index.size(1) for r in graph.edge_types[::2]) == edges
    assert graph.num_classes == classes
    store = graph[graph.target]
    assert torch.bincount(store.y[store.train_mask]).tolist() == [per_class] * classes
    assert int(store.val_mask.sum()) == int(store.test_mask.sum()) == 1000
    assert int((store.y >= 0).sum()) == per_class * classes + 2000
    for (node_type, modality), width in WIDTHS[name].items():
        x = graph[node_type][f"x_{modality}"]
        assert x.shape == (counts[node_type], width)
        if modality == "text":
            total = x.sum(dim=1)
            assert ((total - 1).abs().lt(1e-4) | total.eq(0)).all()


def product(graph, *steps: tuple[str, str]) -> np.ndarray:
    """Matrix of the pairs of target nodes joined by a walk over these (relation, type) steps."""
    reached = np.eye(graph[graph.target].num_nodes, dtype=bool)
    at = graph.target
    for relation, to in steps:
        src, dst = graph[at, relation, to].edge_index.numpy()
        shape = (graph[at].num_nodes, graph[to].num_nodes)
        reached = (reached @ sp.csr_matrix((np.ones(len(src)), (src, dst)), shape)) > 0
        at = to
    return reached


@needs("heco")
@pytest.mark.parametrize(
    ("name", "file", "steps"),
    [
        ("acm", "pap", [("written_by", "author"), ("rev_written_by", "paper")]),
        ("acm", "psp", [("about", "subject"), ("rev_about", "paper")]),
        ("dblp", "apa", [("rev_written_by", "paper"), ("written_by", "author")]),
        (
            "dblp",
            "apcpa",
            [("rev_written_by", "paper"), ("published_in", "conference"),
             ("rev_published_in", "paper"), ("written_by", "author")],
        ),
    ],
)  # fmt: skip
def test_real_relations_compose_to_the_metapaths_of_heco(name: str, file: str, steps) -> None:
    graph = load_heco(DATA, name)
    expected = sp.load_npz(DATA / "heco" / name / f"{file}.npz").toarray() > 0
    assert np.array_equal(product(graph, *steps), expected)


@needs("heco")
def test_real_subjects_and_conferences_are_completed() -> None:
    subject = complete(load_heco(DATA, "acm"))["subject"]
    assert subject.x_text.shape == (60, 1902)
    conference = complete(load_heco(DATA, "dblp"))["conference"]
    assert conference.x_text.shape == (20, 4231)
    assert modality_names(conference) == ("text",)
