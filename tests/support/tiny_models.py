"""Tiny models with random weights, which tests save in the layout that real ones have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

WORDS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "red", "blue", "game", "film", "a", "the"]
TOWER = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
VISION = {**TOWER, "image_size": 16, "patch_size": 8}
TEXTS = [
    "the red game",
    "the blue film",
    "a red film and a blue game",
    "white tea, black tea",
    "game of a film",
] * 20


def tokenizer(folder: Path, length: int) -> None:
    """Words, with [CLS] before and [SEP] after a text, as BERT's."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", model_max_length=length
    ).save_pretrained(folder)


def saved_clip(folder: Path) -> Any:
    """A CLIP of 6 columns."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    torch.manual_seed(0)
    text = {**TOWER, "vocab_size": 12, "max_position_embeddings": 7, "eos_token_id": 2}
    config = CLIPConfig(text_config=text, vision_config=VISION, projection_dim=6)
    model = CLIPModel(config).eval()
    model.save_pretrained(folder)
    size = {"height": 16, "width": 16}
    CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=size).save_pretrained(folder)
    tokenizer(folder, 7)
    return model


def saved_siglip(folder: Path) -> Any:
    """A SigLIP of 8 columns, with a vocabulary of sentencepiece's."""
    import sentencepiece
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipTokenizer

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    prefix = folder / "spiece"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_prefix=str(prefix),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    SiglipTokenizer(str(folder / "spiece.model"), model_max_length=6).save_pretrained(folder)
    text = {**TOWER, "vocab_size": 64, "max_position_embeddings": 6}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=VISION)).eval()
    model.save_pretrained(folder)
    size = {"height": 16, "width": 16}
    SiglipImageProcessorPil(size=size).save_pretrained(folder)
    return model


def saved_bert(folder: Path, pooling: dict[str, Any] | None = None) -> Any:
    """A BERT of 8 columns; with `pooling` a folder of sentence-transformers."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    model = BertModel(BertConfig(**TOWER, vocab_size=12, max_position_embeddings=16)).eval()
    model.save_pretrained(folder)
    tokenizer(folder, 16)
    if pooling is not None:
        kinds = ["Transformer", "Pooling", "Normalize"]
        names = [f"sentence_transformers.models.{kind}" for kind in kinds]
        paths = ["", "1_Pooling", "2_Normalize"]
        modules = [
            {"idx": i, "name": str(i), "path": path, "type": name}
            for i, (path, name) in enumerate(zip(paths, names, strict=True))
        ]
        (folder / "modules.json").write_text(json.dumps(modules))
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return model
