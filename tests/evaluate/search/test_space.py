"""Search spaces: what a file may say, and samples of it."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from commands.search import SPACE
from condense.errors import UserError
from evaluate.search.space import Space, draw, read_space, sample
from models.choices import UnknownChoiceError
from models.registry import MODELS
from models.schema import GraphSchema
from tests.support.graphs import small_graph

SMALL = """
epochs = 10
check_every = 5
[training]
lr = [0.003, 0.01]
[models.mlp]
hidden = [4, 8]
[models.gcn]
layers = [1, 2, 3]
norm = ["none", "layer"]
[models.gcn.training]
weight_decay = [0.0005]
[models.sgc]
"""


def written(path: Path, text: str = SMALL) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return read_space(written(tmp_path / "space.toml"))


def test_a_file_is_read(space: Space) -> None:
    assert (space.epochs, space.check_every) == (10, 5)
    assert {name: f.size for name, f in space.families.items()} == {"mlp": 4, "gcn": 12, "sgc": 2}
    assert space.size == 18
    gcn = space.families["gcn"]
    assert gcn.settings == {"layers": (1, 2, 3), "norm": ("none", "layer")}
    assert gcn.training == {"lr": (0.003, 0.01), "weight_decay": (0.0005,)}


def test_model_names_are_taken_in_any_spelling(space: Space, tmp_path: Path) -> None:
    other = SMALL.replace("[models.gcn", "[models.G-CN").replace("[models.sgc]", "[models.SGC]")
    assert read_space(written(tmp_path / "other.toml", other)) == space
    drawn = sample(space, 1, 0)[0]
    assert space.parse(drawn.model.upper(), drawn.text) == drawn
    with pytest.raises(UserError, match="MLP is mlp again"):
        read_space(written(tmp_path / "twice.toml", SMALL + "[models.MLP]"))


def test_what_is_not_listed_is_the_models_own(space: Space) -> None:
    one = sample(space, 18, 0)
    mlp = next(a for a in one if a.model == "mlp").candidate(10, 5)
    assert mlp.model.dropout == MODELS["mlp"].settings().dropout
    assert mlp.training.weight_decay == 5e-4
    assert (mlp.training.epochs, mlp.training.check_every) == (10, 5)
    han = Space(1, 1, {"han": space.families["sgc"]})
    # HAN brings its own weight decay; the space's learning rate goes before its own.
    training = sample(han, 1, 0)[0].candidate(10, 5).training
    assert (training.weight_decay, training.lr in (0.003, 0.01)) == (0.001, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "models (got nothing) needs at least one"),
        ("epochs = 0", "epochs (got 0)"),
        ("epoch = 5", "did you mean 'epochs'"),
        ("[modles.gcn]", "did you mean 'models'"),
        ("[models.grphsage]", "[models] (got 'grphsage') is unknown; did you mean 'graphsage'"),
        ("[models]\ngcn = 3", "gcn (got 3) must be a table"),
        ("[models.gcn]\nhiden = [4]", "[models.gcn]: setting 'hiden' is unknown; did you mean"),
        ("[models.gcn]\nhidden = 4", "hidden (got 4) must be a list of values"),
        ("[models.gcn]\nhidden = []", "hidden (got []) must be a list of values"),
        ("[models.gcn]\nhidden = ['wide']", "[models.gcn]: hidden (got 'wide')"),
        ("[models.gcn]\nhidden = ['4']", "hidden (got '4') is read as 4"),
        ("[models.gcn]\nhidden = [true]", "hidden (got True) is read as 1"),
        ("[models.gcn]\nhidden = [4, 4]", "hidden (got 4 twice)"),
        ("[models.gcn]\nhidden = [0]", "hidden (got 0) must be at least 1"),
        ("[models.gcn]\ndropout = [1.0]", "dropout (got 1.0) must lie in [0, 1)"),
        ("[models.gcn]\nnorm = ['batch']", "norm (got 'batch')"),
        ("[models.hgt]\nhidden = [6]", "hidden (got 6) must be a multiple of 4; try 4"),
        ("[models.han]\nhidden = [8]\nheads = [1, 3]", "hidden (got 8) must be a multiple of 3"),
        ("[models.sehgnn]\nhidden = [6]", "must be a multiple of 4"),
        ("[training]\nlr = [0.0]\n[models.gcn]", "[training]: lr (got 0.0) must be above 0"),
        ("[training]\nepochs = [5]\n[models.gcn]", "[training]: setting 'epochs' is unknown"),
        ("[models.gcn]\ntraining = 3", "[models.gcn.training] (got 3) must be a table"),
        ("[models.gcn.training]\nweight_decay = [-1.0]", "[models.gcn.training]: weight_decay"),
    ],
)  # fmt: skip
def test_wrong_files(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises((UserError, UnknownChoiceError)) as raised:
        read_space(written(tmp_path / "space.toml", text))
    assert said in str(raised.value)
    assert str(tmp_path / "space.toml") in str(raised.value)


def test_samples_are_distinct_reproducible_and_begin_alike(space: Space) -> None:
    found = sample(space, 18, 3)
    assert len({a.key for a in found}) == 18
    assert sample(space, 18, 3) == found
    assert sample(space, 7, 3) == found[:7]
    assert sample(space, 7, 4) != found[:7]
    with pytest.raises(UserError, match=r"samples \(got 19\) must be at most the space's 18"):
        sample(space, 19, 0)


def test_families_take_turns(space: Space) -> None:
    counts = Counter(a.model for a in sample(space, 6, 0))
    assert counts == {"mlp": 2, "gcn": 2, "sgc": 2}
    assert Counter(a.model for a in sample(space, 18, 0)) == {"mlp": 4, "gcn": 12, "sgc": 2}


def test_an_architectures_text_leads_back_to_it(space: Space) -> None:
    for architecture in sample(space, 18, 0):
        assert space.parse(*architecture.key) == architecture
    with pytest.raises(UserError, match="not an architecture of the space"):
        space.parse("mlp", "hidden=5 lr=0.003")


def test_every_value_of_the_default_space_can_be_built() -> None:
    space = read_space(SPACE)
    schema = GraphSchema.of(small_graph())
    rng = random.Random(0)
    for name, family in space.families.items():
        for key, values in family.settings.items():
            for value in values:
                drawn = draw(space, name, rng)
                settings = {**drawn.settings, key: value}
                MODELS[name].build(schema, MODELS[name].settings(**settings))
