"""Tiny models, saved as real ones are: features as the models themselves have them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import normalize

from condense.encode.hugging_face import ImageModel, TextModel
from condense.encode.pooling import POOL, pooling_of
from condense.errors import UserError
from tests.support.tiny_models import WORDS, saved_bert, saved_clip, saved_siglip

TEXTS = ["red game", "the blue film", "a"]
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)


def ids(text: str) -> torch.Tensor:
    """[CLS], the words, [SEP]."""
    return torch.tensor([[1, *map(WORDS.index, text.split()), 2]])


def pixels(mean: list[float], deviation: list[float]) -> torch.Tensor:
    """PIXELS as models take them, [3, 3, 16, 16]."""
    x = (PIXELS / 255 - np.array(mean)) / np.array(deviation)
    return torch.from_numpy(x).float().permute(0, 3, 1, 2)


def images() -> list[Image.Image]:
    return [Image.fromarray(each) for each in PIXELS]


def close(x: np.ndarray, expected: torch.Tensor) -> bool:
    assert x.dtype == np.float32
    return np.allclose(x, normalize(expected, dim=1).numpy(), atol=1e-5)


@torch.no_grad()
def test_clip(tmp_path: Path) -> None:
    model = saved_clip(tmp_path)
    text, image = TextModel(str(tmp_path), "cpu"), ImageModel(str(tmp_path), "cpu")
    assert (text.width, image.width) == (6, 6)
    one = [model.get_text_features(ids(each)).pooler_output for each in TEXTS]
    assert close(text.encode(TEXTS), torch.cat(one))
    mean, deviation = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    expected = model.get_image_features(pixels(mean, deviation)).pooler_output
    assert close(image.encode(images()), expected)


@torch.no_grad()
def test_long_texts_are_cut(tmp_path: Path) -> None:
    model = saved_clip(tmp_path)
    long = "red blue game film a the " * 9
    expected = model.get_text_features(ids("red blue game film a")).pooler_output
    assert close(TextModel(str(tmp_path), "cpu").encode([long]), expected)


@torch.no_grad()
def test_siglip(tmp_path: Path) -> None:
    from sentencepiece import SentencePieceProcessor

    model = saved_siglip(tmp_path)
    text, image = TextModel(str(tmp_path), "cpu"), ImageModel(str(tmp_path), "cpu")
    assert (text.width, image.width) == (8, 8)
    pieces = SentencePieceProcessor(str(tmp_path / "spiece.model"))
    end = pieces.eos_id()  # Also the padding, without a mask.
    rows = [(pieces.encode(each)[:5] + [end] * 6)[:6] for each in TEXTS]
    assert close(text.encode(TEXTS), model.get_text_features(torch.tensor(rows)).pooler_output)
    expected = model.get_image_features(pixels([0.5] * 3, [0.5] * 3)).pooler_output
    assert close(image.encode(images()), expected)


@torch.no_grad()
@pytest.mark.parametrize("mode", [None, "mean", "cls", "lasttoken", "older cls"])
def test_text_models(tmp_path: Path, mode: str | None) -> None:
    said = {
        None: None,
        "older cls": {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
    }
    model = saved_bert(tmp_path, said.get(mode, {"pooling_mode": mode}))
    rows = [model(ids(each)).last_hidden_state[0] for each in TEXTS]
    pool = {"cls": lambda h: h[0], "older cls": lambda h: h[0], "lasttoken": lambda h: h[-1]}
    expected = torch.stack([pool.get(mode or "", lambda h: h.mean(dim=0))(h) for h in rows])
    assert close(TextModel(str(tmp_path), "cpu").encode(TEXTS), expected)


def test_padding_on_either_side() -> None:
    hidden = torch.arange(12.0).reshape(1, 4, 3)
    for mask, start, stop in (([1, 1, 1, 0], 0, 3), ([0, 1, 1, 1], 1, 4)):
        own = hidden[0, start:stop]
        expected = {"mean": own.mean(dim=0), "cls": own[0], "lasttoken": own[-1]}
        for mode, row in expected.items():
            assert torch.equal(POOL[mode](hidden, torch.tensor([mask]))[0], row)


def test_the_length_of_sentence_transformers(tmp_path: Path) -> None:
    saved_bert(tmp_path, {"pooling_mode": "mean"})
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 4}')
    model = TextModel(str(tmp_path), "cpu")
    assert np.allclose(model.encode(["red blue game film"]), model.encode(["red blue"]), atol=1e-6)


@pytest.mark.parametrize(
    ("modules", "pooling", "message"),
    [
        ([{"type": "st.Dense", "path": "2_Dense"}], {}, "has the module Dense, which is not read"),
        ([{"type": "st.Transformer", "path": "0_Transformer"}], {}, "has its model in a sub-folder"),
        ([], {"pooling_mode": "max"}, "has the pooling 'max'"),
        ([], {"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, "'max_tokens.mean'"),
    ],
)  # fmt: skip
def test_modules_that_are_not_read(tmp_path: Path, modules, pooling, message: str) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    with pytest.raises(UserError, match=message):
        pooling_of(tmp_path, "mine")


def test_identities_tell_weights_apart(tmp_path: Path) -> None:
    model = saved_bert(tmp_path)
    first = TextModel(str(tmp_path), "cpu").identity
    assert TextModel(str(tmp_path), "cpu").identity == first
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[4, 0] += 1
    model.save_pretrained(tmp_path)
    assert TextModel(str(tmp_path), "cpu").identity != first


def edited(folder: Path, name: str, change: Callable[[dict], object]) -> None:
    said = json.loads((folder / name).read_text())
    change(said)
    (folder / name).write_text(json.dumps(said))


@pytest.mark.parametrize("saved", [saved_bert, saved_clip, saved_siglip])
def test_copies_have_one_identity(saved: Callable[[Path], object], tmp_path: Path) -> None:
    saved(tmp_path / "mine")
    # A path as in the hub's cache, from which transformers takes a revision.
    copy = shutil.copytree(tmp_path / "mine", tmp_path / "snapshots" / ("a" * 40))
    edited(copy, "config.json", lambda config: config.update(transformers_version="4.0.0"))
    for kind in (TextModel,) if saved is saved_bert else (TextModel, ImageModel):
        assert kind(str(copy), "cpu").identity == kind(str(tmp_path / "mine"), "cpu").identity


def test_identities_tell_settings_apart(tmp_path: Path) -> None:
    saved_clip(tmp_path / "mine")
    saved_siglip(tmp_path / "siglip")

    def identities(
        name: str, file: str = "config.json", change: Callable[[dict], object] = lambda said: None
    ) -> list[str]:
        """Of the text and of the image encoder, of a copy that has changed."""
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        copy = shutil.copytree(tmp_path / name, tmp_path / "copy")
        edited(copy, file, change)
        return [kind(str(copy), "cpu").identity for kind in (TextModel, ImageModel)]

    clip, siglip = identities("mine"), identities("siglip")
    text, image = identities(
        "mine", "tokenizer.json", lambda t: t.update(normalizer={"type": "Lowercase"})
    )
    assert (text != clip[0], image != clip[1]) == (True, False)
    for tower in ("text_config", "vision_config"):
        heads = identities("mine", change=lambda c, t=tower: c[t].update(num_attention_heads=4))
        assert not {*heads} & {*clip}
    text, image = identities(
        "siglip", "tokenizer_config.json", lambda said: said.update(do_lower_case=False)
    )
    assert (text != siglip[0], image != siglip[1]) == (True, False)
    text, image = identities(
        "mine", "preprocessor_config.json", lambda said: said.update(resample=2)
    )
    assert (text != clip[0], image != clip[1]) == (False, True)


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    model = saved_bert(tmp_path / "bert")
    weights = tmp_path / "bert" / "model.safetensors"

    def refused(kind: type, name: str, message: str) -> None:
        with pytest.raises(UserError, match=message):
            kind(name, "cpu")

    bert = str(tmp_path / "bert")
    refused(ImageModel, bert, r"image encoder \(got .*bert, a bert\) must be a model of images")
    refused(TextModel, "./nowhere", r"text encoder \(got \./nowhere\) is no folder")
    refused(TextModel, str(weights), r"model\.safetensors\) is a file; give the folder")
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    refused(TextModel, bert, "cannot be loaded")
    state = {k: v for k, v in model.state_dict().items() if "encoder.layer.0.output" not in k}
    model.save_pretrained(tmp_path / "bert", state_dict=state)
    refused(TextModel, bert, r"lacks weights \(encoder\.layer\.0\.output")
    weights.unlink()
    torch.save(model.state_dict(), tmp_path / "bert" / "pytorch_model.bin")
    refused(TextModel, bert, r"has no model\.safetensors; other files of weights may run code")


def test_no_code_of_a_model_runs(tmp_path: Path) -> None:
    saved_bert(tmp_path)
    marker = tmp_path / "ran"
    (tmp_path / "mine.py").write_text(f"open({str(marker)!r}, 'w')\nclass Mine: pass\n")
    config = json.loads((tmp_path / "config.json").read_text())
    for kind in ("mine", "bert"):
        own = {
            "auto_map": {"AutoConfig": "mine.Mine", "AutoModel": "mine.Mine"},
            "model_type": kind,
        }
        (tmp_path / "config.json").write_text(json.dumps({**config, **own}))
        if kind == "mine":
            with pytest.raises(UserError, match="cannot be loaded"):
                TextModel(str(tmp_path), "cpu")
        else:
            assert TextModel(str(tmp_path), "cpu").width == 8
    assert not marker.exists()


def test_the_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    for kind, what in ((TextModel, "text"), (ImageModel, "image")):
        with pytest.raises(
            UserError,
            match=rf"{what} encoder \(got mine\) needs packages .*pip install '\.\[encode\]'",
        ):
            kind("mine", "cpu")
