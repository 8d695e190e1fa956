"""SR-GM's matching loop: it trains the relay on the condensed graph and updates the graph along the way."""

from __future__ import annotations

import torch
from torch import Tensor

from condense.clustering.relay_space import RelaySpace
from condense.edges.statistics import edge_numbers
from condense.errors import UserError
from condense.judging.relay_validator import RelayValidator
from condense.methods.srgm.nonfinite import locate_nonfinite
from condense.methods.srgm.objective import Objective, ObjectiveTerms
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import RelayInputs, Synthesis
from condense.running.adam_state import adam_tensors, restore_adam
from condense.running.checkpoints import Checkpoints, State
from condense.running.finite import NonFiniteError, all_finite
from condense.running.steps import OnStep, Step
from models.relays.adam import Adam
from models.relays.linear import Relay, packed, train_relay


class MatchingLoop:
    """The loop's state: the synthesis, the relay θ, and the best snapshot so far."""

    def __init__(
        self,
        settings: SRGMSettings,
        view: RelaySpace,
        shared_space: SharedSpace,
        validator: RelayValidator,
        synthesis: Synthesis,
        pool: Pool,
        generator: torch.Generator,
        on_step: OnStep,
    ) -> None:
        self.settings, self.view, self.pool = settings, view, pool
        self.validator, self.synthesis = validator, synthesis
        self.generator, self.on_step = generator, on_step
        # A generator of its own, so that measuring conflicts does not change the run's other draws.
        self.conflict_generator = torch.Generator(generator.device).manual_seed(0)
        self.objective = Objective(
            view,
            shared_space,
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
        self.step = 0
        self.theta: Relay = validator.initial_relay.copy()
        self.optimisers = {
            "features": Adam(list(synthesis.h.values()), settings.lr_features),
            "edges": Adam(list(synthesis.logits.values()), settings.lr_edges),
        }
        self.diverged = ""

    @property
    def total(self) -> int:
        """Updates of the condensed graph in the whole run."""
        return self.settings.epochs * self.settings.outer

    def run(self, checkpoints: Checkpoints) -> bool:
        """Do all remaining steps.

        Returns:
            False if the user interrupted the loop or a number is no longer finite; `best` is then the best
            state up to there.
        """
        s = self.settings
        if checkpoints.state is not None:
            self._resume(checkpoints.state)
        try:
            inputs = self.synthesis.relay_inputs(self.view)
            while self.step < self.total:
                if self.step % s.outer == 0:
                    self.theta = self.theta.redrawn(self.generator)
                self.step += 1
                due = self.step % s.check_every == 0 or self.step == self.total
                terms = self._update_graph(inputs, due)
                # The relay trains on the updated graph, from which the next update starts.
                inputs = self.synthesis.relay_inputs(self.view)
                z = inputs.z.detach()
                if due:
                    self._validate(terms, z)
                self.theta = train_relay(self.theta, z, self.synthesis.one_hot, s.inner, s.lr_relay)
                if due:
                    checkpoints.offer(self.step, self._state)
        except KeyboardInterrupt:
            return False
        except NonFiniteError as error:
            self.diverged = str(error)
            return False
        return True

    def measures(self) -> dict[str, float]:
        """The width D of the relay's input, and its validation score at the start and at the best step."""
        return {
            "relay_width": len(self.view.block),
            "start_val_score": self.start_score,
            "best_val_score": self.best_score,
            "best_step": self.best_step,
        }

    def _update_graph(self, inputs: RelayInputs, report: bool) -> ObjectiveTerms:
        """Update the condensed graph once.

        Args:
            inputs: the current condensed graph.
            report: compute the energy for the history even where it does not enter the loss.
        """
        s, syn, theta = self.settings, self.synthesis, self.theta
        whole = self.objective.whole_gradients(theta, self.pool.draw(s.batch, self.generator))
        terms = self.objective.terms(syn, inputs, theta, whole, report)
        loss = terms.match + s.damping * terms.energy
        parameters = (*syn.h.values(), *syn.logits.values())
        for x in parameters:
            x.grad = None
        self._require_finite([loss], whole, terms)
        loss.backward()
        gradients = [x.grad for x in parameters if x.grad is not None]
        self._require_finite(gradients, whole, terms)
        if s.decouple == "update":
            self.objective.decouple_update(syn)
        for optimiser in self.optimisers.values():
            optimiser.step([x.grad for x in optimiser.parameters])
        with torch.no_grad():
            for key, has in syn.has.items():
                syn.h[key].mul_(has.unsqueeze(1))
        return terms

    def _require_finite(
        self,
        tensors: list[Tensor],
        whole: tuple[Tensor, ...] = (),
        terms: ObjectiveTerms | None = None,
    ) -> None:
        """Raise a NonFiniteError with a remedy unless all numbers in `tensors` are finite."""
        if not all_finite(tensors):
            fault, setting = locate_nonfinite(self.view, self.synthesis, self.theta, whole, terms)
            setting = setting if getattr(self.settings, setting) else "lr_features"
            value = getattr(self.settings, setting)
            raise NonFiniteError(
                f"step {self.step}: {fault} must stay finite; "
                f"try a smaller --{setting.replace('_', '-')} (got {value:g})"
            )

    def _validate(self, terms: ObjectiveTerms, z: Tensor) -> None:
        """Score the current graph, keep it if it is the best, and report the step."""
        self._require_finite([z])
        score = self.validator.score(z, self.synthesis.y)
        if score > self.best_score:
            self.best, self.best_score = self.synthesis.snapshot(), score
            self.best_step = self.step
        with torch.no_grad():
            weights = self.synthesis.structure.saved()
        rate, chance_rate = self.objective.conflicts(terms.field, self.conflict_generator)
        values = {
            "loss": terms.match.item(),
            "energy": terms.energy.item(),
            **edge_numbers(weights),
            "val_score": score,
            "conflict_rate": rate,
            "chance_conflict_rate": chance_rate,
        }
        self.history.append({"step": float(self.step), **values})
        self.on_step(Step(self.step, self.total, values))

    def _state(self) -> State:
        """Everything that the next step depends on, and the results so far."""
        numbers = {
            "index": self.step,
            "start": self.synthesis.start.digest(),
            "history": self.history,
            "best_score": self.best_score,
            "best_step": self.best_step,
        }
        tensors = {
            **{f"relay/{name}": x for name, x in self.theta.tensors().items()},
            "generator": self.generator.get_state(),
            "chance": self.conflict_generator.get_state(),
            **self.synthesis.snapshot().to_tensors("now"),
            **self.best.to_tensors("best"),
        }
        for name, optimiser in self.optimisers.items():
            tensors |= adam_tensors(name, optimiser)
        return State(numbers, tensors)

    def _resume(self, state: State) -> None:
        """Restore what `_state` saved.

        Raises:
            UserError: the state belongs to another start, or its tensors have other shapes.
        """
        numbers, tensors = state.numbers, state.tensors
        if numbers["start"] != self.synthesis.start.digest():
            raise UserError(
                "resume: the start of this run, computed again, differs from the start in the checkpoint "
                "(other code or libraries, or a device whose results vary); start anew without --resume"
            )
        now, best = self.best.from_tensors(tensors, "now"), self.best.from_tensors(tensors, "best")
        self.step, self.best_step = numbers["index"], numbers["best_step"]
        self.history, self.best_score = numbers["history"], numbers["best_score"]
        # A trained relay is packed in one tensor; another layout could round differently.
        _, self.theta = packed(self.theta)
        for name, x in self.theta.tensors().items():
            x.copy_(tensors[f"relay/{name}"])
        self.generator.set_state(tensors["generator"])
        self.conflict_generator.set_state(tensors["chance"])
        self.synthesis.restore(now)
        self.best = best
        for name, optimiser in self.optimisers.items():
            restore_adam(name, optimiser, tensors)
