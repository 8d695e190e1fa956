"""Condensed graphs that a plan's models are trained on."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from condense.budget import RatioBase, plan
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.methods.spec import parse
from evaluate.grid.baselines import condense_baseline
from evaluate.training.task import EvaluationTask


@checked(frozen=True, config=STRICT)
class Condensing:
    """How the graph is condensed on which a model is trained, a table [models.NAME.condense].

    Attributes:
        method: METHOD or METHOD:SETTING=VALUE,…, see `condense.methods.spec`.
        ratio: of the target nodes that `ratio_base` counts.
        ratio_base: "all" target nodes or "train" nodes; papers differ. As of `condense.budget.plan`.
        edge_ratio: as of `condense.budget.plan`.
    """

    method: str
    ratio: Annotated[float, Field(gt=0, le=1)]
    ratio_base: RatioBase | None = None
    edge_ratio: float | None = None

    def check(self) -> None:
        """Raise for an unknown method or setting.

        Raises:
            UnknownChoiceError: an unknown method.
            UserError: a setting that is unknown or out of range.
        """
        parse(self.method)

    def record(self) -> list[Any]:
        """All that the condensed graph of one seed depends on, besides the whole graph."""
        method, settings = parse(self.method)
        rest = [self.ratio, self.ratio_base, self.edge_ratio]
        return json.loads(json.dumps([method, settings, *rest]))


@dataclass(frozen=True)
class CondensedGraphs:
    """Graphs condensed so far; trainings in one process share them, and processes share their files.

    Attributes:
        folder: of the files; None keeps none.
        made: key -> a condensed graph in the models' units.
    """

    folder: Path | None = None
    made: dict[str, MultimodalGraph] = field(default_factory=dict)

    def of(self, task: EvaluationTask, condensing: Condensing, seed: int) -> MultimodalGraph:
        """The graph condensed with this seed, in the models' units.

        Raises:
            UserError: the method cannot condense this graph; the error names the table.
        """
        key = json.dumps([task.fingerprint, *condensing.record(), seed])
        if key not in self.made:
            method, settings = parse(condensing.method)
            base, edges = condensing.ratio_base, condensing.edge_ratio
            try:
                budget = plan(task.raw, condensing.ratio, base, edges, task.setting)
                condensed = condense_baseline(
                    task.raw, budget, method, settings, seed, str(task.device), self.folder
                )
            except UserError as error:
                raise UserError(f"condense {dataclasses.asdict(condensing)}: {error}") from None
            self.made[key] = task.admit(condensed.graph)
        return self.made[key]
