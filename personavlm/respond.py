"""The response stage: think, look up or answer, at most three look-ups, and an answer always comes.

    render ─> model ─> parse ─┬─ Answer ───────────────────────────────> done
      ^                       ├─ Retrieve ─> search ─> hits ─┐
      └───────────────────────┴─ Malformed ─> say so once ───┘

A generator of Steps: callers decide to draw, log or collect. Pieces of the answer come as Deltas if asked for. The
third look-up's result carries the notice that it was the last; a model that still wants to retrieve is asked for the
bare reply. Output that keeps no contract is a visible Malformed step; the second one in a turn ends the reasoning.

Source: paper section 3.1, algorithm 1; at most 3 retrievals is the training cap of section 3.2 (the released agent has
5 and answers nothing at the limit, fault 3).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace

from personavlm.asking import Asker, Delta
from personavlm.models import Message
from personavlm.prompts import DEFAULT_BUDGET, Budget, Images, Prompts, default_prompts
from personavlm.prompts.respond import (
    FORMAT_NOTICE,
    LAST_NOTICE,
    Context,
    ParsedStep,
    parse_answer,
    parse_step,
    render_answer,
    render_respond,
    render_result,
)
from personavlm.trace import MAX_RAW, Answer, Hit, Malformed, Retrieve, Step

MAX_RETRIEVALS = 3
MAX_MALFORMED = 2
"""So many Malformed outputs in one turn end the reasoning; the bare reply is asked for instead."""
NO_REPLY = "I could not put an answer into words just now. Please ask me again, perhaps in other words."
"""The reply of last resort, when even the bare reply came back empty. The Malformed steps stand before it."""

Search = Callable[[Retrieve, frozenset[str]], tuple[Hit, ...]]
"""Look memory up; ids already shown in this turn are left out and the result refilled."""


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """How the response stage runs; part of ``assistant.Config``."""

    max_retrievals: int = MAX_RETRIEVALS
    reasoning: bool = True
    """Off: one look-up with the user's own words, then the bare reply (paper: "w/o Reasoning")."""
    force_retrieval: bool = False
    """On: a first answer is turned into a look-up with the user's own words."""
    strict: bool = False
    """Demand the tags exactly, as the format reward does."""
    aloud: bool = False
    """Yield the reply piece by piece."""
    budget: Budget = DEFAULT_BUDGET


DEFAULT_SETTINGS = ResponseSettings()


def shown(hits: Iterable[Hit]) -> frozenset[str]:
    """Return ids not to bring back: a topic's quoted turns, so that its other turns still may, and any other hit."""
    ids: set[str] = set()
    for hit in hits:
        quoted = {quote.turn for quote in hit.quotes}
        ids |= quoted if hit.type == "episodic" and set(hit.evidence) - quoted else quoted | {hit.id}
    return frozenset(ids)


@dataclass(slots=True)
class _Turn:
    """What one turn's loop carries along."""

    context: Context
    asker: Asker
    search: Search
    settings: ResponseSettings
    prompts: Prompts
    images: Images
    hits: list[Hit]

    def look_up(self, query: Retrieve) -> tuple[Hit, ...]:
        found = self.search(query, shown(self.hits))
        self.hits += found
        return found

    @property
    def own_words(self) -> Retrieve:
        return Retrieve((self.context.turn.text[:400],))


def respond(
    context: Context,
    asker: Asker,
    search: Search,
    settings: ResponseSettings = DEFAULT_SETTINGS,
    prompts: Prompts | None = None,
    images: Images = lambda _: None,
) -> Iterator[Step | Delta]:
    """Yield the steps of one reply; the last is always an answer. Raises ``ModelUnavailable`` if none can be asked."""
    turn = _Turn(context, asker, search, settings, prompts or default_prompts(), images, [])
    if settings.reasoning:
        answered = yield from _reason(turn)
        if answered:
            return
    else:
        yield Step("", turn.own_words, turn.look_up(turn.own_words), forced=True)
    yield from _bare_reply(turn)


def _reason(turn: _Turn) -> Generator[Step | Delta, None, bool]:
    """Yield reasoning steps; return whether they ended in an answer."""
    messages = [*render_respond(turn.prompts, turn.context, turn.settings.budget, turn.images)]
    retrievals = malformed = 0
    while malformed < MAX_MALFORMED:
        step, raw = yield from _next_step(turn, messages)
        if isinstance(step.action, Answer) and turn.settings.force_retrieval and retrievals == 0:
            step = Step(step.think, turn.own_words, forced=True)
        if isinstance(step.action, Answer):
            yield step
            return True
        if isinstance(step.action, Malformed):
            malformed += 1
            yield step
            messages += [_said(raw), Message("user", (FORMAT_NOTICE,), "respond_more")]
            continue
        if retrievals >= turn.settings.max_retrievals:
            yield step  # asked for more than there is: shown, not served
            return False
        retrievals += 1
        step = replace(step, hits=turn.look_up(step.action))
        yield step
        notice = LAST_NOTICE if retrievals == turn.settings.max_retrievals else ""
        messages += [_said(raw), render_result(turn.prompts, step.hits, notice, turn.settings.budget, turn.images)]
    return False


def _next_step(turn: _Turn, messages: list[Message]) -> Generator[Delta, None, tuple[Step, str]]:
    zone = turn.context.turn.time.tzinfo
    assert zone is not None  # a Turn's time is aware

    def parse(text: str) -> ParsedStep | Malformed:
        parsed = parse_step(text, zone, turn.settings.strict)
        return parsed.action if isinstance(parsed.action, Malformed) else parsed

    if turn.settings.aloud:
        value, raw = yield from turn.asker.ask_aloud("respond", messages, parse, tagged=True)
    else:
        value, raw = turn.asker.ask("respond", messages, parse)
    if isinstance(value, Malformed):
        return Step(parse_step(raw, zone).think, value), raw
    return Step(value.think, value.action), raw


def _bare_reply(turn: _Turn) -> Iterator[Step | Delta]:
    messages = render_answer(turn.prompts, turn.context, turn.hits, turn.settings.budget, turn.images)
    if turn.settings.aloud:
        value, _ = yield from turn.asker.ask_aloud("answer", messages, parse_answer, tagged=False)
    else:
        value, _ = turn.asker.ask("answer", messages, parse_answer)
    if isinstance(value, Malformed):
        yield Step("", value)
        value = Answer(NO_REPLY)
    yield Step("", value, forced=True)


def _said(raw: str) -> Message:
    return Message("assistant", (raw[:MAX_RAW],))
