"""The search space: model families and the values of their settings, read from TOML and sampled.

    epochs = 100                     # epochs of every training
    check_every = 20                 # epochs between validations

    [training]                       # values for every family
    lr = [0.003, 0.01]

    [models.gcn]                     # a family, with values for some of its settings
    hidden = [16, 64]

    [models.gcn.training]            # values for this family instead of those in [training]
    weight_decay = [0.0005, 0.05]

A list holds the values to try, all equally likely; settings that are not listed keep the model's own
defaults. How modalities are fused is a family's choice: early (`gcn`, `han`), late (`han_late`), or inside
the propagation (`hgnn_ima`, `mhgat`).
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from condense.config import STRICT, build, from_file
from condense.errors import UserError
from evaluate.search.architecture import Architecture
from evaluate.training.limits import misfit, problem
from evaluate.training.train import TrainSettings
from models.choices import canonical, nearest
from models.registry import MODELS

TRAINING = ("lr", "weight_decay")
"""What a training table may list. All trainings have the same epochs, or scores would not be comparable."""

Values = Mapping[str, tuple[Any, ...]]


@checked(frozen=True, config=STRICT)
class Head:
    """The top level of the file.

    Attributes:
        epochs: epochs of every training.
        check_every: epochs between validations.
    """

    epochs: Annotated[int, Field(ge=1)] = 100
    check_every: Annotated[int, Field(ge=1)] = 20


@dataclass(frozen=True)
class Family:
    """The values that are tried for one model.

    Attributes:
        settings: model setting -> its values.
        training: setting of `TrainSettings` -> its values.
    """

    settings: Values
    training: Values

    @property
    def size(self) -> int:
        """How many architectures it has."""
        return math.prod(len(v) for v in (*self.settings.values(), *self.training.values()))


@dataclass(frozen=True)
class Space:
    """A search space, read from a file and checked.

    Attributes:
        epochs: epochs of every training.
        check_every: epochs between validations.
        families: name in `MODELS` -> family.
    """

    epochs: int
    check_every: int
    families: Mapping[str, Family]

    @property
    def size(self) -> int:
        """How many architectures it has."""
        return sum(family.size for family in self.families.values())

    def record(self) -> dict[str, Any]:
        """The families in JSON's types."""
        return {
            name: {
                "settings": {k: list(v) for k, v in family.settings.items()},
                "training": {k: list(v) for k, v in family.training.items()},
            }
            for name, family in self.families.items()
        }

    def parse(self, model: str, text: str) -> Architecture:
        """The inverse of `Architecture.text`.

        Raises:
            UserError: the space has no such architecture.
        """
        model = canonical(self.families, model, "model")
        family = self.families[model]
        words = dict(word.split("=", 1) for word in text.split() if "=" in word)
        chosen: list[dict[str, Any]] = []
        for values in (family.settings, family.training):
            chosen.append(
                {k: v for k, own in values.items() for v in own if words.get(k) == str(v)}
            )
        architecture = Architecture(model, *chosen)
        whole = len(chosen[0]) == len(family.settings) and len(chosen[1]) == len(family.training)
        if architecture.text != text or not whole:
            raise UserError(
                f"settings of {model} (got {text!r}) are not an architecture of the space; "
                "give the space that they were drawn from"
            )
        return architecture


def read_space(path: Path) -> Space:
    """Read the space from a TOML file.

    Raises:
        UserError: no such file, an unknown table or setting, or a value that a setting cannot have.
        UnknownChoiceError: an unknown model.
    """
    head, tables = from_file(Head, path, ("training", "models"), "space")
    where = f"space {path}"
    shared = _training(f"{where} [training]", tables.get("training", {}))
    families = {}
    for word, table in tables.get("models", {}).items():
        if not isinstance(table, dict):
            raise UserError(f"{where} [models]: {word} (got {table!r}) must be a table")
        name = canonical(MODELS, word, f"{where} [models]")
        if name in families:
            raise UserError(f"{where} [models]: {word} is {name} again; delete one of the tables")
        families[name] = _family(f"{where} [models.{word}", name, table, shared)
    if not families:
        raise UserError(f"{where}: models (got nothing) needs at least one; add [models.gcn]")
    return Space(head.epochs, head.check_every, families)


def _family(where: str, name: str, table: Mapping[str, Any], shared: Values) -> Family:
    """The family of a table [models.NAME]."""
    entry = MODELS[name]
    known = [f.name for f in dataclasses.fields(entry.settings)]
    listed = {k: v for k, v in table.items() if k != "training"}
    settings = {k: _values(f"{where}]", k, v, known, entry.settings) for k, v in listed.items()}
    if trouble := misfit(name, entry.settings(), settings):
        raise UserError(f"{where}]: {trouble}")
    own = _training(f"{where}.training]", table.get("training", {}))
    # The same order for all families, whichever table lists a value.
    training = {k: {**shared, **own}[k] for k in TRAINING if k in shared or k in own}
    return Family(settings, training)


def _training(where: str, table: Any) -> Values:
    if not isinstance(table, dict):
        raise UserError(f"{where} (got {table!r}) must be a table of lists; write lr = [0.003]")
    return {k: _values(where, k, v, TRAINING, TrainSettings) for k, v in table.items()}


def _values(
    where: str, key: str, values: Any, known: tuple[str, ...] | list[str], kind: type
) -> tuple[Any, ...]:
    """The values of one setting, checked and converted by the settings class."""
    if key not in known:
        raise UserError(f"{where}: setting {key!r} is unknown; {nearest(key, known)}")
    if not isinstance(values, list) or not values:
        raise UserError(
            f"{where}: {key} (got {values!r}) must be a list of values; write {key} = [{values}]"
        )
    converted = []
    for value in values:
        own = getattr(build(kind, {key: value}, where), key)
        # The settings class would convert some values, such as true to 1; these are refused.
        if isinstance(value, bool) is not isinstance(own, bool) or own != value:
            raise UserError(f"{where}: {key} (got {value!r}) is read as {own!r}; write that")
        if rule := problem(key, own):
            raise UserError(f"{where}: {key} (got {value!r}) {rule}")
        if own in converted:
            raise UserError(f"{where}: {key} (got {value!r} twice) must list it once; delete one")
        converted.append(own)
    return tuple(converted)


def sample(space: Space, count: int, seed: int) -> list[Architecture]:
    """Draw `count` distinct architectures; a smaller count gives the first ones of a larger.

    Families are drawn in rounds, each in a random order, so that the counts of two families that still have
    architectures differ by at most one; within a family all values are equally likely.

    Args:
        space: the space to draw from.
        count: number of architectures.
        seed: seed of the draws.

    Raises:
        UserError: the space has fewer architectures.
    """
    if count > space.size:
        raise UserError(
            f"samples (got {count}) must be at most the space's {space.size} architectures; "
            "list more values"
        )
    rng = random.Random(seed)
    drawn: dict[tuple[str, str], Architecture] = {}
    left = {name: family.size for name, family in space.families.items()}
    while len(drawn) < count:
        names = [name for name, size in left.items() if size]
        rng.shuffle(names)
        for name in names:
            architecture = draw(space, name, rng)
            while architecture.key in drawn:
                architecture = draw(space, name, rng)
            drawn[architecture.key] = architecture
            left[name] -= 1
    return list(drawn.values())[:count]


def draw(space: Space, name: str, rng: random.Random) -> Architecture:
    """Draw one architecture of a family."""
    family = space.families[name]
    settings = {k: rng.choice(v) for k, v in family.settings.items()}
    return Architecture(name, settings, {k: rng.choice(v) for k, v in family.training.items()})
