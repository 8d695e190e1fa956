"""SR-GM's loop: the relay's trajectory on the condensed graph, which is updated along it."""

from __future__ import annotations

import torch
from torch import Tensor

from condense.clustering.propagation import RelayView
from condense.data.graph import MultimodalGraph
from condense.edges.statistics import edge_numbers
from condense.errors import UserError
from condense.methods.srgm.adam_state import adam_tensors, restore_adam
from condense.methods.srgm.nonfinite import NonFiniteError, explain, finite
from condense.methods.srgm.objective import Objective, ObjectiveTerms
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import RelayInputs, Synthesis
from condense.methods.srgm.validation import RelayValidator
from condense.running.checkpoints import Checkpoints, State
from condense.running.steps import OnStep, Step
from models.relays.adam import Adam
from models.relays.linear import Relay, packed, train_relay


class Run:
    """One run: the synthesis, the relay's trajectory, and the best state so far."""

    def __init__(
        self,
        settings: SRGMSettings,
        view: RelayView,
        frames: SharedSpace,
        validator: RelayValidator,
        synthesis: Synthesis,
        pool: Pool,
        generator: torch.Generator,
        on_step: OnStep,
    ) -> None:
        self.settings, self.view, self.pool = settings, view, pool
        self.validator, self.synthesis = validator, synthesis
        self.generator, self.on_step = generator, on_step
        # Apart, so that watching conflicts leaves the run's own randomness alone.
        self.chance = torch.Generator(generator.device).manual_seed(0)
        self.objective = Objective(
            view,
            frames,
            tuple(synthesis.logits),
            settings.decouple,
            relative=settings.energy == "relative",
            damped=settings.damping > 0,
            authors=settings.energy == "authors",
        )
        self.history: list[dict[str, float]] = []
        self.best = self.synthesis.snapshot()
        self.start_score = self.best_score = validator.score(synthesis.features(view), synthesis.y)
        self.best_step = 0
        # The loop's own state, besides the synthesis.
        self.index = 0
        self.theta: Relay = validator.start.copy()
        self.optimisers = {
            "features": Adam(list(synthesis.h.values()), settings.lr_features),
            "edges": Adam(list(synthesis.logits.values()), settings.lr_edges),
        }
        self.diverged = ""

    def go(self, checkpoints: Checkpoints) -> bool:
        """All steps that are left; False if the user interrupted, or if a number is no longer finite, and
        the best state so far stands.
        """
        s = self.settings
        if checkpoints.state is not None:
            self._go_on_from(checkpoints.state)
        try:
            seen = self.synthesis.seen(self.view)
            while self.index < s.epochs * s.outer:
                if self.index % s.outer == 0:
                    self.theta = self.theta.redrawn(self.generator)
                self.index += 1
                due = self.index % s.check_every == 0 or self.index == s.epochs * s.outer
                terms = self._step(seen, due)
                # The relay trains on what the next step goes on from.
                seen = self.synthesis.seen(self.view)
                z = seen.z.detach()
                if due:
                    self._check(self.index, terms, z)
                self.theta = train_relay(self.theta, z, self.synthesis.one_hot, s.inner, s.lr_relay)
                if due:
                    checkpoints.offer(self.index, self._state)
        except KeyboardInterrupt:
            return False
        except NonFiniteError as error:
            self.diverged = str(error)
            return False
        return True

    def best_graph(self, whole: MultimodalGraph) -> MultimodalGraph:
        """The state with the best validation score, as a graph in the data set's units."""
        self.synthesis.restore(self.best)
        return self.synthesis.to_graph(self.view, whole)

    def measures(self) -> dict[str, float]:
        """Validation scores of the relay, before and after, and the width that it could afford."""
        return {
            "relay_width": len(self.view.block),
            "start_val_score": self.start_score,
            "best_val_score": self.best_score,
            "best_step": self.best_step,
        }

    def _step(self, seen: RelayInputs, report: bool) -> ObjectiveTerms:
        """One update of the condensed graph.

        Args:
            seen: the condensed graph as it is now.
            report: compute an energy that moves nothing as well, so that it can be told.
        """
        s, syn, theta = self.settings, self.synthesis, self.theta
        whole = self.objective.whole_gradients(theta, self.pool.draw(s.batch, self.generator))
        terms = self.objective.terms(syn, seen, theta, whole, report)
        loss = terms.match + s.damping * terms.energy
        moved = (*syn.h.values(), *syn.logits.values())
        for x in moved:
            x.grad = None
        self._expect_finite([loss], whole, terms)
        loss.backward()
        changes = [x.grad for x in moved if x.grad is not None]
        self._expect_finite(changes, whole, terms)
        if s.decouple == "update":
            self.objective.decouple_update(syn)
        for optimiser in self.optimisers.values():
            optimiser.step([x.grad for x in optimiser.parameters])
        with torch.no_grad():
            for key, has in syn.has.items():
                syn.h[key].mul_(has.unsqueeze(1))
        return terms

    def _expect_finite(
        self,
        numbers: list[Tensor],
        whole: tuple[Tensor, ...] = (),
        terms: ObjectiveTerms | None = None,
    ) -> None:
        """Raise a NonFiniteError that says what is wrong, unless all `numbers` are finite."""
        if not finite(numbers):
            fault, setting = explain(self.view, self.synthesis, self.theta, whole, terms)
            setting = setting if getattr(self.settings, setting) else "lr_features"
            value = getattr(self.settings, setting)
            raise NonFiniteError(
                f"step {self.index}: {fault} must stay finite; "
                f"try a smaller --{setting.replace('_', '-')} (got {value:g})"
            )

    def _check(self, index: int, terms: ObjectiveTerms, z: Tensor) -> None:
        """Validate, keep the best, and tell."""
        self._expect_finite([z])
        score = self.validator.score(z, self.synthesis.y)
        if score > self.best_score:
            self.best, self.best_score, self.best_step = self.synthesis.snapshot(), score, index
        with torch.no_grad():
            weights = self.synthesis.structure.saved()
        rate, chance = self.objective.conflicts(terms.field, self.chance)
        values = {
            "loss": terms.match.item(),
            "energy": terms.energy.item(),
            **edge_numbers(weights),
            "val_score": score,
            "conflict_rate": rate,
            "chance_conflict_rate": chance,
        }
        self.history.append({"step": float(index), **values})
        self.on_step(Step(index, self.settings.epochs * self.settings.outer, values))

    def _state(self) -> State:
        """What the next step depends on, and what was found so far."""
        numbers = {
            "index": self.index,
            "start": self.synthesis.start.digest(),
            "history": self.history,
            "best_score": self.best_score,
            "best_step": self.best_step,
        }
        tensors = {
            **{f"relay/{name}": x for name, x in self.theta.tensors().items()},
            "generator": self.generator.get_state(),
            "chance": self.chance.get_state(),
            **self.synthesis.snapshot().named("now"),
            **self.best.named("best"),
        }
        for name, optimiser in self.optimisers.items():
            tensors |= adam_tensors(name, optimiser)
        return State(numbers, tensors)

    def _go_on_from(self, state: State) -> None:
        """Take up a `_state`.

        Raises:
            UserError: it belongs to another start, or its tensors have other shapes.
        """
        numbers, tensors = state.numbers, state.tensors
        if numbers["start"] != self.synthesis.start.digest():
            raise UserError(
                "resume: the run's start, made anew, is not what it was (other code or libraries, or a "
                "device that does not repeat itself); start anew without --resume"
            )
        now, best = self.best.like(tensors, "now"), self.best.like(tensors, "best")
        self.index, self.best_step = numbers["index"], numbers["best_step"]
        self.history, self.best_score = numbers["history"], numbers["best_score"]
        # Where a trained relay lies, lest roundings differ.
        _, self.theta = packed(self.theta)
        for name, x in self.theta.tensors().items():
            x.copy_(tensors[f"relay/{name}"])
        self.generator.set_state(tensors["generator"])
        self.chance.set_state(tensors["chance"])
        self.synthesis.restore(now)
        self.best = best
        for name, optimiser in self.optimisers.items():
            restore_adam(name, optimiser, tensors)
