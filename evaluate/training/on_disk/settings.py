"""How a whole graph on disk is sampled."""

from __future__ import annotations

from dataclasses import dataclass

from condense.errors import UserError

PATH_BATCH = 4096
"""Training nodes a step of a model that reads meta-path features."""
MESSAGE_BATCH = 256
"""Of a model that passes messages: two hops of the default fan-out reach some hundred thousand nodes."""


@dataclass(frozen=True)
class Sampling:
    """Which nodes are scored, and what the steps of a training on the whole graph read.

    Steps are capped because a pass over millions of training nodes in each of hundreds of epochs would take
    days. Whether a training had enough of them the mark of rising scores tells.

    Attributes:
        test_nodes: most test nodes that are scored, a uniform sample.
        val_nodes: most validation nodes, likewise; they are scored several times a training.
        batch_size: training nodes a step; None takes PATH_BATCH or MESSAGE_BATCH.
        steps_per_epoch: most steps an epoch; it is at most one pass over the training nodes.
        fan_out: most in-neighbours a node and relation, for each edge away from the training nodes; the last
            number holds for all further ones. 10 and 5 are about the 25 and 10 of GraphSAGE (section 4.4),
            which samples from one relation, for several.
    """

    test_nodes: int = 50_000
    val_nodes: int = 5_000
    batch_size: int | None = None
    steps_per_epoch: int = 10
    fan_out: tuple[int, ...] = (10, 5)

    def check(self) -> None:
        """Check all values.

        Raises:
            UserError: a number below 1, or no fan-out.
        """
        if not self.fan_out:
            raise UserError("fan_out (got nothing) needs at least one number; try --fan-out 10 5")
        numbers = {
            "test_nodes": self.test_nodes,
            "val_nodes": self.val_nodes,
            "batch_size": 1 if self.batch_size is None else self.batch_size,
            "steps_per_epoch": self.steps_per_epoch,
            "fan_out": min(self.fan_out),
        }
        for name, value in numbers.items():
            if value < 1:
                raise UserError(
                    f"{name} (got {value}) must be at least 1; leave it out for the default"
                )

    def reaching(self, hops: int) -> tuple[int, ...]:
        """The fan-out of each of so many edges."""
        return (*self.fan_out, *[self.fan_out[-1]] * hops)[:hops]

    def words(self) -> str:
        """What the steps read, as NAME=VALUE words."""
        size = "auto" if self.batch_size is None else self.batch_size
        fan_out = "+".join(map(str, self.fan_out))
        return f"batch_size={size} steps_per_epoch={self.steps_per_epoch} fan_out={fan_out}"
