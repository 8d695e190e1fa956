"""Verification that a search on the condensed graph would choose well, by trainings on the whole graph.

N sampled architectures are trained for equally many epochs, one after another on one thread, on the condensed
graph, on the whole graph, and by the two baselines of `evaluate.search.baselines`, which spend as much time
as condensing and the N trainings on the condensed graph together. No training is stopped early. Seconds
are those of training and of validation, which the whole graph pays for as often as the condensed one. With c
the seconds of condensing, w_i those of architecture i on the whole graph and t_i those on the condensed one,

    speed-up = Σ_i w_i ÷ (c + Σ_i t_i)

and for a baseline the same without c. If only some architectures are trained on the whole graph, w_i of the
others is the mean of their family there (of all, if it has none), and rankings are over those trained.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from condense.data.graph import MultimodalGraph, num_target
from condense.errors import UserError
from condense.running.threads import threads_for
from evaluate.executors import reason
from evaluate.results.json_files import read_json, write_json
from evaluate.search.architecture import Architecture
from evaluate.search.baselines import largest_within, probes, random_part, short_epochs, sizes
from evaluate.search.ranking_quality import (
    CONDENSED,
    SHORT,
    SUBGRAPH,
    WHOLE,
    Trainings,
    Verification,
    rank_quality,
)
from evaluate.search.side_trainer import SideTrainer
from evaluate.search.trial import TrialData, run_trial

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verifier:
    """The condensed graph and the rules of a verification.

    Attributes:
        trainer: runs the trainings, each once.
        condensed: the condensed graph in the models' units.
        condense_seconds: c.
        epochs: epochs of every training except the short ones.
        check_every: epochs between validations.
        folder: where the baselines' sizes are kept.
        top: how many of a side's best would be retrained on the whole graph.
    """

    trainer: SideTrainer
    condensed: MultimodalGraph
    condense_seconds: float
    epochs: int
    check_every: int
    folder: Path
    top: int = 3

    def run(
        self, architectures: Sequence[Architecture], measured: int | None = None
    ) -> Verification:
        """Train all `architectures` on the condensed graph, and `measured` of them on the other sides.

        An architecture whose training fails is left out of all sides, and a warning says why.

        Raises:
            UserError: fewer than two architectures are left.
        """
        task = self.trainer.task
        with threads_for(0):
            small = TrialData.of(task, self.condensed)
            self._warm_up(small, architectures)
            sides = {CONDENSED: self._all(CONDENSED, small, architectures)}
            architectures = _left(architectures, sides[CONDENSED])
            everywhere = pick(architectures, measured or len(architectures))
            spent = fmean(r.seconds for r in sides[CONDENSED].values())
            allowed = spent + self.condense_seconds / len(architectures)
            whole = TrialData.of(task, task.training)
            sides[WHOLE] = self._all(WHOLE, whole, everywhere, test=True)
            everywhere = _left(everywhere, sides[WHOLE])
            nodes, epochs = self._baselines(architectures, sides, allowed)
            part = TrialData.of(task, random_part(task.training, nodes, self.trainer.seed))
            sides[SUBGRAPH] = self._all(SUBGRAPH, part, everywhere)
            sides[SHORT] = self._all(SHORT, whole, everywhere, epochs=epochs)
        # All sides but the condensed one rank the same architectures.
        common = _left(_left(everywhere, sides[SUBGRAPH]), sides[SHORT])
        for side in (WHOLE, SUBGRAPH, SHORT):
            sides[side] = {a.key: sides[side][a.key] for a in common}
        return rank_quality(architectures, sides, allowed, self.condense_seconds, self.top)

    def _warm_up(self, data: TrialData, architectures: Sequence[Architecture]) -> None:
        """Train one step of each family, so that no timed training pays for one-off loading."""
        nodes, rule = num_target(data.graph), (self.epochs, self.check_every)
        if all(
            self.trainer.has(self.trainer.key(CONDENSED, nodes, architecture, *rule))
            for architecture in architectures
        ):
            return
        for architecture in probes(architectures):
            with contextlib.suppress(Exception):  # It fails again where that is recorded.
                run_trial(data, architecture, 1, 1, self.trainer.seed)

    def _all(
        self,
        side: str,
        data: TrialData,
        architectures: Sequence[Architecture],
        test: bool = False,
        epochs: int | None = None,
    ) -> Trainings:
        """Train every architecture on one side; with `epochs`, validate only at the end.

        Those whose training fails are not among the results.
        """
        trained = {}
        rule = epochs or self.epochs, epochs or self.check_every
        for a in architectures:
            try:
                trained[a.key] = self.trainer.train(side, data, a, *rule, test)
            except Exception as error:
                logger.warning(
                    "%s: %s %s failed and is left out: %s", side, a.model, a.text, reason(error)
                )
        return trained

    def _baselines(
        self, architectures: Sequence[Architecture], sides: Mapping[str, Trainings], allowed: float
    ) -> tuple[int, int]:
        """Target nodes of the sub-graph and epochs of the short trainings, determined once and kept."""
        path = self.folder / "rivals.json"
        rules = {
            "architectures": len(architectures),
            "measured": len(sides[WHOLE]),
            "epochs": self.epochs,
            "check_every": self.check_every,
        }
        kept = read_json(path)
        decided = (kept.get("subgraph_nodes"), kept.get("short_epochs"))
        damaged = any(not isinstance(count, int) or count < 1 for count in decided)
        if damaged or any(kept.get(k) != v for k, v in rules.items()):
            nodes = self._sub_graph_nodes(architectures, sides[CONDENSED], allowed)
            epochs = short_epochs(list(sides[WHOLE].values()), allowed)
            kept = {**rules, "subgraph_nodes": nodes, "short_epochs": epochs, "allowed": allowed}
            write_json(path, kept)
        return int(kept["subgraph_nodes"]), int(kept["short_epochs"])

    def _sub_graph_nodes(
        self, architectures: Sequence[Architecture], condensed: Trainings, allowed: float
    ) -> int:
        """The most training nodes whose sub-graph is predicted to take no longer than allowed.

        The time for a size is predicted from the probes, one architecture per family: the time of their
        first epochs, scaled to all epochs, plus their known time of validation. Its ratio to their time on
        the condensed graph is taken to hold for all architectures.
        """
        task, seed = self.trainer.task, self.trainer.seed
        probed, few = probes(architectures), max(1, self.epochs // 5)
        base = sum(condensed[a.key].seconds for a in probed)
        mean = fmean(r.seconds for r in condensed.values())

        def fits(nodes: int) -> bool:
            data = TrialData.of(task, random_part(task.training, nodes, seed))
            training = sum(run_trial(data, a, few, few, seed).train_seconds for a in probed)
            validation = sum(condensed[a.key].validate_seconds for a in probed)
            return (training * self.epochs / few + validation) / base <= allowed / mean

        store = task.training[task.training.target]
        most = int(store.train_mask.sum())
        return largest_within(sizes(min(num_target(self.condensed), most), most), fits)


def _left(
    architectures: Sequence[Architecture], trained: Mapping[tuple[str, str], object]
) -> list[Architecture]:
    """The architectures whose training on a side did not fail.

    Raises:
        UserError: they are too few to be ranked.
    """
    left = [a for a in architectures if a.key in trained]
    if len(left) < 2:
        raise UserError(
            f"verify: {len(left)} of {len(architectures)} architectures could be trained, which leaves "
            "nothing to rank; the warnings above say why the others failed"
        )
    return left


def pick(architectures: Sequence[Architecture], count: int) -> list[Architecture]:
    """Choose `count` architectures, taken from the families in turn, in their original order."""
    turn: dict[str, int] = {}
    ranked = []
    for place, architecture in enumerate(architectures):
        turn[architecture.model] = turn.get(architecture.model, 0) + 1
        ranked.append((turn[architecture.model], place))
    chosen = {place for _, place in sorted(ranked)[:count]}
    return [a for place, a in enumerate(architectures) if place in chosen]
