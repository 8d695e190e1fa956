"""Different names have different keys, and no key is a name of torch's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from models.layers.keys import key_of
from tests.support.names import NASTY

NAMES = st.text(min_size=1, max_size=4) | st.sampled_from(NASTY) | st.text(":.%23AE_", min_size=1)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
OWN = {*dir(nn.Module()), *dir(nn.ModuleDict()), *dir(nn.ParameterDict())}


@given(PATHS, PATHS)
def test_keys_are_unique_and_torch_takes_them(one, other):
    assert (key_of(*one) == key_of(*other)) is (one == other)
    assert key_of(*one) not in OWN
    assert list(nn.ModuleDict({key_of(*one): nn.Identity()})) == [key_of(*one)]


def test_plain_names_can_be_read():
    assert key_of("movie") == "movie:"
    assert key_of("movie", "text") == "movie:text"
    assert key_of("a.b", "50%", "c:d") == "a%2Eb:50%25:c%3Ad"
