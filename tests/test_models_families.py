"""Other checkpoints than ours through the same path: stock Qwen2.5-VL layout, Qwen3-VL, SmolVLM, text-only models."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lab import tiny_qwen
from personavlm.errors import BadInput, ModelUnavailable
from personavlm.models import ImagePart, Message, Sampling
from personavlm.models.loading import load_model
from personavlm.models.local import Transformers
from personavlm.models.weights import MAX_PIXELS
from personavlm.training.scratch import TEMPLATE

needed = [name for name in ("torch", "transformers") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(needed), reason=f"not installed: {needed}")  # imported when a test needs them


SHORT = Sampling(max_tokens=6)
SMOL_TOKENS = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", "<video>")
SMOL_TEMPLATE = (
    "{% for m in messages %}{{ m['role'] | capitalize }}:{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
SMALL = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 1024,
}  # fmt: skip


def picture(colour: str) -> ImagePart:
    buffer = BytesIO()
    Image.new("RGB", (90, 120), colour).save(buffer, "PNG")
    return ImagePart(colour, buffer.getvalue(), "image/png")


def asked(*content: str | ImagePart) -> list[Message]:
    return [Message("system", ("Be brief.",)), Message("user", content)]


def save(model: Any, processor: Any, tokenizer: Any, folder: Path) -> Path:
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def ids(tokenizer: Any) -> dict[str, Any]:
    size = -(-len(tokenizer) // 64) * 64
    return {"vocab_size": size, "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}


def stock_qwen2_5(folder: Path) -> Path:
    """Our tiny checkpoint with the files of a published one: no processor_config, a video part, template as JSON."""
    tiny_qwen.build(folder, vocabulary=600, context=1024)
    (folder / "processor_config.json").unlink()
    (folder / "chat_template.jinja").unlink()
    pictures = {
        "min_pixels": 3136, "max_pixels": 12_845_056, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": [0.481, 0.457, 0.408], "image_std": [0.268, 0.261, 0.275],
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(pictures))
    (folder / "video_preprocessor_config.json").write_text(json.dumps({**pictures, "fps": 2.0}))
    template = TEMPLATE.read_text(encoding="utf-8")
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    return folder


def qwen3_vl(folder: Path) -> Path:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from personavlm.models.processors import Qwen3VLImageTextProcessor

    tokenizer = tiny_qwen.build_tokenizer(600, 1024)
    marks = ("image_pad", "video_pad", "vision_start", "vision_end")
    image, video, start, end = (tokenizer.convert_tokens_to_ids(f"<|{mark}|>") for mark in marks)
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6], "mrope_interleaved": True}
    vision = {
        "depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2, "patch_size": 16,
        "out_hidden_size": 64, "deepstack_visual_indexes": [0], "num_position_embeddings": 64,
    }  # fmt: skip
    config = Qwen3VLConfig(
        text_config={**SMALL, **ids(tokenizer), "head_dim": 32, "rope_parameters": rope},
        vision_config=vision,
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
        tie_word_embeddings=True,
    )
    pictures = Qwen2VLImageProcessorPil(patch_size=16, min_pixels=64 * 64, max_pixels=128 * 128)
    template = TEMPLATE.read_text(encoding="utf-8")
    processor = Qwen3VLImageTextProcessor(pictures, tokenizer, chat_template=template)
    return save(Qwen3VLForConditionalGeneration(config), processor, tokenizer, folder)


def smolvlm(folder: Path) -> Path:
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    from personavlm.models.processors import SmolVLMImageTextProcessor

    tokenizer = tiny_qwen.build_tokenizer(600, 1024)
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)]
    tokenizer.add_special_tokens({"additional_special_tokens": [*SMOL_TOKENS, *tiles]})
    vision = {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
        "patch_size": 16, "image_size": 64,
    }  # fmt: skip
    config = SmolVLMConfig(
        text_config={"model_type": "llama", **SMALL, **ids(tokenizer), "bos_token_id": None},
        vision_config=vision,
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
    )
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 128}, max_image_size={"longest_edge": 64})
    processor = SmolVLMImageTextProcessor(pictures, tokenizer, image_seq_len=4, chat_template=SMOL_TEMPLATE)
    return save(SmolVLMForConditionalGeneration(config), processor, tokenizer, folder)


def text_only(folder: Path) -> Path:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = tiny_qwen.build_tokenizer(600, 1024)
    tokenizer.chat_template = TEMPLATE.read_text(encoding="utf-8")
    return save(Qwen2ForCausalLM(Qwen2Config(**SMALL, **ids(tokenizer))), tokenizer, tokenizer, folder)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (stock_qwen2_5, "Qwen2_5_VLImageTextProcessor"),
        (qwen3_vl, "Qwen3VLImageTextProcessor"),
        (smolvlm, "SmolVLMImageTextProcessor"),
    ],
)
def test_other_vision_language_models_take_the_same_path(
    tmp_path: Path, make: Callable[[Path], Path], kind: str
) -> None:
    model = Transformers.load(str(make(tmp_path / "checkpoint")))
    assert type(model.processor).__name__ == kind
    seen, plain = asked("Is ", picture("red"), " mine, or ", picture("blue"), "?"), asked("Is <image> mine?")
    single = [model.complete(messages, SHORT) for messages in (seen, plain)]
    assert model.complete_batch([seen, plain], SHORT) == single
    assert "".join(model.stream(seen, SHORT)) == single[0].text
    assert single[0].tokens_in >= single[1].tokens_in + 8


def test_a_published_checkpoints_largest_picture_is_the_papers(tmp_path: Path) -> None:
    model = Transformers.load(str(stock_qwen2_5(tmp_path / "checkpoint")))
    assert model.processor.image_processor.size["longest_edge"] == MAX_PIXELS


def test_a_fixed_picture_size_cannot_be_wished_away(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="fixed"):
        load_model(f"hf:{smolvlm(tmp_path / 'checkpoint')}?max_pixels=5000")


def test_a_text_only_model_answers_text_and_refuses_pictures(tmp_path: Path) -> None:
    model = Transformers.load(str(text_only(tmp_path / "checkpoint")))
    short, long = asked("hello"), asked("a longer question " * 9)
    assert model.complete_batch([short, long], SHORT) == [model.complete(short, SHORT), model.complete(long, SHORT)]
    assert "".join(model.stream(short, SHORT)) == model.complete(short, SHORT).text
    with pytest.raises(BadInput, match="text only"):
        model.complete(asked("Is ", picture("red")), SHORT)


def test_a_model_without_a_chat_template_says_so(tmp_path: Path) -> None:
    folder = text_only(tmp_path / "checkpoint")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelUnavailable, match="no chat template"):
        Transformers.load(str(folder)).complete(asked("hello"), SHORT)


def test_a_kind_whose_processor_needs_torchvision_says_so(tmp_path: Path) -> None:
    folder = stock_qwen2_5(tmp_path / "checkpoint")
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "qwen2_vl"  # a neighbour we have no processor for
    (folder / "config.json").write_text(json.dumps(config))
    pictures = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps({**pictures, "processor_class": "Qwen2VLProcessor"}))
    with pytest.raises(ModelUnavailable, match="processor of qwen2_vl models"):
        Transformers.load(str(folder))
