"""Encoding on a cluster, against encoding in one process; what machines lack is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from condense.encode import kept
from condense.encode.elsewhere import encode_elsewhere
from condense.encode.encoder import Encoding
from condense.encode.runs import encode_all
from condense.errors import UserError
from tests.support.encoders import NotFinite, OutOfOrder, Words, kind, rows_of

WORDS = ["no", *(f"word {i}" for i in range(29)), "damaged", "no", "last"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SECONDS", 0.0)


def alone(folder: Path | None = None, words=WORDS):
    own = kind(Words)
    encoding = Encoding(keep=folder)
    encoder = Words("mine", "cpu")
    return encode_all(encoder, words, own.content, own.decode, encoding, "text", rows_of(words))


def together(cluster: OutOfOrder, folder: Path | None = None, words=WORDS, told=None, own=None):
    encoding = Encoding(keep=folder, on_encoded=told)
    return encode_elsewhere(own or kind(Words), "mine", words, encoding, cluster, rows_of(words))


def same(one, other) -> None:
    assert np.array_equal(one[0], other[0])
    assert list(one[1].items()) == list(other[1].items())  # Also in order.


def test_the_same_as_in_one_process() -> None:
    told: list[tuple[str, int, int]] = []
    found = together(OutOfOrder(), told=lambda *each: told.append(each))
    same(found, alone())
    assert list(found[1].values()) == ["no", "damaged", "no"]
    assert [done for _, done, _ in told][-1] == len(WORDS)
    assert sorted(told) == told


def test_either_goes_on_where_the_other_was_interrupted(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        together(OutOfOrder(stop=2), tmp_path)
    assert list(tmp_path.rglob("*.npz"))
    second = OutOfOrder()
    same(together(second, tmp_path), alone())
    assert 0 < second.seen < 30
    third = OutOfOrder()
    same(together(third, tmp_path, WORDS[::-1]), alone(words=WORDS[::-1]))
    assert third.seen == 0

    class Never(Words):
        def encode(self, batch):
            raise AssertionError

    own = kind(Words)
    never, keep = Never("mine", "cpu"), Encoding(keep=tmp_path)
    went_on = encode_all(never, WORDS, own.content, own.decode, keep, "text", rows_of(WORDS))
    same(went_on, alone())


def test_a_file_that_a_machine_lacks_is_told_before_anything_is_encoded(tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.txt" for i in range(3)]
    for file in files[1:]:
        file.write_text("a")
    cluster, own = OutOfOrder(), kind(Words, file=Path)
    cluster.blind = files[2]
    words = list(map(str, files))
    message = rf"text \(got {files[2]}\) is there where .* cannot be read on 10\.0\.0\.2"
    with pytest.raises(UserError, match=message):
        together(cluster, words=words, own=own)
    assert cluster.seen == 0
    cluster.blind = files[0]  # It is missing here, too.
    assert together(cluster, words=words, own=own)[1] == {}


def test_a_file_that_only_a_machine_cannot_read_is_no_missing_modality() -> None:
    class Blind(OutOfOrder):
        def run(self, job, items):
            for machine, made in super().run(job, items):
                made.key[5], made.fresh[5], made.row[5], made.failure[5] = (
                    0,
                    False,
                    0,
                    "no such file",
                )
                yield machine, made

    with pytest.raises(UserError, match=r"got word 4\) is there .* cannot be read on 10\.0\.0\.2"):
        together(Blind(size=40))


def test_a_models_folder_that_a_machine_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine", "config.json").write_text("{}")
    cluster = OutOfOrder()
    cluster.blind = tmp_path / "mine" / "config.json"
    with pytest.raises(UserError, match=r"text encoder \(got mine\) is not the same folder on 10"):
        together(cluster)
    cluster.blind = tmp_path / "mine" / "1_Pooling" / "config.json"
    hidden = tmp_path / "mine" / ".cache" / "huggingface" / "lock"
    for file in (cluster.blind, hidden):
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    with pytest.raises(UserError, match=r"1_Pooling/config\.json is missing or has another size"):
        together(cluster)
    # Other processes get its whole path.
    jobs = []
    cluster.blind = hidden
    whole = OutOfOrder.run
    monkeypatch.setattr(OutOfOrder, "run", lambda s, job, i: jobs.append(job) or whole(s, job, i))
    together(cluster)
    assert (jobs[0].name, jobs[0].model) == ("mine", str(tmp_path / "mine"))


def test_what_must_not_come_back(tmp_path: Path) -> None:
    class Losing(OutOfOrder):
        def run(self, job, items):
            yield from list(super().run(job, items))[1:]

    with pytest.raises(RuntimeError, match="25 of 33 items"):
        together(Losing())
    with pytest.raises(UserError, match=r"text encoder \(got mine\) gives numbers that are not"):
        together(OutOfOrder(), tmp_path, own=kind(NotFinite))
    assert not list(tmp_path.iterdir())
