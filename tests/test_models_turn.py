"""A whole turn with pictures, both stages, on a real architecture that has learnt nothing: in process and on a server.

What it says is gibberish, so this shows that whatever a model puts out ends in visible Malformed steps and an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from personavlm.assistant import Assistant
from personavlm.models import Completion, Message, Model, Sampling
from personavlm.models.loading import load_model
from personavlm.store import Store
from personavlm.trace import Answer, Malformed
from tests.fakes import kit
from tests.test_models_local import running_server

needed = [name for name in ("torch", "transformers") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(needed), reason=f"not installed: {needed}")  # imported when a test needs them

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


class Brief:
    """A model that is cut off after 40 tokens: gibberish has no end of its own."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.pictures: list[int] = []

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        self.pictures.append(sum(len(message.images) for message in messages))
        return self.model.complete(messages, replace(sampling, max_tokens=40))


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint with room for our prompts."""
    from lab.tiny_qwen import build

    return build(tmp_path_factory.mktemp("checkpoints") / "roomy", context=16_384)


@pytest.fixture(scope="module")
def address(roomy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(roomy, tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield f"openai:{roomy}@{url}"


def picture(folder: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    path = folder / f"{seed}.png"
    path.write_bytes(buffer.getvalue())
    return path


def whole_turns(setting: str, folder: Path) -> None:
    model = Brief(load_model(setting))
    assistant = Assistant(Store.open(folder / "home", "Dana", create=True), model, kit=kit())
    first = assistant.say(NOON, "This is my mug, and this my train.", [picture(folder, 1), picture(folder, 2)])
    assert max(model.pictures) >= 2
    assert first.reply.strip()
    assert isinstance(first.steps[-1].action, Answer)
    assert any(isinstance(step.action, Malformed) and step.action.raw for step in first.steps)
    assistant.flush()
    second = assistant.say(NOON.replace(day=4), "Whose mug is it?")
    assistant.flush()
    assert second.reply.strip()
    calls = assistant.store.calls()
    assert {"respond", "semantic"} <= {call.purpose for call in calls}
    assert all(call.tokens_in > 0 and call.model == model.name for call in calls)
    assert assistant.store.state().estimate.turns == 0  # gibberish is not a neutral reading


@pytest.mark.slow
def test_a_turn_on_a_model_in_this_process(roomy: Path, tmp_path: Path) -> None:
    whole_turns(f"hf:{roomy}", tmp_path)


@pytest.mark.slow
def test_a_turn_on_a_model_behind_a_server(address: str, tmp_path: Path) -> None:
    whole_turns(address, tmp_path)
