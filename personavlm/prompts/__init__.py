"""Prompts as files: ``prompts/<contract>.md``, filled in one pass, and the parsers of what comes back.

    Prompts.load() ── render_x(…) ──> messages ──> model ──> text ── parse_x(text) ──> value | Malformed

A template's slots are ``{CamelCase}`` words; user text that looks like a slot stays text, because values are never
scanned again. Another set of files with the same contracts and slots can be given (``--prompts DIR``): the released
PersonaVLM-8B was trained on its authors' prompts and wants those.

| contract | slots it may use | what comes back |
|---|---|---|
| respond | UserProfile Personality Openness … Neuroticism DialogHistory UserQuery | think, then retrieve or answer |
| respond_more | ProceduralMemory SemanticMemory VisualMemory EpisodicMemory Notice | one step |
| answer | all of the above | free text |
| personality | UserProfile DialogHistory UserQuery | five integers, 1 to 5 |
| semantic | UserProfile KnownMemory DialogHistory UserQuery UserReply | records to remember, or none |
| episodic | UserProfile DialogHistory | topics with the indices of their turns |
| procedural | UserProfile CurrentProceduralMemory DialogHistory | keys and sentences |
| core | UserProfile DialogHistory | keys and values |
| critique, revise | none: they continue an answer | a review, free text (baseline of the bench) |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from personavlm.errors import BadInput
from personavlm.models import ImagePart, Message, Part
from personavlm.prompts.text import CHARACTERS_PER_TOKEN, PICTURE_CLOSE, PICTURE_OPEN

Contract = Literal[
    "respond",
    "respond_more",
    "answer",
    "personality",
    "semantic",
    "episodic",
    "procedural",
    "core",
    "system",
    "critique",
    "revise",
]
CONTRACTS: tuple[Contract, ...] = get_args(Contract)

_TRAIT_SLOTS = frozenset({"Openness", "Conscientiousness", "Extraversion", "Agreeableness", "Neuroticism"})
_RESPOND = frozenset({"UserProfile", "Personality", "DialogHistory", "UserQuery"}) | _TRAIT_SLOTS
_FOUND = frozenset({"ProceduralMemory", "SemanticMemory", "VisualMemory", "EpisodicMemory", "Notice"})
SLOTS: Mapping[Contract, frozenset[str]] = {
    "system": frozenset(),
    "respond": _RESPOND,
    "respond_more": _FOUND | {"DialogHistory"},
    "answer": _RESPOND | _FOUND,
    "personality": frozenset({"UserProfile", "DialogHistory", "UserQuery"}),
    "semantic": frozenset({"UserProfile", "KnownMemory", "DialogHistory", "UserQuery", "UserReply"}),
    "episodic": frozenset({"UserProfile", "DialogHistory"}),
    "procedural": frozenset({"UserProfile", "CurrentProceduralMemory", "DialogHistory"}),
    "core": frozenset({"UserProfile", "DialogHistory"}),
    "critique": frozenset(),
    "revise": frozenset(),
}

Images = Callable[[str], ImagePart | None]
"""Look a picture up by digest; None if its bytes are gone."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Most tokens each part of a prompt may take (about four characters each)."""

    profile: int = 500
    history: int = 3000
    query: int = 2000
    memories: int = 3000
    known: int = 800

    def characters(self, part: Literal["profile", "history", "query", "memories", "known"]) -> int:
        """Return a part's room in characters."""
        return int(getattr(self, part)) * CHARACTERS_PER_TOKEN


DEFAULT_BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class Prompts:
    """One set of templates, one per contract."""

    templates: Mapping[Contract, str]
    name: str = "personavlm"

    @staticmethod
    def load(folder: Path | None = None) -> Prompts:
        """Read a set of templates; contracts the folder lacks come from our own set. Raises ``BadInput``."""
        own = _read(Path(__file__).parent)
        if folder is None:
            return Prompts(own)
        theirs = _read(folder)
        if not theirs:
            raise BadInput(f"{folder} holds no prompt files.", f"name files {', '.join(f'{c}.md' for c in CONTRACTS)}.")
        return Prompts({**own, **theirs}, folder.name)


@cache
def default_prompts() -> Prompts:
    """Return our own set, read once."""
    return Prompts.load()


def _read(folder: Path) -> dict[Contract, str]:
    found: dict[Contract, str] = {c: p.read_text("utf-8") for c in CONTRACTS if (p := folder / f"{c}.md").is_file()}
    for contract, template in found.items():
        unknown = sorted(set(_SLOT.findall(template)) - SLOTS[contract])
        if unknown:
            raise BadInput(
                f"{folder / contract}.md uses the slot {{{unknown[0]}}}, which {contract} does not have.",
                f"use one of {', '.join(sorted(SLOTS[contract])) or 'no slots'}.",
            )
    return found


_SLOT = re.compile(r"\{([A-Z][A-Za-z]+)\}")


def fill(prompts: Prompts, contract: Contract, slots: Mapping[str, str], images: Images) -> Message:
    """Return the user message of a contract: the template with its slots filled in one pass, pictures in place."""
    text = _SLOT.sub(lambda match: slots.get(match[1], ""), prompts.templates[contract])
    return Message("user", _parts(text.strip(), images), contract, tuple(slots.items()))


def system_message(prompts: Prompts) -> Message:
    """Return the system message every conversation with a model starts with."""
    return Message("system", (prompts.templates["system"].strip(),), "system")


def _parts(text: str, images: Images) -> tuple[Part, ...]:
    pieces = re.split(f"{PICTURE_OPEN}([^{PICTURE_CLOSE}]*){PICTURE_CLOSE}", text)
    parts: list[Part] = []
    for position, piece in enumerate(pieces):
        image = images(piece) if position % 2 else None
        part: Part = image if image is not None else "[picture no longer stored]\n" if position % 2 else piece
        if part:
            parts.append(part)
    return tuple(parts)


def slot(messages: Sequence[Message], name: str) -> str:
    """Return what filled a slot in the latest message that has it; empty if none has."""
    for message in reversed(messages):
        for key, value in message.slots:
            if key == name:
                return value
    return ""
