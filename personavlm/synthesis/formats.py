"""Formats: how samples are written, in the released data's layout and in TRL's conversational one.

    {"messages": [{"role": "user", "content": [{"type": "text", "text": "…"}, {"type": "image"}]}, …], "images": […]}
    {"conversations": [{"from": "human", "value": "… <image> …"}, {"from": "gpt", "value": "…"}], "image": […]}

Both hold the same text with the pictures at the same places; the first also says what the sample is. Source of the
second: ``{conversations, image}`` with inline ``<image>`` (released SFT data, interface only).
"""

from __future__ import annotations

from typing import Any

from personavlm.models import ImagePart, Message
from personavlm.synthesis.living import Sample

SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def picture_path(part: ImagePart) -> str:
    """Return where a picture lies in the data folder: named by its content."""
    return f"images/{part.digest[:20]}.{'png' if part.media_type.endswith('png') else 'jpg'}"


def conversational(sample: Sample) -> dict[str, Any]:
    """Return a sample in TRL's conversational layout, with what it is and what its look-ups brought back."""
    return {
        "messages": [{"role": m.role, "content": _parts(m)} for m in sample.messages],
        "images": [picture_path(part) for part in pictures_of(sample)],
        "kind": sample.kind,
        "note": sample.note,
        "person": sample.person,
        "turn": sample.turn,
        "retrieved": [list(ids) for ids in sample.retrieved],
    }


def pictures_of(sample: Sample) -> tuple[ImagePart, ...]:
    """Return a sample's pictures in the order in which a model meets them."""
    return tuple(part for message in sample.messages for part in message.images)


def _parts(message: Message) -> list[dict[str, str]]:
    return [{"type": "text", "text": p} if isinstance(p, str) else {"type": "image"} for p in message.content]


def released_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return one row of the conversational layout in the released one."""
    turns = [
        {"from": SPEAKERS[m["role"]], "value": "".join(p.get("text", "<image>") for p in m["content"])}
        for m in row["messages"]
    ]
    return {"conversations": turns, "image": row["images"]}


def question_row(row: dict[str, Any], form: str) -> dict[str, Any]:
    """Return a lesson as RL asks it: the prompt, and the answer alone; what was looked up is left to be found."""
    answer = row["messages"][-1]["content"][0]["text"].partition("<answer>")[2].removesuffix("</answer>")
    first = [m for m in row["messages"] if m["role"] != "assistant"][:2]
    shown = sum(part["type"] == "image" for m in first for part in m["content"])
    return {
        "prompt": first,
        "images": row["images"][:shown],
        "answer": answer,
        "form": form,
        "person": row["person"],
        "turn": row["turn"],
    }
