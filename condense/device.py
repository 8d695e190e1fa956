"""The device that a name stands for."""

from __future__ import annotations

import torch

from condense.errors import UserError


def find_device(name: str) -> torch.device:
    """The device called `name`; "auto" is a GPU where there is one.

    Raises:
        UserError: an unknown device, or one that this machine lacks.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"device (got {name!r}) cannot be used here ({reason}); try auto") from None
    return device
