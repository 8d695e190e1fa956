"""Damaged and hostile files: a bounded run of `benchmarks.fuzz`, and its parts by independent answers."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fuzz import FALLEN, bases, outcomes, table
from benchmarks.lookup3 import lookup3
from benchmarks.mutations import MUTATIONS, SEALS, mutated
from condense.errors import FileError
from condense.io.listing import list_contents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", 0xDEADBEEF),  # published with lookup3.c
        (b"Four score and seven years ago", 0x17770551),
    ],
)
def test_lookup3(text, expected):
    assert int(lookup3(text, np.array([len(text)]))[0]) == expected


def test_prefixes_at_once_and_one_by_one():
    data = np.random.default_rng(0).bytes(100)
    together = lookup3(data, np.arange(101))
    assert together.tolist() == [int(lookup3(data[:n], np.array([n]))[0]) for n in range(101)]


def test_an_attackers_metadata_reaches_the_library(tmp_path):
    """HDF5 finds its checksums right, and fails over what they cover, if at all."""
    sound, faults = bases(), []
    for number in range(150):
        file = mutated(sound, 1, number)
        if (file.kind, file.seal) == ("metadata", "made again"):
            path = tmp_path / "a.h5"
            path.write_bytes(file.data)
            try:
                list_contents(path, len(file.data))
            except FileError as error:
                faults.append(str(error))
    assert len(set(faults)) > 5
    assert sum("metadata checksum" in fault for fault in faults) < 0.1 * len(faults)


@pytest.mark.slow
def test_no_file_fells_the_reader():
    results = list(outcomes(range(2000), seed=1))
    assert len(results) == 2000
    assert not [r for r in results if r.outcome in FALLEN], table(results)
    assert {r.kind for r in results} == set(MUTATIONS)
    assert {r.seal for r in results} == {*SEALS, "none"}
    # A changed byte under a seal that was kept is always found; a change may also write what was there.
    kept = [r for r in results if r.seal == "kept"]
    assert sum(r.outcome == "refused" for r in kept) > 0.9 * len(kept)
    assert all("HDF5" not in r.outcome for r in kept)
