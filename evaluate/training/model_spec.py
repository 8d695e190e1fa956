"""A model with its settings in one word: `hgt`, `hgnn_ima:layers=2`, `hetcrf:learns_from=nothing`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from condense.errors import UserError
from condense.spec import checked, join, split
from evaluate.training.limits import misfit, problem
from models.choices import canonical
from models.registry import MODELS, ModelEntry


@cache
def parse_model(text: str) -> tuple[str, ModelEntry]:
    """The shortest word for `model[:setting=value[,setting=value …]]`, and the entry of that model.

    The entry fixes the given values, which tuning does not change.

    Raises:
        UnknownChoiceError: an unknown model.
        UserError: text of another form, an unknown setting, or a value out of range.
    """
    word, values = split(text, "model")
    name = canonical(MODELS, word, "model")
    entry = MODELS[name]
    if not values:
        return name, entry
    fixed = checked(entry.settings, values, f"model {text!r}")
    for key, value in fixed.items():
        if broken := problem(key, value):
            raise UserError(f"model {text!r}: {key} (got {value!r}) {broken}")
    singles = {key: (value,) for key, value in fixed.items()}
    if broken := misfit(name, entry.settings(), singles):
        raise UserError(f"model {text!r}: {broken}")
    return join(name, entry.settings, fixed), replace(entry, given=fixed)
