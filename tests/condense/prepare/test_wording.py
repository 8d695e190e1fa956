"""Messages of the conversion name the file, places in words, and options of the command."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch_geometric.data import HeteroData

import condense.data.pyg
from condense.errors import UserError
from condense.prepare.prepare import prepare
from condense.prepare.wording import OPTIONS, in_words
from tests.condense.prepare.test_pyg import data, hetero, saved


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("graph['a b'].x_text[3, 1] (got nan) is", "x_text[3, 1] of 'a b' (got nan) is"),
        ('graph["it\'s"].y: left out', 'y of "it\'s": left out'),
        ("graph[('a', 'by', \"b'\")].edge_index (got", "edge_index of a / by / b' (got"),
        ("graph['a'] and graph['b'].x", "'a' and x of 'b'"),
        ("graph['a].x'].y", "y of 'a].x'"),
        ("say edge_weight='w'", "say --edge-weight 'w'"),
        ("name it with target=…", "name it with --target"),
        ("graph.foo: left out", "foo of the graph: left out"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_places_and_options(said: str, expected: str) -> None:
    assert in_words(said) == expected


def test_every_argument_has_its_option() -> None:
    """A new hint in the conversion's messages needs a row in OPTIONS."""
    (folder,) = condense.data.pyg.__path__
    text = "".join(path.read_text(encoding="utf-8") for path in Path(folder).glob("*.py"))
    hints = {*re.findall(r"[a-z_]+=…", text), "edge_weight='w'", "modalities={'text': 'x'}"}
    assert len(hints) == 4
    for hint in hints:
        assert any(argument.fullmatch(hint) for argument in OPTIONS), hint


def two_types() -> HeteroData:
    graph = hetero()
    graph["other"].x, graph["other"].y = torch.rand(4, 2), torch.arange(4) % 2
    return graph


def several(**attributes: torch.Tensor) -> Callable[[], object]:
    return lambda: data().update(attributes)


PARTS = torch.arange(60) // 3 % 3
MASKS = {f"{part}_mask": i == PARTS for i, part in enumerate(("train", "val", "test"))}


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (several(y=torch.rand(60)), {}, r"y of 'node' \(got float32 \[60\]\) must be integers"),
        (several(y=torch.zeros(60)), {}, r"y of 'node' \(got 1 classes\) must have nodes of two classes"),
        (several(y=torch.rand(60, 3).round()), {}, r"y of 'node' .* one class per node; several labels"),
        (several(x=torch.full((60, 2), torch.nan)), {}, r"x_features\[0, 0\] of 'node' \(got nan\) is not"),
        (several(edge_index=torch.tensor([[0], [60]])), {}, r"edge_index\[1, 0\] of node / links / node"),
        (two_types, {}, r"target \(got node, other\) must be one node type .* with --target"),
        (data, {"modalities": {"text": 5}}, r"x of 'node' \(got float32 \[60, 12\]\) must have the 5 col"),
        (data, {"modalities": {"text": "x_t"}}, r"modalities \(got 'x_t'\) is not an attribute"),
        (lambda: data().update({"w": "bar"}), {"edge_weight": "w"}, r"w of node / links / node \(got str"),
        (data, {"edge_weight": "w"}, r"edge_weight \(got 'w'\) is not an attribute of edges; leave"),
        (several(**{**MASKS, "val_mask": PARTS < 2}), {"split": None}, r"train_mask of 'node' and val_mask "),
        (several(**{**MASKS, "train_mask": PARTS > 5}), {"split": None}, r"train_mask of 'node' \(got no n"),
        (lambda: data().update({"x": None, "num_nodes": 60}), {}, r"give it features, x_<modality> of"),
    ],
)  # fmt: skip
def test_mistakes_name_the_file(tmp_path: Path, content, words, message: str) -> None:
    path = saved(tmp_path, content())
    with pytest.raises(UserError, match=rf"{path.name}: .*{message}") as error:
        prepare(path, **{"split": "20/10/70", **words})
    assert "graph[" not in str(error.value)
    assert "=…" not in str(error.value)


def test_changes_are_choices_and_losses_in_words(tmp_path: Path) -> None:
    """Types and layouts that change are no news: they keep all values."""
    content = data()
    content.x, content.y = content.x.double(), content.y.float().unsqueeze(1)
    content.edge_index, content.more = content.edge_index.int(), torch.rand(60, 2)
    made = prepare(saved(tmp_path, content), split="20/10/70")
    assert made.changes == (
        "split: 20/10/70 drawn with seed 0",
        "x of 'node': its modality is called 'features'; another name with --modalities text:x",
        "more of 'node': kept, but no model and no condenser reads it",
    )
    assert len(made.details) == 4
