"""Texts and images encoded on a cluster of two machines, one of which is lost, and a process killed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cli
from condense.encode import kept
from condense.encode.elsewhere import encode_elsewhere
from condense.encode.encoder import Encoding
from condense.encode.portions import Job
from condense.errors import UserError
from tests.condense.prepare.test_table_images import written
from tests.support.encoders import Dying, Slow, Threads, Words, kind, rows_of
from tests.support.machines import two_machines
from tests.support.tiny_models import saved_clip

pytestmark = pytest.mark.slow

WORDS = [f"word {i}" for i in range(61)]
ROWS = [[len(word), ord("w"), ord(word[-1])] for word in WORDS]


def test_blocks_hold_whole_batches_and_no_more_than_ray_is_to_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from evaluate.distributed import encoding

    monkeypatch.setattr(encoding, "BYTES", 500)
    job = Job(kind(Words), "mine", "mine", "words", 3, 4, 0, np.array([], dtype="S16"))
    parts = list(encoding._in_parts(job, WORDS, 8))
    blocks = [block for part in parts for block in part]
    assert [block["number"][0].as_py() % 4 for block in blocks] == [0] * 8
    numbers = [number for block in blocks for number in block["number"].to_pylist()]
    assert numbers == list(range(len(WORDS)))
    items = [item for block in blocks for item in block["item"].to_pylist()]
    assert items == [word.encode() for word in WORDS]
    assert len(parts) > 1
    assert all(sum(block.nbytes for block in part[:-1]) < 500 for part in parts)


@pytest.fixture(scope="module")
def machines() -> Iterator[Any]:
    with two_machines() as found:
        yield found


@pytest.fixture
def encoded(machines: Any) -> Iterator[Callable[..., np.ndarray]]:
    from evaluate.distributed.connect import connect
    from evaluate.distributed.encoding import EncodingOnRay

    with connect(machines.address) as cpus:
        cluster = EncodingOnRay.on(cpus, "auto")
        assert (cluster.cpus, cluster.gpus) == (2, 0)

        def encode(load: type[Words], name: str = "mine", told=None) -> np.ndarray:
            own = Encoding(on_encoded=told)
            words = [*WORDS, "no"]
            x, failed = encode_elsewhere(kind(load), name, words, own, cluster, rows_of(words))
            assert failed == {len(WORDS): "no"}
            assert not x[-1].any()
            return x[:-1]

        yield encode


def test_a_process_is_killed_and_each_has_one_thread(
    encoded: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    marker = tmp_path / "killed"
    assert encoded(Dying, str(marker)).tolist() == ROWS
    assert marker.exists()
    assert encoded(Threads).tolist() == [[1, 1, 1]] * len(WORDS)


class LoadedHereAlone(Words):
    """Cannot be loaded in any process but that of the command."""

    def __init__(self, name: str, device: str) -> None:
        super().__init__(name, device)
        import ray

        if ray.get_runtime_context().get_actor_id():
            raise UserError("text encoder (got mine) cannot be loaded")


def test_mistakes_are_sentences(
    encoded: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evaluate.distributed import encoding
    from evaluate.distributed.encoding import EncodingOnRay

    with pytest.raises(
        UserError, match=r"machine [\d.]+: text encoder \(got mine\) cannot be loaded"
    ):
        encoded(LoadedHereAlone)
    with pytest.raises(
        UserError, match=r"device \(got 'cuda'\) needs a GPU, and the cluster has none"
    ):
        EncodingOnRay.on(2, "cuda")
    with pytest.raises(UserError, match=r"device \(got 'pig'\) must be auto, cpu or cuda"):
        EncodingOnRay.on(2, "pig")
    there = tmp_path / "there"
    there.write_text("a")
    assert EncodingOnRay(2).unseen([there, tmp_path / "not"]) is None
    monkeypatch.setattr(encoding, "_sizes", lambda paths: [os.getpid() for _ in paths])
    path, machine = EncodingOnRay(2).unseen([there])
    assert path == there
    assert machine.count(".") == 3


def test_the_command_is_interrupted_and_goes_on_alone(
    machines: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    from evaluate.distributed import encoding

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    written(tmp_path)
    saved_clip(tmp_path / "clip")
    words = ["prepare", "graph.toml", "--text-encoder", "clip", "--image-encoder", "clip"]
    elsewhere = ["--address", machines.address]
    whole = encoding._portions

    def interrupted(made: Any) -> Iterator[Any]:
        yield next(portions := whole(made))
        portions.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(encoding, "_portions", interrupted)
    assert cli.main([*words, "--out", "a.h5", *elsewhere]) == 130
    assert list(Path("a.h5.encoded").rglob("*.npz"))
    monkeypatch.setattr(encoding, "_portions", whole)
    assert cli.main([*words, "--out", "a.h5", "--device", "cpu"]) == 0
    assert cli.main([*words, "--out", "b.h5", *elsewhere]) == 0
    assert "Ray: 2 CPUs" in capsys.readouterr().err
    one, other = graph("a.h5"), graph("b.h5")
    for name in ("x_text", "x_image", "has_image"):
        assert torch.allclose(one[name].float(), other[name].float(), atol=1e-6), name
    assert Path("a.h5.unreadable.tsv").read_text() == Path("b.h5.unreadable.tsv").read_text()
    assert not Path("b.h5.encoded").exists()


def graph(path: str) -> Any:
    from condense.io import load

    return load(path)["item"]


def test_a_machine_is_lost(
    machines: Any, encoded: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    from evaluate.distributed.encoding import EncodingOnRay

    lost: list[int] = []
    before = ray.nodes()

    def lose(what: str, done: int, total: int) -> None:
        if not lost:
            machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
            lost.append(done)

    assert encoded(Slow, told=lose).tolist() == ROWS
    assert lost[0] < len(WORDS) / 2
    monkeypatch.setattr(ray, "nodes", lambda: before)  # As if it was lost after it was asked.
    with pytest.raises(UserError, match=r"machine [\d.]+ was lost when it was asked for its files"):
        EncodingOnRay(2).unseen([Path(__file__)])
