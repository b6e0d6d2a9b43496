"""Plan: the ledger as it is without something, worked out without writing anything.

    rows, Chosen ──> which turns, memories, replies go; which words only they held ──> rows without them, jobs to redo

Two rules decide what is derived. By *provenance*: a memory goes with its evidence, a hit with its memory, a reply with
the hit it was given. By *content*: nothing that the system wrote later keeps a word that only the erased turns said;
words that a turn which stays says too, or that stood anywhere before, tell nothing of the erased ones.
A core or procedural memory, whose evidence is a whole session, stays if the turns that stay say every word of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from personavlm.erasure.selection import Chosen, plain, said, words_of
from personavlm.ledger import Job, Row, crops_of
from personavlm.memory import Add, Edit, Link, Memory, Merge, Observe, Override, Replace, Retire
from personavlm.retrieval.passages import spoken
from personavlm.store import fitted
from personavlm.trace import Answer, Call, Hit, Malformed, Quote, Retrieve, Step, Trace
from personavlm.words import terms

ERASED = "[erased]"
"""What stands in the place of a reply that rested on something erased."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A ledger without what was chosen, and what was taken out of it."""

    rows: tuple[Row, ...]
    turns: frozenset[str]
    replies: frozenset[str]
    """Turns that stay, but whose reply goes."""
    memories: tuple[Memory, ...]
    """Memories that go, as they were learnt."""
    edits: int
    """Edits that go."""
    again: frozenset[tuple[str, str]]
    """(kind, subject) of jobs to run once more."""
    words: frozenset[str]
    """Terms that only the erased turns held."""
    first: int
    """Place of the first row that could rest on what goes."""
    chosen: Chosen

    def tells(self, text: str) -> bool:
        """Whether a text keeps something of what is erased."""
        return tells(text, self.words, self.chosen)


def tells(text: str, words: frozenset[str], chosen: Chosen) -> bool:
    """Whether a text keeps one of these terms, the erased name, or the name of the erased picture."""
    if not text:
        return False
    named = chosen.phrase is not None and chosen.phrase.search(plain(text)) is not None
    return named or not words.isdisjoint(terms(text)) or (bool(chosen.picture) and chosen.picture in text)


def plan(rows: Sequence[Row], jobs: Sequence[Job], chosen: Chosen) -> Plan:
    """Return what erasing the chosen things comes to."""
    planning = _Planning(rows, jobs, chosen)
    kept = planning.run()
    edits = sum(not isinstance(row.value, Trace) for row in rows)
    left = fitted(kept, planning.heirs)
    return Plan(
        left,
        chosen.turns,
        frozenset(planning.silenced),
        tuple(planning.gone.values()),
        edits - sum(not isinstance(row.value, Trace) for row in left),
        planning.again,
        planning.words,
        planning.first,
        chosen,
    )


@dataclass(slots=True)
class _Planning:
    rows: Sequence[Row]
    jobs: Sequence[Job]
    chosen: Chosen
    words: frozenset[str] = frozenset()
    said: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    """Turns that stay and showed the erased picture."""
    again: frozenset[tuple[str, str]] = frozenset()
    redone: frozenset[int] = frozenset()
    """Ids of turns' jobs whose edits all go, because they run once more."""
    reopened: frozenset[int] = frozenset()
    """Numbers of sessions whose topics are learnt again."""
    first: int = 0
    """Place of the first row that can rest on what is erased."""
    gone: dict[str, Memory] = field(default_factory=dict)
    crops: frozenset[str] = frozenset()
    """Digests of the cut-outs that go."""
    heirs: dict[str, str] = field(default_factory=dict)
    silenced: dict[str, None] = field(default_factory=dict)

    def run(self) -> list[Row]:
        traces = [row.value for row in self.rows if isinstance(row.value, Trace)]
        self.said = words_of(traces)
        self.seen = (
            frozenset(
                trace.turn.id
                for trace in traces
                if self.chosen.picture in {picture.digest for picture in trace.turn.pictures if picture.digest}
            )
            - self.chosen.turns
        )
        self.first = self._first()
        self.words = self._only_there(traces)
        self._redo()
        edits = [(row, kept) for row in self.rows if not isinstance(row.value, Trace) for kept in [self._edit(row)]]
        after = iter([kept for _, kept in edits])  # memories first: what traces keep depends on them
        self.crops = crops_of(row for row, _ in edits) - crops_of(kept for _, kept in edits if kept is not None)
        both = (self._trace(row) if isinstance(row.value, Trace) else next(after) for row in self.rows)
        return [row for row in both if row is not None]

    def _first(self) -> int:
        touched = self.chosen.turns | self.seen
        for place, row in enumerate(self.rows):
            memory = getattr(row.value, "memory", None)
            if row.turn in touched or (memory is not None and memory.id in self.chosen.memories):
                return place
        return len(self.rows) if self.chosen.phrase is None else 0

    def _only_there(self, traces: Sequence[Trace]) -> frozenset[str]:
        """Terms that the erased turns said, no other turn says, and nothing said or learnt before holds."""
        erased: set[str] = set()
        for trace in traces:
            if trace.turn.id in self.chosen.turns:
                erased |= self.said[trace.turn.id]
            elif trace.turn.id in self.seen:
                shown = (p.caption for p in trace.turn.pictures if p.digest == self.chosen.picture)
                erased |= set(terms("\n".join(shown))) - set(terms(trace.turn.text))
        for row in self.rows:
            memory = getattr(row.value, "memory", None)
            if memory is not None and memory.id in self.chosen.memories:
                erased |= set(terms(memory.value or memory.text))
        for trace in traces:
            if trace.turn.id not in self.chosen.turns | self.seen:
                erased -= self.said[trace.turn.id] | set(terms(spoken(trace.turn.time)))
        for row in self.rows[: self.first]:
            erased -= set(terms(told(row.value)))
        return frozenset(erased)

    def _redo(self) -> None:
        turns = self.chosen.turns | self.seen
        numbers = {row.session for row in self.rows if isinstance(row.value, Trace) and row.turn in turns}
        left = {row.session for row in self.rows if isinstance(row.value, Trace) and row.turn not in self.chosen.turns}
        ran = [job for job in self.jobs if job.status != "queued"]
        sessions = {job.subject for job in ran if job.kind == "session" and int(job.subject[1:]) in numbers & left}
        again = [job for job in ran if job.kind == "turn" and job.subject in self.seen]
        self.redone = frozenset(job.id for job in again)
        self.reopened = frozenset(int(session[1:]) for session in sessions)
        self.again = frozenset(("session", s) for s in sessions) | {("turn", job.subject) for job in again}

    # ── edits ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _edit(self, row: Row) -> Row | None:
        edit = row.value
        assert not isinstance(edit, Trace)
        kept = None if row.job in self.redone and row.job is not None else self._kept(edit, row)
        memory = getattr(edit, "memory", None)
        if kept is None:
            if memory is not None:
                self.gone[memory.id] = memory
                if isinstance(edit, Replace):
                    self.heirs[memory.id] = edit.target
            return None
        evidence = self._without(edit.evidence)
        turn = row.turn if row.turn not in self.chosen.turns else evidence[-1] if evidence else self._before(row.turn)
        return replace(row, turn=turn, value=replace(kept, evidence=evidence))

    def _kept(self, edit: Edit, row: Row) -> Edit | None:
        touched = not self.chosen.turns.isdisjoint(edit.evidence)
        match edit:
            case Merge(targets=targets) if self.gone.keys() & set(targets) and not self.gone.keys() >= set(targets):
                return edit  # joined anew from what is left of it
            case Add() | Replace() | Merge():
                if self._goes(edit.memory, row):
                    return None
                edit = replace(edit, memory=self._cleaned(edit.memory))
                return self._reasoned(edit) if isinstance(edit, Replace) else edit
            case Retire():
                return None if touched and row.job is not None else self._reasoned(edit)
            case Link(link=link):
                return None if {link.source, link.target} & self.gone.keys() or self._tells(link.label) else edit
            case Observe(evidence=evidence, cues=cues):
                if touched or not self.seen.isdisjoint(evidence):
                    return None
                return replace(edit, cues=tuple(cue for cue in cues if not self._tells(cue[1])))
            case Override():
                return edit

    def _goes(self, memory: Memory, row: Row) -> bool:
        if memory.id in self.chosen.memories:
            return True
        if memory.type == "episodic" and row.session in self.reopened:
            return True
        crops = [crop for crop in memory.crops if crop.picture != self.chosen.picture]
        if memory.crops and not crops:
            return True
        if self.chosen.turns.intersection(memory.evidence, memory.turns) and not self._grounded(memory):
            return True
        derived = bool(memory.evidence) or self.chosen.phrase is not None
        return derived and self._tells(f"{memory.text}\n{memory.value}\n{memory.attribute}")

    def _grounded(self, memory: Memory) -> bool:
        """Whether the evidence that stays says every word of a memory."""
        left = [turn for turn in memory.evidence if turn not in self.chosen.turns and turn in self.said]
        held = frozenset[str]().union(*(self.said[turn] for turn in left))
        return bool(left) and memory.type != "episodic" and held.issuperset(terms(memory.value or memory.text))

    def _cleaned(self, memory: Memory) -> Memory:
        return replace(
            memory,
            evidence=self._without(memory.evidence),
            turns=self._without(memory.turns),
            keywords=tuple(word for word in memory.keywords if not self._tells(word)),
            crops=tuple(crop for crop in memory.crops if crop.picture != self.chosen.picture),
        )

    def _reasoned(self, edit: Replace | Retire) -> Replace | Retire:
        return replace(edit, reason=ERASED) if self._tells(edit.reason) else edit

    # ── traces ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _trace(self, row: Row) -> Row | None:
        trace = row.value
        assert isinstance(trace, Trace)
        if trace.turn.id in self.chosen.turns:
            return None
        shown = trace.turn.id in self.seen
        if shown:
            pictures = tuple(p for p in trace.turn.pictures if p.digest != self.chosen.picture)
            trace = replace(trace, turn=replace(trace.turn, pictures=pictures))
        cleaned = [self._step(step) for step in trace.steps]
        rests = shown or any(len(new.hits) != len(old.hits) for new, old in zip(cleaned, trace.steps, strict=True))
        steps = tuple(self._answered(step, rests) for step in cleaned)
        if any(isinstance(s.action, Answer) and s.action.text == ERASED for s in steps):
            self.silenced[trace.turn.id] = None
        return replace(row, value=replace(trace, steps=steps))

    def _step(self, step: Step) -> Step:
        think = ERASED if self._tells(step.think) else step.think
        action = step.action
        if isinstance(action, Retrieve):
            action = replace(action, keywords=tuple(word for word in action.keywords if not self._tells(word)))
        elif isinstance(action, Malformed) and self._tells(f"{action.raw}\n{action.reason}"):
            action = replace(action, raw="", reason=ERASED)
        return replace(step, think=think, action=action, hits=tuple(self._hits(step.hits)))

    def _answered(self, step: Step, rests: bool) -> Step:
        if isinstance(step.action, Answer) and (rests or self._tells(step.action.text)):
            return replace(step, think=ERASED if step.think else "", action=replace(step.action, text=ERASED))
        return step

    def _hits(self, hits: Iterable[Hit]) -> Iterator[Hit]:
        for hit in hits:
            quotes = tuple(quote for one in hit.quotes if (quote := self._quote(one)) is not None)
            if len(quotes) == len(hit.quotes) and not self._lost(hit):
                crops = tuple(crop for crop in hit.crops if crop not in self.crops)
                yield replace(hit, quotes=quotes, evidence=self._without(hit.evidence), crops=crops)

    def _quote(self, quote: Quote) -> Quote | None:
        if quote.turn in self.chosen.turns or self._tells(f"{quote.text}\n" + "\n".join(quote.captions)):
            return None
        return replace(quote, reply=ERASED) if quote.turn in self.silenced or self._tells(quote.reply) else quote

    def _lost(self, hit: Hit) -> bool:
        own = hit.type not in ("core", "procedural")  # whose evidence is a whole session
        rests = own and not self.chosen.turns.isdisjoint(hit.evidence)
        return rests or hit.id in self.gone or self._tells(f"{hit.text}\n{hit.why}")

    # ── common ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _tells(self, text: str) -> bool:
        return tells(text, self.words, self.chosen)

    def _without(self, turns: Sequence[str]) -> tuple[str, ...]:
        return tuple(turn for turn in turns if turn not in self.chosen.turns)

    def _before(self, turn: str) -> str:
        """The last turn before an erased one that stays; empty if there is none."""
        number = int(turn[1:])
        left = [int(t[1:]) for t in self.said if t not in self.chosen.turns and int(t[1:]) < number]
        return f"t{max(left)}" if left else ""


def told(value: Trace | Edit) -> str:
    """Every word a row holds, whoever wrote it."""
    if isinstance(value, Trace):
        return "\n".join(
            (said(value.turn), *(f"{step.think}\n{getattr(step.action, 'text', '')}" for step in value.steps))
        )
    memory = getattr(value, "memory", None)
    return f"{memory.text}\n{memory.value}\n{memory.attribute}" if memory is not None else ""


def cleaned_call(call: Call, plan: Plan) -> Call | None:
    """Return a call without Malformed output and what its complaint quotes of the erased; None if it has neither."""
    complains = bool(call.malformed) and plan.tells(call.malformed)
    return replace(call, malformed=ERASED if complains else call.malformed, raw="") if complains or call.raw else None
