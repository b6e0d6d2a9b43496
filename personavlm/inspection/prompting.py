"""What the model saw: the exact prompts of a reply, and of what it taught, written out again, and what fills them.

    Trace + store ──the reply retold, step by step──> Prompt(purpose, messages, said) ──> Part("history", 310 tokens)
                  ──what it taught, asked again─────>

Prompts are not stored: they follow from the trace and the ledger, by the same code that rendered them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from personavlm import respond as response_stage
from personavlm import update as update_stage
from personavlm.asking import Asker
from personavlm.assistant import KNOWN_MEMORIES, Assistant
from personavlm.memory import Memory, State
from personavlm.models import Message
from personavlm.models.scripted import Scripted
from personavlm.prompts.respond import step_text
from personavlm.prompts.text import CHARACTERS_PER_TOKEN, PICTURE_CLOSE, PICTURE_OPEN
from personavlm.trace import Answer, Hit, Malformed, Retrieve, Step, Trace

PARTS = {
    "UserProfile": "core memory",
    "Personality": "traits",
    "DialogHistory": "recent turns",
    "UserQuery": "message",
    "ProceduralMemory": "procedural",
    "SemanticMemory": "semantic",
    "VisualMemory": "visual",
    "EpisodicMemory": "episodic",
    "UserReply": "reply",
    "KnownMemory": "known already",
    "CurrentProceduralMemory": "known already",
}
"""What fills a slot, as it is named in the bar."""
_PICTURE = re.compile(f"{PICTURE_OPEN}[^{PICTURE_CLOSE}]*{PICTURE_CLOSE}")
INSTRUCTIONS, EARLIER, PICTURES = "instructions", "earlier steps", "pictures"


class Part(NamedTuple):
    """One part of a prompt: how much of it there is, in tokens of about four characters, or in pictures."""

    name: str
    tokens: int
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """One call: what was asked, and what the model said; empty where that was not kept."""

    purpose: str
    messages: tuple[Message, ...]
    said: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """What fills the prompt, in the order in which it comes; parts that are empty are left out."""
        sizes: dict[str, Part] = {}
        for name, tokens, pictures in _sized(self.messages):
            before = sizes.get(name, Part(name, 0))
            sizes[name] = Part(name, before.tokens + tokens, before.pictures + pictures)
        return tuple(part for part in sizes.values() if part.tokens or part.pictures)


def _sized(messages: Sequence[Message]) -> Iterator[Part]:
    for message in messages:
        if message.role == "assistant":
            yield Part(EARLIER, _tokens(message.text))
            continue
        filled = {PARTS[slot]: _PICTURE.sub("", text) for slot, text in message.slots if slot in PARTS}
        used = {name: min(len(text), len(message.text)) for name, text in filled.items() if text in message.text}
        yield Part(INSTRUCTIONS, max(0, len(message.text) - sum(used.values())) // CHARACTERS_PER_TOKEN)
        yield from (Part(name, -(-length // CHARACTERS_PER_TOKEN)) for name, length in used.items())
        yield Part(PICTURES, 0, len(message.images))


def _tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def prompts(assistant: Assistant, trace: Trace) -> tuple[Prompt, ...]:
    """Return the prompts of a stored turn's reply, in order; none for a reply that came with an import.

    They are those of the assistant's prompts and config; what was still to be learnt when the turn was said counts as
    learnt. A turn that was answered under other settings may have seen others.
    """
    steps = trace.steps
    if not steps or any(isinstance(step.action, Answer) and step.action.given for step in steps):
        return ()
    before = trace.turn.time - timedelta(microseconds=1)
    context = assistant.context(trace.turn, assistant.store.state(before))
    said = [text for step in steps if (text := _said(step)) is not None]
    retold = Scripted(said)
    found = iter([step.hits for step in steps if isinstance(step.action, Retrieve)])

    def look_up(_query: Retrieve, _shown: frozenset[str]) -> tuple[Hit, ...]:
        return next(found, ())

    kit = assistant.kit
    settings = assistant.response_settings()
    told = response_stage.respond(context, Asker(retold), look_up, settings, kit.prompts, assistant.image)
    for _ in told:
        if not retold.left:
            break
    asked = [(request.messages, text) for request, text in zip(retold.history, said, strict=False)]
    return tuple(Prompt(messages[-1].contract, messages, text) for messages, text in asked)


def lessons(assistant: Assistant, trace: Trace) -> tuple[Prompt, ...]:
    """Return the prompts by which a stored turn is learnt from, and those of its session if it is the last of one.

    What the model said is there if it was Malformed; else what it came to are the turn's edits. Memories that are shown
    as known already are picked by today's index among those of that time.
    """
    store = assistant.store
    session = store.session(store.session_of(trace.turn.id))
    before = store.state(trace.turn.time - timedelta(microseconds=1))
    listening = Scripted(lambda _messages, _sampling: "")
    settings, tools = _learning(assistant, before)
    earlier = [one for one in session.traces if one.turn.finished < trace.turn.finished]
    update_stage.observe(trace, earlier, before, Asker(listening), settings, tools)
    if session.traces[-1].turn.id == trace.turn.id and _closed(assistant, session.id):
        closing = store.state(session.last + assistant.config.gap - timedelta(microseconds=1))
        update_stage.close(session, closing, Asker(listening), settings, tools)
    raw = {call.purpose: call.raw for call in trace.calls}
    asked = [(request.messages[-1].contract, request.messages) for request in listening.history]
    return tuple(Prompt(purpose, messages, raw.get(purpose, "")) for purpose, messages in asked)


def _learning(assistant: Assistant, before: State) -> tuple[update_stage.UpdateSettings, update_stage.Tools]:
    """How the assistant learns, as far as prompts depend on it; nothing is cut out of pictures or tied together."""
    config, kit = assistant.config, assistant.kit
    settings = update_stage.UpdateSettings(config.memories, config.pem != "off", gap=config.gap, budget=kit.budget)

    def known(trace: Trace) -> list[Memory]:
        found = assistant.library.related(trace, 2 * KNOWN_MEMORIES)
        return [before.memories[one.id] for one in found if one.id in before.memories][:KNOWN_MEMORIES]

    images = assistant.image if config.vision == "on" else lambda _: None
    return settings, update_stage.Tools(kit.prompts, images, known)


def _closed(assistant: Assistant, session: str) -> bool:
    return any(job.kind == "session" and job.subject == session for job in assistant.store.jobs())


def _said(step: Step) -> str | None:
    """What the model said in a step; None where the loop acted on its own."""
    match step.action:
        case Malformed(raw=raw):
            return raw
        case Answer(text=text) if step.forced:
            return text
        case Retrieve() if step.forced:
            return None
        case action:
            return step_text(step.think, action)
