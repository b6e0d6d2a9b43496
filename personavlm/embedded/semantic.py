"""What of one user message is worth remembering: the ``semantic`` contract without weights.

    user: I used to love Sprite, but these days Coca-Cola calms me. My sister Ana moved to Porto in May.
    ->  "content": Coca-Cola calms them     "kind": preference  "value": Coca-Cola  "polarity": 1  "replaces": m12
        "content": sister Ana moved to Porto in May (May 2025)   "kind": relation   "value": Ana

Sentence by sentence, readers look for corrections, named things in pictures, requests to remember, facts, relations,
tastes, habits and goals, plans, possessions and events; a short answer is read with the question it answers. Questions,
suppositions and quotations are no statements. Where they find nothing, what the reader of everyday life (``life``) has
read counts.
Where a conversation is about a domain that has learnt readers (``domains``: cooking), those say what is kept of its
matters. The assistant's words only help to understand the user's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from personavlm.embedded import domains, language, phrases, voice
from personavlm.embedded.answers import answers
from personavlm.embedded.asides import asides
from personavlm.embedded.changes import corrections, placed
from personavlm.embedded.ellipsis import completed
from personavlm.embedded.facts import events, facts, habits, plans, relations, request, things
from personavlm.embedded.gist import gist
from personavlm.embedded.life import life
from personavlm.embedded.people import LOOK_BACK, people
from personavlm.embedded.preferences import preferences
from personavlm.embedded.records import Found, settle, write
from personavlm.embedded.shown import colours_of, named_things, shown_thing
from personavlm.encoders import TextEncoder
from personavlm.models import ImagePart, Message
from personavlm.pictures import image
from personavlm.prompts import slot
from personavlm.prompts.text import (
    PICTURE_OPEN,
    Line,
    MemoryLine,
    parse_history,
    parse_memories,
    parse_query,
    picture_mark,
)

MAX_TEXT = 8_000
"""Characters read of one message."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Clock of a message that carries no time."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One turn with what stands before it."""

    text: str
    now: datetime
    pictured: bool
    pictures: tuple[ImagePart, ...]
    """Those of its pictures that are there to be looked at."""
    history: tuple[Line, ...]
    known: tuple[MemoryLine, ...]

    @property
    def asked(self) -> str:
        """The assistant's message before this one."""
        return self.history[-1].assistant if self.history else ""


def extract(messages: Sequence[Message], encoder: TextEncoder) -> str:
    """Return the ``semantic`` contract's text: zero to twelve records, or the decision that there is none."""
    scene = read(messages)
    own, domain = domains.read(scene.text, scene.history, scene.known, encoder)
    learnt = [] if domain or phrases.withheld(scene.text) else _learnt(scene, encoder)
    found = [*own, *_general(scene, bool(domain), learnt)]
    return write(settle(placed(found, scene.known), scene.known))


def read(messages: Sequence[Message]) -> Scene:
    """Return the turn that a semantic prompt shows."""
    query = slot(messages, "UserQuery")
    time, text = parse_query(query, UTC)
    return Scene(
        text[:MAX_TEXT],
        time or EPOCH,
        PICTURE_OPEN in query or "[picture" in query,
        tuple(one for one in messages[-1].images if picture_mark(one.digest) in query),
        parse_history(slot(messages, "DialogHistory"), UTC),
        parse_memories(slot(messages, "KnownMemory"), UTC),
    )


def _learnt(scene: Scene, encoder: TextEncoder) -> list[Found]:
    """What the reader of everyday life has read, but for tastes in sentences of which a pattern knows the taste."""
    plain = [
        (start, end)
        for sentence, start, end in phrases.statements(scene.text)
        if any(preferences(completed(_shortened(sentence)), (start, end), scene.now))
    ]
    found = life(scene.text, scene.now, encoder)
    tastes = [one for one in found if one.kind == "preference" and one.polarity]
    known = [one for one in tastes if any(start <= one.said[0] < end for start, end in plain)]
    return [one for one in found if one not in known]


def _general(scene: Scene, in_domain: bool, learnt: Sequence[Found]) -> Iterator[Found]:
    """Records by general readers; within a domain, tastes and the like are its own readers' business.

    A sentence is read by patterns, which were written for what real people say; what the reader of everyday life has
    found in it (``learnt``) counts where they find nothing, and a plain clause is kept where neither does.
    """
    kept: list[Found] = []
    if phrases.withheld(scene.text):
        return
    for sentence, start, end in phrases.statements(scene.text):
        mine: list[Found] = []
        read = [one for one in learnt if start <= one.said[0] < end]
        for one in _sentence(scene, sentence, (start, end), in_domain, read):
            if not any(_tells(other, one) for other in mine):
                mine.append(one)
        kept += mine
    if not kept and not in_domain:
        kept += answers(scene.asked, scene.text)
    yield from kept
    if scene.pictured:
        yield from _shown(scene, kept)


def _shown(scene: Scene, kept: Sequence[Found]) -> Iterator[Found]:
    """The belonging that a picture shows, unless it was named already, and the colours of what is shown."""
    thing = next((one for one in kept if one.concept), None)
    if thing is None and (thing := shown_thing(scene.text, scene.known)):
        yield thing
    if thing is not None and len(scene.pictures) == 1:
        yield from colours_of(thing.content, image(scene.pictures[0].data), scene.known, thing.said)


def _sentence(
    scene: Scene, sentence: str, place: tuple[int, int], in_domain: bool, learnt: Sequence[Found]
) -> Iterator[Found]:
    put_right = [*corrections(voice.opening(sentence), place, scene.known)]
    if put_right:
        yield from put_right
        return
    if scene.pictured:
        yield from named_things(sentence, place)
    asked = request(sentence)
    own = [*_statement(scene, asked or sentence, place, in_domain and not asked)]
    if asked:  # what is to be remembered says more than what it mentions in passing
        own = [one for one in own if one.attribute != "has"]
    yield from own or learnt
    if not (asked or in_domain or (learnt and not own)):
        rest = gist(completed(_shortened(sentence)), place, scene.now)
        yield from (one for one in rest if not any(_tells(other, one) for other in own))
    if asked and not own:
        content = phrases.third(asked, scene.now).removeprefix("their ")
        yield Found(content, "request", "remember", content, said=place)


def _statement(scene: Scene, sentence: str, place: tuple[int, int], in_domain: bool) -> Iterator[Found]:
    said = completed(_shortened(sentence))
    line = Line("", scene.now, said, "")
    before = [one.user for one in scene.history[-LOOK_BACK:]]
    if not in_domain:
        yield from relations(said, place, scene.now)
        yield from people(said, place, scene.now, [*before, scene.text[: place[0]]])
        yield from facts(said, place, scene.now)
        yield from preferences(said, place, scene.now)
        yield from habits(line, place)
        yield from asides(said, place, scene.now)
        yield from plans(said, place, scene.now)
        yield from things(said, place, scene.now)
        yield from events(said, place, scene.now)
    else:
        yield from (one for one in facts(said, place, scene.now) if one.attribute in _PERSONAL)


_PERSONAL = frozenset({"name", "age", "home", "origin", "birthday", "job", "employer", "languages"})
"""Facts that no domain takes over."""


def _shortened(sentence: str) -> str:
    return sentence[:600]


def _tells(one: Found, other: Found) -> bool:
    """Whether a record of the same sentence says most of what another says."""
    if one.kind == other.kind == "preference":
        return one.value.lower() == other.value.lower()
    first, second = set(language.stems(one.content)), set(language.stems(other.content))
    if one.kind == other.kind == "relation":  # who it is about is the same in both; what of them is not
        about = {*language.stems(one.attribute), *language.stems(one.value)} & second
        if not second - about:
            return True
        first, second = first - about, second - about
    return len(first & second) >= 0.6 * max(1, min(len(first), len(second)))
