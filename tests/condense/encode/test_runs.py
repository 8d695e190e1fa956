"""Encoding goes on after an interruption, does nothing twice, and keeps nothing that is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from condense.encode import kept
from condense.encode.encoder import Encoding, UnreadableError
from condense.encode.runs import encode_all
from condense.errors import UserError
from tests.support.encoders import rows_of

WORDS = [f"word {i}" for i in range(23)]


class Lengths:
    """The length and the last character of each text; stops as Ctrl-C does after some batches."""

    name = identity = "lengths"
    width, batch = 2, 4

    def __init__(self, stop: int = 1000) -> None:
        self.seen: list[str] = []
        self.stop = stop

    def encode(self, batch: Sequence[str]) -> np.ndarray:
        if not self.stop:
            raise KeyboardInterrupt
        self.stop -= 1
        assert len(batch) <= self.batch
        self.seen.extend(batch)
        return np.array([row(text) for text in batch], dtype=np.float32)


def row(text: str) -> list[float]:
    return [len(text), ord(text[-1])]


def read(word: str) -> bytes:
    if word.startswith("no"):
        raise UnreadableError("no")
    return word.encode()


def run(encoder: Lengths, folder: Path | None, words: Sequence[str] = WORDS, told=None):
    encoding = Encoding(keep=folder, on_encoded=told)
    return encode_all(encoder, words, read, bytes.decode, encoding, "text", rows_of(words))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SECONDS", 0.0)


def test_rows_failures_and_progress(tmp_path: Path) -> None:
    words = ["no", *WORDS, "no more"]
    told: list[tuple[str, int, int]] = []
    x, failed = run(Lengths(), None, words, lambda *each: told.append(each))
    assert failed == {0: "no", 24: "no"}
    assert x.tolist() == [[0, 0], *map(row, WORDS), [0, 0]]
    assert told == [("text", n, 25) for n in (4, 8, 12, 16, 20, 24, 25)]
    assert not list(tmp_path.iterdir())


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    first = Lengths(stop=3)
    with pytest.raises(KeyboardInterrupt):
        run(first, tmp_path)
    assert first.seen == WORDS[:12]
    # In another order, with one text changed and one new.
    words = ["new", *WORDS[::-1][:-1], "changed"]
    second = Lengths()
    x, _ = run(second, tmp_path, words)
    assert sorted(second.seen) == sorted(["new", "changed", *WORDS[12:]])
    assert x.tolist() == [row(word) for word in words]
    third = Lengths()
    again, _ = run(third, tmp_path, words)
    assert third.seen == []
    assert np.array_equal(x, again)


def test_another_encoder_starts_anew(tmp_path: Path) -> None:
    run(Lengths(), tmp_path)
    other = Lengths()
    other.identity = "lengths/2"
    run(other, tmp_path)
    assert other.seen == WORDS
    assert len(list(tmp_path.iterdir())) == 2


def test_damaged_files_are_encoded_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(Lengths(), tmp_path)
    first, second, third, *_ = sorted(tmp_path.rglob("*.npz"))
    first.write_bytes(first.read_bytes()[:100])
    np.savez(second, keys=np.zeros((4, 16), np.uint8), rows=np.zeros((4, 3), np.float32))
    np.savez(third, keys=np.array([None]), rows=np.zeros((1, 2), np.float32))
    encoder = Lengths()
    x, _ = run(encoder, tmp_path)
    assert encoder.seen == WORDS[:12]
    assert x.tolist() == [row(word) for word in WORDS]
    assert len(caplog.records) == 3


def test_short_work_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SECONDS", 60.0)
    run(Lengths(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    encoder = Lengths()
    encoder.encode = lambda batch: np.full((len(batch), 2), np.nan, dtype=np.float32)
    with pytest.raises(UserError, match=r"text encoder \(got lengths\) gives numbers that are not"):
        run(encoder, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file.* cannot be created \(Not a directory\)"):
        run(Lengths(), tmp_path / "file")


def test_nothing_at_all() -> None:
    x, failed = run(Lengths(), None, [])
    assert x.shape == (0, 2)
    assert failed == {}
