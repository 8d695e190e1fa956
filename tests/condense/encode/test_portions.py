"""Portions that other processes encode: each batch by itself, and nothing that is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condense.encode.kept import KEY, Kept, among, content_key
from condense.encode.portions import Job, encode_portion
from condense.errors import UserError
from tests.support.encoders import WIDTH, Words, kind

NONE_KEPT = np.array([], dtype=f"S{KEY}")


def job(kept: np.ndarray = NONE_KEPT) -> Job:
    return Job(kind(Words), "mine", "mine", "words", WIDTH, Words.batch, 0, kept)


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_failures_and_what_is_kept(threads: int) -> None:
    items = [b"ab", b"no", b"damaged", b"kept", b"c\x00", *(b"w%d" % n for n in range(6))]
    sizes: list[int] = []

    class Counting(Words):
        def encode(self, batch):
            sizes.append(len(batch))
            return super().encode(batch)

    numbers = np.arange(7, 7 + len(items))
    kept = np.array([content_key(b"kept")], dtype=NONE_KEPT.dtype)
    made = encode_portion(job(kept), Counting("", ""), numbers, items, threads)
    assert made.number.tolist() == numbers.tolist()
    assert made.failure.tolist() == ["", "no", "damaged", *[""] * 8]
    assert made.fresh.tolist() == [True, False, False, False, *[True] * 7]
    for place, item in enumerate(items):
        readable = item != b"no"
        assert made.key[place].tobytes() == (content_key(item) if readable else bytes(KEY))
        row = [len(item), item[0], item[-1]] if made.fresh[place] else [0, 0, 0]
        assert made.row[place].tolist() == row
    # Batches are of four consecutive items, whatever is missing in them.
    assert sizes == [1, 4, 3]


@given(
    st.sets(st.binary(min_size=KEY, max_size=KEY), max_size=20),
    st.binary(min_size=KEY, max_size=KEY),
)
def test_keys_are_found_among_sorted_ones(known: set[bytes], key: bytes) -> None:
    kept = Kept(None, "mine", 1)
    ending = {each[:-2] + bytes(2) for each in known}  # NumPy drops zeros at the end.
    kept._known = dict.fromkeys(known | ending, np.zeros(1, np.float32))
    keys = kept.keys()
    for each in {key, key[:-2] + bytes(2), *known, *ending}:
        assert among(keys, each) == (each in kept)


def test_another_encoder_is_refused() -> None:
    class Other(Words):
        identity = "other"

    wrong = Job(kind(Other), "mine", "/all/mine", "words", WIDTH, 4, 0, NONE_KEPT)
    with pytest.raises(UserError, match=r"text encoder \(got mine\) has other weights or settings"):
        wrong.encoder("cpu")
    assert job().encoder("cpu").name == "mine"


def test_reasons_can_be_sent() -> None:
    def unreadable(content: bytes) -> bytes:
        from condense.encode.encoder import UnreadableError

        raise UnreadableError("no \udcff")

    own = job()
    object.__setattr__(own, "kind", kind(Words))
    object.__setattr__(own.kind, "read", unreadable)
    made = encode_portion(own, Words("", ""), np.arange(1), [b"a"], 1)
    assert made.failure.tolist() == ["no ?"]
