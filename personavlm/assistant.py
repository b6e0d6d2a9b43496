"""The assistant: one user's store, a model and a frozen Config, joined into turns.

    take(turn)  respond (steps, hits) ─> store.append, which queues the update ─> Trace
    work()      one queued job: a turn's or a session's update stage ─> store.finish
    tick(now)   closes the session whose gap has passed        flush()  works until nothing is queued

The reply never waits for the update stage: what is still queued is found as raw turns. The clock is the caller's.

    >>> assistant = Assistant(Store.open(home, "Dana", create=True), load_model("embedded"))
    >>> assistant.say(time, "My sister Ana moved to Porto in May.").reply
    >>> assistant.flush()

Source: paper section 3.1, algorithm 1; ``Config`` holds the axes of its ablations (table 8, figure 13) and of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from personavlm import consent as consents
from personavlm import quarantine
from personavlm import respond as response_stage
from personavlm import update as update_stage
from personavlm.asking import Asker, Delta
from personavlm.detect import Detector
from personavlm.encoders import PictureEncoder, TextEncoder
from personavlm.erasure import Mentioned, erase, preview, said
from personavlm.errors import BadInput
from personavlm.library import Library
from personavlm.memory import Add, Block, Edit, MemoryType, Override, State
from personavlm.models import ImagePart, Model
from personavlm.personality import NEUTRAL, PAPER_MOMENTUM, Momentum, NeutralRule, Trait
from personavlm.pictures import Marked, OpenedPicture, open_picture
from personavlm.prompts import DEFAULT_BUDGET, Budget, Prompts, default_prompts
from personavlm.prompts.respond import Context
from personavlm.prompts.text import Exchange, recent
from personavlm.refit import refit
from personavlm.retrieval import Limits, Query, WhyNot, search, why_not
from personavlm.store import Job, Store, users
from personavlm.trace import SESSION_GAP, Answer, Call, Hit, Picture, Retrieve, Step, Trace, Turn, aware

KNOWN_MEMORIES = 8
"""Related memories shown to the model when it decides what of a turn is new."""


@dataclass(frozen=True, slots=True)
class Config:
    """The ablation axes: every part of the system that can be changed or taken away, with the paper's choice first."""

    memories: frozenset[MemoryType] = frozenset({"core", "semantic", "episodic", "procedural"})
    """Memory types that are made and used (table 8)."""
    pem: Literal["momentum", "latest", "off"] = "momentum"
    """How the profile evolves: the paper's rule, the last reading alone, or not at all (table 9)."""
    rule: NeutralRule = "all"
    schedule: Momentum = PAPER_MOMENTUM
    gap: timedelta = SESSION_GAP
    """Pause that ends a session, and reach of short-term memory (t_s = 60 min)."""
    period: bool = True
    """Whether the period in a look-up is kept (the released code's filter has no effect)."""
    limits: Limits = field(default_factory=Limits)
    """Memories per look-up and type (2 procedural, 4 semantic, 2 topics, 2 visual)."""
    refill: bool = True
    """Whether the next best takes the place of what was shown already (the released code returns fewer instead)."""
    links: bool = True
    """Whether ties between memories of different times widen a look-up."""
    fusion: Literal["both", "dense", "lexical"] = "both"
    max_retrievals: int = response_stage.MAX_RETRIEVALS
    reasoning: Literal["on", "off", "forced"] = "on"
    """Off: one look-up, then the reply. Forced: at least one look-up."""
    vision: Literal["on", "captions", "off"] = "on"
    history: Literal["session", "full", "none"] = "session"
    """Turns in the prompt: those within the gap (paper), every turn, or none."""


DEFAULT_CONFIG = Config()

Shown = Path | bytes | Picture | Marked
"""A picture as it can be given with a message: a file, its bytes, one that is stored already, or one with a box."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What the assistant works with besides the model: encoders, detector, prompts and their budget."""

    encoder: TextEncoder
    pictures: PictureEncoder
    detector: Detector | None = None
    prompts: Prompts = field(default_factory=default_prompts)
    budget: Budget = DEFAULT_BUDGET
    strict: bool = False
    """Demand the action tags exactly, as the format reward does."""
    guard: bool = True
    """Hold memories back that rest on quoted, pasted or forged text (``quarantine``)."""

    @staticmethod
    def load(prompts: Path | None = None) -> Kit:
        """Return the default kit: MiniLM, the hand-made picture encoder, no detector, our own or given prompts."""
        from personavlm.encoders.picture import load_picture_encoder
        from personavlm.encoders.text import load_text_encoder

        return Kit(load_text_encoder(), load_picture_encoder(), prompts=Prompts.load(prompts))


class Assistant:
    """One user's assistant. Replies may be asked for while ``work`` runs in another thread."""

    def __init__(self, store: Store, model: Model, config: Config = DEFAULT_CONFIG, kit: Kit | None = None) -> None:
        self.store = store
        self.model = model
        self.config = config
        self.kit = kit or Kit.load()
        self.library = Library(store, self.kit.encoder, self.kit.pictures, self.kit.detector)
        self._working = threading.Lock()

    # ── replying ─────────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, time: datetime, text: str, pictures: Sequence[Shown] = ()) -> Trace:
        """Take a user's message and return its trace. Raises ``BadInput`` and its kinds for what cannot be taken."""
        return self.take(self.draft(time, text, pictures))

    def draft(self, time: datetime, text: str, pictures: Sequence[Shown] = ()) -> Turn:
        """Return the next turn with its pictures stored; nothing else is written yet."""
        opened, mentions = _opened(pictures)
        turn = self.store.draft(time, text, mentions)  # refuses before anything is kept
        for picture in opened:
            self.store.keep_picture(picture.data, picture.media_type, picture.width, picture.height)
        return turn

    def take(self, turn: Turn) -> Trace:
        """Reply to a turn, store it and queue its update."""
        *_, last = self.stream(turn)
        assert isinstance(last, Trace)
        return last

    def stream(self, turn: Turn, aloud: bool = False) -> Iterator[Step | Delta | Trace]:
        """Like ``take``, but yield steps as they happen (``aloud``: the reply's text as well); the trace comes last."""
        answered = self._to_request(turn)
        asker, generation = Asker(self.model), self.store.generation()
        steps: list[Step] = []
        events = self._respond(turn, asker, self.context(turn, self.store.state()), None, aloud)
        for event in [answered] if answered else events:
            if isinstance(event, Step):
                steps.append(event)
            yield event
        yield self._keep(turn, steps, asker.calls, generation)

    def _keep(self, turn: Turn, steps: Sequence[Step], calls: Sequence[Call], generation: int) -> Trace:
        """Store a turn; of one that the user does not want kept, only that there was one. Returned is the whole."""
        request = consents.read(turn.text)  # one to forget stays until the yes, which takes it along
        forgets = request is not None and request.wish == "forget"
        if forgets or self.store.consent().withheld(said(turn)) is None:
            return self.store.append(turn, steps, calls, self.config.gap, generation=generation)
        empty = replace(turn, text=consents.WITHHELD, pictures=())
        reply = (Step("", Answer(consents.WITHHELD)),)
        costs = [replace(call, malformed=consents.WITHHELD if call.malformed else "", raw="") for call in calls]
        stored = self.store.append(empty, reply, costs, self.config.gap, update=False, generation=generation)
        self.store.drop_unused([picture.digest for picture in turn.pictures])
        return Trace(replace(turn, id=stored.turn.id), tuple(steps), calls=tuple(calls))

    def _to_request(self, turn: Turn) -> Step | None:
        """Carry out what a message asks about being remembered, and return the answer; None if it asks nothing."""
        request, last = consents.read(turn.text), self.store.last_turn()
        home = self.store.folder.parent.parent
        if request is None:
            before = consents.read(last.text) if last and turn.time - last.time < self.config.gap else None
            if before is None or before.wish != "forget" or not consents.agreed(turn.text):
                return None
            report = erase(home, self.store.user, Mentioned(before.topic))
            return _say(f"Forgotten, with all that rested on it: turns {report.turns}, memories {report.memories}.")
        if request.wish != "forget":
            self.store.set_consent(consents.after(self.store.consent(), request))
            return _say(consents.answer(request))
        shown = preview(home, self.store.user, Mentioned(request.topic))
        return _say(
            f"What names {request.topic}: turns {len(shown.turns)}, memories {len(shown.memories)}. "
            "Say yes to forget it for good; nothing is gone yet."
        )

    def ask(
        self,
        time: datetime,
        text: str,
        pictures: Sequence[Shown] = (),
        traits: Mapping[Trait, float] = MappingProxyType({}),
    ) -> Trace:
        """Reply without storing anything, as of any time: the assistant knows what it had learnt by then.

        ``traits`` are in force for this one reply, in place of what the profile says.
        """
        time = aware(time)
        last = self.store.last_turn()
        past = last is not None and time < last.time
        number = len(self.store.traces(until=time)) if past else last.finished + 1 if last else 0
        opened, mentions = _opened(pictures)
        turn = Turn(f"t{number + 1}", time, text, mentions)
        context = self.context(turn, self.store.state(time) if past else self.store.state(), traits)
        with self.library.passing(opened):
            return self._unstored(turn, context, time if past else None)

    def again(self, turn: Turn, leave_out: frozenset[str] = frozenset()) -> Trace:
        """Reply once more to a stored turn, as of the moment before it, without storing anything.

        ``leave_out`` are ids of memories and turns that must not come back. What was still to be learnt when the turn
        was said counts as learnt here.
        """
        before = turn.time - timedelta(microseconds=1)
        return self._unstored(turn, self.context(turn, self.store.state(before)), before, leave_out)

    def _unstored(
        self, turn: Turn, context: Context, as_of: datetime | None, leave_out: frozenset[str] = frozenset()
    ) -> Trace:
        asker = Asker(self.model)
        events = list(self._respond(turn, asker, context, as_of, aloud=False, leave_out=leave_out))
        return Trace(turn, tuple(e for e in events if isinstance(e, Step)), calls=tuple(asker.calls))

    def given(self, time: datetime, text: str, reply: str, pictures: Sequence[Shown] = ()) -> Trace:
        """Store a turn whose reply is given (imports, replays), and queue its update."""
        turn = self.draft(time, text, pictures)
        return self._keep(turn, (Step("", Answer(reply, given=True)),), (), self.store.generation())

    def context(self, turn: Turn, state: State, traits: Mapping[Trait, float] = MappingProxyType({})) -> Context:
        """Return what the response stage knows before it looks anything up; ``traits`` outrank the profile."""
        estimate = state.estimate if self.store.consent().profile else replace(state.estimate, inferred=NEUTRAL)
        profile = estimate.profile if self.config.pem != "off" else NEUTRAL
        return Context(
            self._seeable(turn),
            tuple(state.current("core")) if "core" in self.config.memories else (),
            replace(profile, **{str(trait): float(score) for trait, score in traits.items()}),
            self._recent(turn),
        )

    def response_settings(self, aloud: bool = False) -> response_stage.ResponseSettings:
        """Return how the response stage runs under this config."""
        return response_stage.ResponseSettings(
            self.config.max_retrievals,
            self.config.reasoning != "off",
            self.config.reasoning == "forced",
            self.kit.strict,
            aloud,
            self.kit.budget,
        )

    def _respond(
        self,
        turn: Turn,
        asker: Asker,
        context: Context,
        as_of: datetime | None,
        aloud: bool,
        leave_out: frozenset[str] = frozenset(),
    ) -> Iterator[Step | Delta]:
        hidden = leave_out | {e.turn.id for e in context.recent}

        def look_up(query: Retrieve, shown: frozenset[str]) -> tuple[Hit, ...]:
            return self.look_up(turn, query, shown | hidden, as_of)

        settings = self.response_settings(aloud)
        yield from response_stage.respond(context, asker, look_up, settings, self.kit.prompts, self.image)

    def _recent(self, turn: Turn) -> tuple[Exchange, ...]:
        if self.config.history == "none":
            return ()
        since = None if self.config.history == "full" else turn.time - self.config.gap
        traces = self.store.traces(since, turn.time)
        exchanges = [Exchange(self._seeable(t.turn), t.reply) for t in traces if t.turn.id != turn.id]
        return tuple(exchanges) if self.config.history == "full" else recent(exchanges, turn.time, self.config.gap)

    def _seeable(self, turn: Turn) -> Turn:
        """The turn as the model may see it: with pictures, with their captions alone, or with neither."""
        if self.config.vision == "on":
            return turn
        kept = turn.pictures if self.config.vision == "captions" else ()
        return replace(turn, pictures=tuple(Picture("", caption=p.caption) for p in kept))

    def image(self, digest: str) -> ImagePart | None:
        """Return a stored or passing picture as a model is given it; None if its bytes are gone."""
        data = self.library.picture(digest)
        if data is None:
            return None
        return ImagePart(digest, data, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg")

    # ── looking up ───────────────────────────────────────────────────────────────────────────────────────────────

    def query(self, turn: Turn, asked: Retrieve, leave_out: frozenset[str] = frozenset()) -> Query:
        """Return a look-up as the library is asked: the model's keywords and period, the turn's words and pictures."""
        makes = self.config.memories
        limits = replace(
            self.config.limits,
            procedural=self.config.limits.procedural if "procedural" in makes else 0,
            semantic=self.config.limits.semantic if "semantic" in makes else 0,
            topics=self.config.limits.topics if "episodic" in makes else 0,
            visual=self.config.limits.visual if "semantic" in makes and self.config.vision == "on" else 0,
        )
        return Query(
            turn.text[:2000],
            turn.time,
            asked.keywords,
            asked.start,
            asked.end,
            self.library.things(turn) if self.config.vision == "on" and turn.pictures else None,
            limits,
            leave_out if self.config.refill else frozenset(),
            use_period=self.config.period,
            use_hop=self.config.links,
            use_dense=self.config.fusion != "lexical",
            use_lexical=self.config.fusion != "dense",
        )

    def look_up(
        self, turn: Turn, asked: Retrieve, leave_out: frozenset[str] = frozenset(), as_of: datetime | None = None
    ) -> tuple[Hit, ...]:
        """Return what memory holds on a look-up, the period first; ``leave_out`` is refilled.

        Where a picture is asked about, only things that look the same come back: an unknown one brings none.
        """
        query = self.query(turn, asked, leave_out)
        found = search(self.library.index(as_of), query)
        if not self.config.refill:
            found = tuple(hit for hit in found if not _known(hit, leave_out))
        if query.pictures is None:
            return found
        return tuple(h for h in found if h.type != "visual" or (h.scores.picture or 0.0) >= self.kit.pictures.same_from)

    def why_not(self, turn: Turn, asked: Retrieve, memory: str, leave_out: frozenset[str] = frozenset()) -> WhyNot:
        """Return why a memory did not come back for a look-up: its rank and the reason."""
        return why_not(self.library.index(), self.query(turn, asked, leave_out), memory)

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tick(self, now: datetime) -> None:
        """Close the running session if its gap has passed at ``now``, and finish all queued work."""
        self.store.close_due(now, self.config.gap)
        self.flush()

    def flush(self) -> int:
        """Work until nothing is queued; return how many jobs were done."""
        done = 0
        while self.work():
            done += 1
        return done

    def work(self) -> bool:
        """Do the oldest queued job; return whether there was one.

        A job whose model cannot be asked stays queued and the error is raised; Malformed output marks it failed, keeps
        what was good of it, and the next one goes on.
        """
        with self._working, self.store.working() as mine:
            job = self.store.next_job() if mine else None
            if job is None:
                return False
            asker = Asker(self.model)
            turn, learnt = self._learn(job, asker)
            allowed = self.store.consent().allowed(learnt.edits)
            held = [(edit, why) for edit in allowed if (why := self._suspicion(edit))]
            edits = tuple(edit for edit in allowed if not any(edit is one for one, _ in held))
            if len(edits) < len(learnt.edits):  # others may tie in what was left out
                known = self.store.state_for(job, self.config.gap)
                edits = tuple(edit for edit in refit(edits, start=known) if edit is not None)
            self.store.finish(job, turn, edits, asker.calls, "; ".join(learnt.notes), held)
            return True

    def _suspicion(self, edit: Edit) -> str:
        """Why an edit is to be held back; a topic, which only tells what was talked of, never is."""
        memory = getattr(edit, "memory", None)
        if not self.kit.guard or memory is None or memory.type == "episodic":
            return ""
        return quarantine.held(edit, [self.store.trace(turn).turn.text for turn in edit.evidence])

    def _learn(self, job: Job, asker: Asker) -> tuple[str, update_stage.Learnt]:
        state = self.store.state_for(job, self.config.gap)
        if job.kind == "session":
            session = self.store.session(job.subject)
            learnt = update_stage.close(session, state, asker, self._update_settings, self._tools)
            return session.traces[-1].turn.id, learnt
        trace = self.store.trace(job.subject)
        traces = self.store.session(self.store.session_of(job.subject)).traces
        before = [t for t in traces if t.turn.finished < trace.turn.finished]
        return job.subject, update_stage.observe(trace, before, state, asker, self._update_settings, self._tools)

    @property
    def _update_settings(self) -> update_stage.UpdateSettings:
        config = self.config
        schedule = config.schedule if config.pem == "momentum" else Momentum(0.0, 0.0, 1)
        return update_stage.UpdateSettings(
            config.memories,
            config.pem != "off" and self.store.consent().profile,
            config.rule,
            schedule,
            config.gap,
            self.kit.budget,
        )

    @property
    def _tools(self) -> update_stage.Tools:
        see = self.config.vision == "on"
        return update_stage.Tools(
            self.kit.prompts,
            self.image if see else lambda _: None,
            lambda trace: self.library.related(trace, KNOWN_MEMORIES),
            self.library.enrol if see else lambda _trace, _category, _number: (),
            self.library.connect,
        )

    def override(self, time: datetime, scores: Mapping[Trait, float]) -> None:
        """Set traits by hand; an empty mapping lifts all settings. Queued work is finished first."""
        self.flush()
        last = self.store.last_turn()
        edit = Override(aware(time), (last.id,) if last else (), tuple(scores.items()))
        self.store.record(last.id if last else "", [edit])


def _say(text: str) -> Step:
    return Step("", Answer(text), forced=True)


def _opened(pictures: Sequence[Shown]) -> tuple[list[OpenedPicture], tuple[Picture, ...]]:
    """Return the pictures that are not stored yet, and all of them as a turn names them."""
    opened: list[OpenedPicture] = []
    mentions: list[Picture] = []
    for shown in pictures:
        if isinstance(shown, Picture):
            mentions.append(shown)
            continue
        opened.append(open_picture(shown.source if isinstance(shown, Marked) else shown))
        mentions.append(opened[-1].mention(box=shown.box if isinstance(shown, Marked) else None))
    return opened, tuple(mentions)


def _known(hit: Hit, leave_out: frozenset[str]) -> bool:
    quotes = [quote.turn for quote in hit.quotes]
    return hit.id in leave_out or (bool(quotes) and leave_out.issuperset(quotes))


def create_user(
    home: Path,
    user: str,
    time: datetime,
    human: Mapping[str, str] | None = None,
    persona: Mapping[str, str] | None = None,
) -> Store:
    """Create a user with what is known of them at first; core memory always holds a name.

    ``human`` maps keys to values ("age": "34"), ``persona`` what the assistant is to be ("name": "Pip"); the name
    is the store's unless ``human`` gives another. Raises ``BadInput`` if the user exists.
    """
    if user.strip() in users(home):
        raise BadInput(f"There is a user {user!r} already.", "choose another name, or talk to the one there is.")
    blocks: dict[Block, Mapping[str, str]] = {
        "human": {"name": user.strip()} | dict(human or {}),
        "persona": persona or {},
    }
    known = [
        (block, key, value) for block, entries in blocks.items() for key, value in entries.items() if value.strip()
    ]
    edits = [
        Add(aware(time), (), update_stage.keyed_memory(f"c0_{n}", "core", key, value, aware(time), (), block))
        for n, (block, key, value) in enumerate(known, start=1)
    ]
    with Store.founding(home, user) as store:
        store.record("", edits)
    return Store.open(home, user)


def take(store: Store, turn: Turn, model: Model, config: Config = DEFAULT_CONFIG, kit: Kit | None = None) -> Trace:
    """Reply to one turn, store it and queue its update; for many turns keep an ``Assistant``, which keeps its index."""
    return Assistant(store, model, config, kit).take(turn)


class IdleWorker:
    """Does queued work in a thread while nobody waits. An error stops it and is kept; the jobs stay queued."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.error: Exception | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="update stage", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be work."""
        self._wake.set()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the job under way and end the thread; what is queued stays queued."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                while not self._stopping.is_set() and self.assistant.work():
                    pass
            except Exception as error:  # a thread has no caller: kept for whoever looks
                self.error = error
                return
