"""The search space: model families and the values of their settings, read from TOML and sampled.

    epochs = 100                     # of every training
    check_every = 20                 # epochs between validations

    [training]                       # of every family
    lr = [0.003, 0.01]

    [models.gcn]                     # a family of the space, with values for some of its settings
    hidden = [16, 64]

    [models.gcn.training]            # in place of [training]'s values, for this family
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
"""What a table of training may list; epochs are the same for all, or scores would not compare."""

Values = Mapping[str, tuple[Any, ...]]


@checked(frozen=True, config=STRICT)
class Head:
    """The file's top level.

    Attributes:
        epochs: of every training.
        check_every: epochs between validations.
    """

    epochs: Annotated[int, Field(ge=1)] = 100
    check_every: Annotated[int, Field(ge=1)] = 20


@dataclass(frozen=True)
class Family:
    """The values that are tried of one model.

    Attributes:
        settings: of the model.
        training: of `TrainSettings`.
    """

    settings: Values
    training: Values

    @property
    def size(self) -> int:
        """How many architectures it has."""
        return math.prod(len(v) for v in (*self.settings.values(), *self.training.values()))


@dataclass(frozen=True)
class Space:
    """A file, read and checked.

    Attributes:
        epochs: of every training.
        check_every: epochs between validations.
        families: by their names in `MODELS`.
    """

    epochs: int
    check_every: int
    families: Mapping[str, Family]

    @property
    def size(self) -> int:
        """How many architectures it has."""
        return sum(family.size for family in self.families.values())

    def record(self) -> dict[str, Any]:
        """The families, in JSON's types."""
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
            UserError: no such architecture.
        """
        model = canonical(self.families, model, "model")
        family = self.families[model]
        words = dict(word.split("=", 1) for word in text.split() if "=" in word)
        found: list[dict[str, Any]] = []
        for values in (family.settings, family.training):
            found.append({k: v for k, own in values.items() for v in own if words.get(k) == str(v)})
        architecture = Architecture(model, *found)
        if architecture.text != text:
            raise UserError(
                f"settings of {model} (got {text!r}) are not an architecture of the space; "
                "give the space that they were drawn from"
            )
        return architecture


def read_space(path: Path) -> Space:
    """The space in a TOML file.

    Raises:
        UserError: no such file, an unknown table, model or setting, a value that it cannot have.
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
    # In one order for all families, whoever lists a value.
    training = {k: {**shared, **own}[k] for k in TRAINING if k in shared or k in own}
    return Family(settings, training)


def _training(where: str, table: Any) -> Values:
    if not isinstance(table, dict):
        raise UserError(f"{where} (got {table!r}) must be a table of lists; write lr = [0.003]")
    return {k: _values(where, k, v, TRAINING, TrainSettings) for k, v in table.items()}


def _values(
    where: str, key: str, values: Any, known: tuple[str, ...] | list[str], kind: type
) -> tuple[Any, ...]:
    """The values of one setting, as the settings class has them."""
    if key not in known:
        raise UserError(f"{where}: setting {key!r} is unknown; {nearest(key, known)}")
    if not isinstance(values, list) or not values:
        raise UserError(
            f"{where}: {key} (got {values!r}) must be a list of values; write {key} = [{values}]"
        )
    found = []
    for value in values:
        made = getattr(build(kind, {key: value}, where), key)
        # What the settings class would take by conversion, such as true for 1, is refused here.
        if isinstance(value, bool) is not isinstance(made, bool) or made != value:
            raise UserError(f"{where}: {key} (got {value!r}) is read as {made!r}; write that")
        if rule := problem(key, made):
            raise UserError(f"{where}: {key} (got {value!r}) {rule}")
        if made in found:
            raise UserError(f"{where}: {key} (got {value!r} twice) must list it once; delete one")
        found.append(made)
    return tuple(found)


def sample(space: Space, count: int, seed: int) -> list[Architecture]:
    """`count` distinct architectures; a smaller count gives the first of them.

    Families come in rounds, each round in an order of its own, so that no family is drawn more than once
    more often than another that still has architectures; within a family every value is as likely as the
    others.

    Args:
        space: to draw from.
        count: how many.
        seed: of the draws.

    Raises:
        UserError: the space has fewer.
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
    """One architecture of a family."""
    family = space.families[name]
    settings = {k: rng.choice(v) for k, v in family.settings.items()}
    return Architecture(name, settings, {k: rng.choice(v) for k, v in family.training.items()})
