"""Small problems use one thread, and the previous number is restored."""

from __future__ import annotations

import pytest
import torch

from condense.running.threads import SMALL, threads_for


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize(("numbers", "used"), [(SMALL - 1, 1), (SMALL, 3)])
def test_threads_inside_and_after(numbers, used):
    with threads_for(numbers):
        assert torch.get_num_threads() == used
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
def test_the_number_is_restored_after_an_error():
    with pytest.raises(KeyboardInterrupt), threads_for(1):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == 3
