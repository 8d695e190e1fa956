"""Writes a run's curves for TensorBoard: loss, conflict rate, energy, edge mass, validation score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from condense.errors import UserError

if TYPE_CHECKING:
    from condense.running.steps import Step

TOGETHER = {"conflict rate": ["conflict_rate", "chance_conflict_rate"]}
"""Charts that show several curves: a conflict rate means little without the rate expected by chance."""


class TensorBoard:
    """Writes every value of every step that a condenser reports to `on_step`.

    with TensorBoard(Path("runs/board")) as board:
        condense(graph, budget, on_step=board.on_step)

    A resumed run may use the same folder: values that an earlier part wrote for later steps are no longer
    shown.

    Args:
        folder: the folder of the event files; created if it does not exist.

    Raises:
        UserError: the package tensorboard is not installed, or `folder` cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError as error:
            raise UserError(
                f"tensorboard (got {folder}) needs the package tensorboard, which is not installed "
                f"({error}); install it with: pip install tensorboard"
            ) from None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"tensorboard (got {folder}) must be a writable folder ({error.strerror}); "
                "choose another"
            ) from None
        self._open, self._folder = SummaryWriter, folder
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def on_step(self, step: Step) -> None:
        """Write one step."""
        if self._writer is None:
            self._writer = self._open(str(self._folder), purge_step=step.index)
            self._writer.add_custom_scalars({"together": _charts(list(step.values))})
        for name, value in step.values.items():
            self._writer.add_scalar(name, value, step.index)
        self._writer.flush()


def _charts(names: Sequence[str]) -> dict[str, list[str | list[str]]]:
    """The charts of TOGETHER whose curves all exist, in the form that TensorBoard expects."""
    return {
        title: ["Multiline", curves]
        for title, curves in TOGETHER.items()
        if all(curve in names for curve in curves)
    }
