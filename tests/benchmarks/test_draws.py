"""Which hop of drawn graphs is told apart from the whole graph's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from benchmarks import draws
from benchmarks.draws import Moments, Sample, accuracy, hops_table, moments_table, paired
from condense.budget import plan
from condense.datasets.load import load_dataset
from condense.io import save
from condense.run import condense
from tests.support.graphs import film_graph

HOPS = torch.tensor([0, 1, 2])


def samples(seed: int, far: float = 3.0) -> Sample:
    """Two classes, `far` standard deviations apart in the third column alone."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(2000) % 2
    x = torch.randn(2000, 3, generator=generator)
    x[:, 2] += far * (y - 0.5)
    return Sample(x, y)


def test_a_discriminant_finds_the_boundary_half_way() -> None:
    train = Sample(torch.tensor([[-1.0], [1.0], [3.0], [5.0]]), torch.tensor([0, 0, 1, 1]))
    test = Sample(torch.tensor([[1.9], [2.1], [2.2]]), torch.tensor([0, 1, 0]))
    known = Moments.of(train, 2)
    assert accuracy(known, known, test) == pytest.approx(2 / 3)


def test_near_features_stay_and_far_ones_come_from_a_node_of_the_same_class() -> None:
    near = Sample(torch.zeros(3, 3), torch.tensor([0, 1, 2]))
    far = Sample(torch.arange(12.0).view(4, 3), torch.tensor([0, 0, 1, 1]))
    both = paired(near, far, HOPS, torch.Generator().manual_seed(0))
    assert both.y.tolist() == [0, 1]  # No node of class 2 in `far`.
    assert (both.x[:, :2] == 0).all()
    assert both.x[0, 2] in (2.0, 5.0)
    assert both.x[1, 2] in (8.0, 11.0)


def accuracies(table: str) -> dict[tuple[str, str], float]:
    """Its lines' first two columns -> the third."""
    cells = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()[2:]]
    return {(first, second): float(last) for _, first, second, last, _ in cells}


def test_the_table_tells_that_far_features_are_wrong() -> None:
    """In the draws the classes have changed places two hops away."""
    whole, drawn, test = samples(0), samples(1, far=-3.0), samples(2)
    found = accuracies(hops_table(whole, drawn, test, HOPS, 2, 0))
    assert found["whole graph", "whole graph, same node"] > 90
    assert found["draws", "draws, same node"] < 10
    assert found["draws", "whole graph, other node"] > 90
    assert found["whole graph", "draws, other node"] < 10
    near = torch.tensor([0, 1])
    found = accuracies(moments_table(*(one.columns(near) for one in (whole, drawn, test)), 2))
    assert found["whole graph", "whole graph"] < 60


def test_wrong_class_means_are_told_from_a_wrong_covariance() -> None:
    """In the draws the classes have changed places."""
    found = accuracies(moments_table(samples(0), samples(1, far=-3.0), samples(2), 2))
    assert found["whole graph", "whole graph"] > 90
    assert found["whole graph", "draws"] > 90
    assert found["draws", "whole graph"] < 10
    assert found["draws", "draws"] < 10


def test_a_wrong_covariance_is_told_from_wrong_class_means() -> None:
    """The first column says nothing of the class, but has the noise of the third one, which can thus be taken
    away; in the draws the two are independent.
    """
    found = accuracies(moments_table(correlated(0), samples(1), correlated(2), 2))
    assert found["whole graph", "whole graph"] > found["whole graph", "draws"] + 5
    assert found["draws", "whole graph"] > found["draws", "draws"] + 5


def correlated(seed: int) -> Sample:
    """As `samples`, with noise in the third column that the first one shares."""
    one = samples(seed)
    noise = torch.randn(len(one.x), generator=torch.Generator().manual_seed(seed + 10))
    return Sample(one.x * 0.5 + 2 * noise.unsqueeze(1) * torch.tensor([1.0, 0.0, 1.0]), one.y)


@pytest.fixture
def film_file(tmp_path: Path) -> Path:
    """A whole graph."""
    file = tmp_path / "films.h5"
    save(file, film_graph())
    return file


def condensed(whole: Path, spread: str) -> Path:
    graph, file = load_dataset(str(whole)), whole.with_name(f"{spread}.h5")
    settings = {"dataset": str(whole)}
    save(
        file,
        condense(graph, plan(graph, 0.2), "mixture", {"spread": spread}, dataset_settings=settings),
    )
    return file


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["draws", *arguments])
    draws.main()


def test_a_table_of_a_condensed_graph(
    film_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, str(condensed(film_file, "on")), "--draws", "3", "--directions", "4")
    by_hop, moments = map(accuracies, capsys.readouterr().out.split("\n\n"))
    for found, count in ((by_hop, 6), (moments, 4)):
        assert len(found) == count
        assert all(0 < score <= 100 for score in found.values())


def test_one_hop_is_the_near_part_of_two(
    film_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, printed = str(condensed(film_file, "on")), []
    for hops in ("1", "2"):
        run(monkeypatch, file, "--draws", "3", "--directions", "4", "--hops", hops)
        printed.append(capsys.readouterr().out.strip().split("\n\n")[-1])
    assert printed[0] == printed[1]


def test_what_cannot_be_drawn_from_is_a_sentence(
    film_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = str(condensed(film_file, "off"))
    for arguments, fault in (
        ((small,), "has no spread"),
        ((small, "--draws", "0"), "--draws (got 0)"),
    ):
        with pytest.raises(SystemExit) as status:
            run(monkeypatch, *arguments)
        assert status.value.code == 2
        assert fault in capsys.readouterr().err
