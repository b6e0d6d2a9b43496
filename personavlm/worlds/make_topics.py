"""Episodes as a perfect assistant files them: topics of a session with summary and keywords, and what ties them.

Summaries are written from the beats, not from the words, so that every label follows from the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personavlm.memory import LinkReason
from personavlm.worlds.life_time import Frame
from personavlm.worlds.truth import by_id, threads_by_fact
from personavlm.worlds.values import Beat, Fact, Person, Thread, Tie, Topic, WorldSession, WorldTurn

MOST_CLAUSES = 5
"""Longest summary, in clauses."""

MOST_KEYWORDS = 8


def sessions_of(person: Person, time: Frame, turns: Sequence[WorldTurn]) -> tuple[WorldSession, ...]:
    """Return the sessions with their topics; every turn is in the topics its beats name."""
    writer = Writer(person)
    sessions, at = [], 0
    for number, times in enumerate(time.sessions, start=1):
        mine = turns[at : at + len(times)]
        at += len(times)
        topics = sorted({beat.topic for turn in mine for beat in turn.beats})
        filed = tuple(writer.topic(f"e{number}_{place}", topic, mine) for place, topic in enumerate(topics, start=1))
        sessions.append(WorldSession(f"s{number}", tuple(turn.id for turn in mine), filed))
    return tuple(sessions)


class Writer:
    """Writes topics of one person; looks facts up once."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.facts = by_id(person)
        self.labels = {fact: thread.label for fact, thread in threads_by_fact(person).items()}

    def topic(self, id_: str, number: int, turns: Sequence[WorldTurn]) -> Topic:
        """Return a topic's summary, keywords and turns."""
        mine = [turn for turn in turns if any(beat.topic == number for beat in turn.beats)]
        beats = [beat for turn in mine for beat in turn.beats if beat.topic == number]
        clauses = list(dict.fromkeys(clause for beat in beats if (clause := self.clause(beat))))
        name = self.person.name.split()[0]
        labels = list(dict.fromkeys(label for beat in beats if (label := self.label(beat))))[:3]
        on = f" on {_listed(labels)}" if labels else ""
        said = "; ".join(clauses[:MOST_CLAUSES]) or "said hello"
        words = list(dict.fromkeys(word for beat in beats for word in self.keywords(beat)))
        return Topic(
            id_, f"{name}{on}: {said}.", tuple(words[:MOST_KEYWORDS]) or ("greeting",), tuple(t.id for t in mine)
        )

    def label(self, beat: Beat) -> str:
        """Return what a beat is about, as people call it; nothing for what is only implied."""
        fact = self.facts.get(beat.fact)
        if beat.kin:
            return beat.kin
        if beat.act == "chat":
            return beat.subject
        plain = fact is not None and not fact.implied and fact.matter not in ("request", "identity", "event")
        return self.labels[beat.fact] if plain else ""

    def clause(self, beat: Beat) -> str:
        """Return what a beat adds to a summary; nothing for greetings and for what is only implied."""
        fact = self.facts.get(beat.fact)
        match beat.act:
            case "tell" | "other" | "future" | "correct" | "change":
                return _said(fact)
            case "relate":
                return beat.subject if beat.subject else _said(fact)
            case "retell":
                return f"said again: {fact.text}" if fact else ""
            case "ask":
                return f"asked {beat.subject}"
            case "choose":
                return f"chose {beat.options[0]} over {beat.options[1]} ({beat.subject})"
            case "offered":
                return f"passed over {' and '.join(beat.options)}"
            case "recall":
                return f"asked what was said of {self.labels.get(beat.fact, '')}"
            case "request":
                return f"asked the assistant to {fact.value}" if fact else ""
            case "forget":
                return "asked to forget something"
            case "waver":
                return f"tried {beat.subject} for once"
            case "show":
                return "showed a picture"
            case "chat":
                return f"chatted about {beat.subject}"
            case "feel":
                return "said how the day was"
            case _:
                return ""

    def keywords(self, beat: Beat) -> Iterator[str]:
        """Yield what a topic can be found by."""
        fact = self.facts.get(beat.fact)
        if beat.kin:
            yield beat.kin
        if fact and not fact.implied and beat.act not in ("offered", "forget"):
            yield self.labels[fact.id]
            yield fact.value
        elif beat.act in ("ask", "chat", "choose"):
            yield beat.subject


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _said(fact: Fact | None) -> str:
    if fact is None:
        return ""
    return f"{fact.text} ({fact.reason})" if fact.reason else fact.text


# ── ties ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ties_of(person: Person, sessions: Sequence[WorldSession], turns: dict[str, WorldTurn]) -> tuple[Tie, ...]:
    """Return ties between topics of different sessions that share a person, a thing, a goal, or cause and effect.

    Each topic is tied to the last one before it that shares the same; so a chain runs through the conversations.
    """
    threads = threads_by_fact(person)
    last: dict[tuple[LinkReason, str], tuple[str, str]] = {}
    ties: list[Tie] = []
    for session in sessions:
        for place, topic in enumerate(session.topics):
            for reason, key, label in dict.fromkeys(_shared(place, topic, turns, threads, person)):
                before = last.get((reason, key))
                if before and before[1] != session.id:
                    ties.append(Tie(before[0], topic.id, reason, label))
                last[reason, key] = topic.id, session.id
    return tuple(dict.fromkeys(ties))


def _shared(
    place: int, topic: Topic, turns: dict[str, WorldTurn], threads: dict[str, Thread], person: Person
) -> Iterator[tuple[LinkReason, str, str]]:
    """Yield what a topic could share with another: reason, what it is known by, what it is called."""
    names = {thing.id: thing.name for thing in person.things}
    for turn in (turns[id_] for id_ in topic.turns):
        for thing in turn.concepts:
            yield "thing", thing, names[thing]
        for beat in turn.beats:
            if beat.topic != place:
                continue
            if beat.kin:
                yield "person", beat.kin, beat.kin
            thread = threads.get(beat.fact)
            if thread and thread.matter == "goal":
                yield "goal", thread.id, thread.label
            elif thread and len(thread.facts) > 1 and beat.act != "offered":
                yield "cause", thread.id, thread.facts[-1].reason
