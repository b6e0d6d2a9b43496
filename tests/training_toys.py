"""A small person with a small memory, and a processor of our own size, for tests of training."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from personavlm.assistant import Assistant, create_user
from personavlm.prompts import slot
from personavlm.prompts.choice import render_choice
from personavlm.training.questions import HOME, Question
from personavlm.training.scratch import SIZES, make_processor, train_tokenizer
from tests.fakes import answering, kit, look_up, remember

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=2)
TOWNS = (("a", "Porto"), ("b", "Elmsford"), ("c", "Larkbridge"), ("d", "Mossley"))
OPEN = Question("Dana/0", "Dana", LATER, "What does my sister play?", "open", "The cello.", ("cello",), (NOON,))
CHOICE = Question("Dana/1", "Dana", LATER, render_choice("Which town do I live in?", TOWNS), "choice", "(c) Larkbridge")
SEEN = Question("Dana/2", "Dana", LATER, "Who is this?", "open", "Biscuit, your dog.", pictures=("dog.png",))


def photo(colour: str, size: int = 64) -> bytes:
    out = BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "PNG")
    return out.getvalue()


def memory(folder: Path) -> Path:
    """Dana's memory: her sister, her town, and her dog with its picture."""
    told = {
        "My sister plays the cello.": remember("Dana's sister plays the cello"),
        "I live in Larkbridge.": remember("Dana lives in Larkbridge"),
        "This is Biscuit, my dog.": remember("Biscuit, my dog (Image Object: dog)"),
    }

    def learn(messages: Any) -> str:
        return next((kept for said, kept in told.items() if said in slot(messages, "UserQuery")), '"decision": false')

    with create_user(folder / HOME, "Dana", NOON) as store:
        dana = Assistant(store, answering(semantic=learn, respond=look_up("x")), kit=kit())
        for number, said in enumerate(told):
            pictures = [photo("red")] if "dog" in said else []
            dana.given(NOON + timedelta(minutes=number), said, "I see.", pictures)
        dana.flush()
        dana.tick(NOON + timedelta(days=1))
    (folder / "dog.png").write_bytes(photo("red", 80))
    return folder


def processor(vocabulary: int = 600) -> Any:
    """A processor whose tokenizer has seen prompts and steps."""
    size = replace(SIZES["random"], vocabulary=vocabulary)
    texts = [path.read_text("utf-8") for path in sorted(Path("personavlm/prompts").glob("respond*.md"))]
    return make_processor(train_tokenizer([*texts, look_up("town, sister, cello")] * 3, size), size)
