"""Fixtures of all tests."""

import pytest
import torch


@pytest.fixture
def double():
    """float64 as torch's default, in which features and weights are then read."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
