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


def test_the_table_tells_that_far_features_are_wrong() -> None:
    """In the draws the classes have changed places two hops away."""
    text = hops_table(samples(0), samples(1, far=-3.0), samples(2), HOPS, 2, 0)
    lines = {
        tuple(line.split(" | ")[:2]): float(line.split(" | ")[2][:-2])
        for line in text.splitlines()[2:]
    }
    assert lines["| whole graph", "whole graph, same node"] > 90
    assert lines["| whole graph", "–"] < 60
    assert lines["| draws", "draws, same node"] < 10
    assert lines["| draws", "whole graph, other node"] > 90
    assert lines["| whole graph", "draws, other node"] < 10


def test_wrong_means_and_a_wrong_covariance_are_told_apart() -> None:
    """In the draws noise is far wider in the column that tells, or the classes have changed places."""

    def lines(draws: Sample) -> list[float]:
        text = moments_table(samples(0), draws, samples(2), 2)
        return [float(line.split(" | ")[2][:-2]) for line in text.splitlines()[2:]]

    moved = lines(samples(1, far=-3.0))
    assert min(moved[:2]) > 90 > 10 > max(moved[2:])
    # The first column says nothing of the class, but shares its noise with the third one, so that the whole
    # graph's discriminant takes the noise away; the draws have it in the first column alone.
    shared, noisy = correlated(0), samples(1)
    text = moments_table(shared, noisy, correlated(2), 2)
    both = [float(line.split(" | ")[2][:-2]) for line in text.splitlines()[2:]]
    assert both[0] > both[1] + 5
    assert both[2] > both[3] + 5


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
    by_hop, moments = capsys.readouterr().out.split("\n\n")
    for printed, count in ((by_hop, 8), (moments, 4)):
        lines = printed.splitlines()
        assert len(lines) == 2 + count
        assert all(0 < float(line.split("|")[3]) <= 100 for line in lines[2:])


def test_one_hop_has_no_farther_features(
    film_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(condensed(film_file, "on"))
    run(monkeypatch, file, "--draws", "3", "--directions", "4", "--hops", "1")
    by_hop, moments = (part.splitlines()[2:] for part in capsys.readouterr().out.split("\n\n"))
    scores = [line.split("|")[3] for line in by_hop]
    assert [line.split("|")[2].strip() for line in by_hop] == ["–", "–"]
    assert scores == [moments[0].split("|")[3], moments[3].split("|")[3]]


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
