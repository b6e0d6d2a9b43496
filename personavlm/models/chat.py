"""Chat: how messages become the text that a model of transformers reads, the same in training and at inference.

    messages ──as_chat──> transformers' chat ──the checkpoint's own template──> text, a mark standing for each picture

Training renders finished conversations with the same function, so a trained prompt is the inference prompt to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from personavlm.errors import BadInput, BadPicture, ModelUnavailable
from personavlm.models import ImagePart, Message
from personavlm.models.wording import inert_parts


def chat_text(processor: Any, messages: Sequence[Message], answering: bool = True, name: str = "This model") -> str:
    """Return the chat template's text of ``messages``; ``answering`` opens the model's own next message.

    ``processor`` is transformers' processor, or the tokenizer of a text-only model. Raises ``ModelUnavailable`` if it
    has no chat template, ``BadInput`` for a picture shown to a model that reads text only.
    """
    if processor.chat_template is None:
        raise ModelUnavailable(
            f"{name} has no chat template: it was not trained for conversations.",
            "use an instruction-tuned checkpoint, or put a chat_template.jinja into its folder.",
        )
    special = special_tokens(getattr(processor, "tokenizer", processor))
    sees = hasattr(processor, "image_processor")
    chat = [_as_chat(message, special, sees, name) for message in messages]
    return str(processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=answering))


def special_tokens(tokenizer: Any) -> tuple[str, ...]:
    """Return the spellings of a tokenizer's control tokens, in order."""
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    return tuple(sorted({*tokenizer.all_special_tokens, *added}))


def _as_chat(message: Message, special: tuple[str, ...], sees: bool, name: str) -> dict[str, Any]:
    parts = inert_parts(message, special)
    if sees:
        content: Any = [{"type": "image"} if isinstance(p, ImagePart) else {"type": "text", "text": p} for p in parts]
    elif message.images:
        raise BadInput(
            f"{name} reads text only and was given a picture.",
            "use a vision-language model such as hf:Qwen/Qwen2.5-VL-7B-Instruct, or leave the picture out.",
        )
    else:
        content = "".join(part for part in parts if isinstance(part, str))
    return {"role": message.role, "content": content}


def decoded(part: ImagePart) -> Image.Image:
    """Return a picture as a model sees it, in training and at inference: upright, in RGB. Raises ``BadPicture``."""
    try:
        with Image.open(BytesIO(part.data)) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise BadPicture(
            f"The picture {part.digest[:12]} cannot be read ({type(error).__name__}).",
            "store it again as JPEG or PNG, or leave it out.",
        ) from error
