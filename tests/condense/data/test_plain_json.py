"""Values in JSON's types, and back."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import MappingProxyType

from condense.data.plain_json import spell, unspell


def test_what_json_lacks_becomes_words_texts_and_lists() -> None:
    record = MappingProxyType({"a": (math.nan, math.inf, -math.inf, 1.5), "out": Path("runs/x")})
    assert spell(record) == {"a": ["NaN", "Infinity", "-Infinity", 1.5], "out": str(Path("runs/x"))}
    json.dumps(spell(record), allow_nan=False)


def test_words_become_numbers_again_at_any_depth() -> None:
    record = {"a": [{"b": math.inf}, -math.inf, "text", None, True, 3]}
    assert unspell(json.loads(json.dumps(spell(record)))) == record
    assert math.isnan(unspell(spell([math.nan]))[0])
