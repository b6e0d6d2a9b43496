"""Erasing: a plan looked at, carried out in a user and their forks, and shown to have left nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from personavlm.erasure.plan import Plan, cleaned_call, plan, told
from personavlm.erasure.residue import found, probes
from personavlm.erasure.selection import Chosen, Mentioned, What, choose, words_of
from personavlm.errors import StoreError
from personavlm.files import guarded
from personavlm.home import remove_user
from personavlm.ledger import Rewriting, Row, pictures_of
from personavlm.memory import Memory, State, fold
from personavlm.personality import Profile
from personavlm.retrieval import memory_passage, turn_passage
from personavlm.store import Store, user_folder, users
from personavlm.trace import Trace, Turn
from personavlm.words import terms

PATIENCE = 60.0
"""Seconds that an erasure waits for an update under way in another program."""


Choose = Callable[[Sequence[Trace], State], Chosen]
"""What goes, given a user's turns and what is known of them."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would take, before anything is written."""

    user: str
    turns: tuple[Turn, ...]
    replies: tuple[str, ...]
    """Turns that stay, but whose reply rests on what goes."""
    memories: tuple[Memory, ...]
    edits: int
    """Edits that go: those memories, and readings, links, endings that rest on the turns."""
    pictures: tuple[str, ...]
    """Digests of pictures and cut-outs whose bytes go."""
    again: tuple[str, ...]
    """Sessions ("s3") and turns ("t7") that will be learnt again without it."""
    profile: Profile
    profile_after: Profile
    still_said: tuple[str, ...]
    """Turns that stay and say the whole value of a memory that goes: erase them too if it is to be gone."""
    forks: tuple[str, ...]
    """Users who share this past; it goes there as well."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an erasure did, in numbers and checksums; it holds no word of what was erased."""

    user: str
    kind: str
    """What was asked for: turns, remembered, shown, period, mentioned, user."""
    turns: int
    replies: int
    memories: int
    edits: int
    pictures: int
    vectors: int
    again: tuple[str, ...]
    before: tuple[str, str]
    """Digests of the last trace and the last edit, before and after."""
    after: tuple[str, str]
    files: tuple[tuple[str, str], ...]
    """Every file of the user afterwards with its sha256."""
    probes: int
    """Stretches of text, pictures and vectors that were looked for in the bytes of these files."""
    found: tuple[str, ...] = ()
    """Where any was found: file and kind. Empty, or something is wrong."""
    forks: tuple[Report, ...] = ()

    @property
    def residue(self) -> int:
        """How much was found, forks included; 0 if the erasure is complete."""
        return len(self.found) + sum(fork.residue for fork in self.forks)


@dataclass(frozen=True, slots=True)
class _Look:
    """A store's plan with what it was made from."""

    rows: list[Row]
    state: State
    plan: Plan
    pictures: frozenset[str]
    vectors: dict[str, bytes]
    """Cached vectors that go, by content hash."""
    kept: frozenset[str]
    """Content hashes of the vectors that stay."""


# ── preview ──────────────────────────────────────────────────────────────────────────────────────────────────────


def preview(home: Path, user: str, what: What) -> Preview:
    """Return what erasing would take from a user. Raises ``BadInput`` for what they do not have."""
    with Store.open(home, user) as store:
        look = _look(store, partial(choose, what))
        turns = [row.value.turn for row in look.rows if isinstance(row.value, Trace) and row.turn in look.plan.turns]
        return Preview(
            store.user,
            tuple(turns),
            tuple(sorted(look.plan.replies, key=_number)),
            look.plan.memories,
            look.plan.edits,
            tuple(sorted(look.pictures)),
            tuple(subject for _, subject in sorted(look.plan.again)),
            look.state.estimate.profile,
            _state(look.plan.rows).estimate.profile,
            _still_said(look),
            tuple(name for name, _ in _forks(home, store, what, look)),
        )


def _look(store: Store, chooser: Choose) -> _Look:
    rows = store.rows()
    traces = [row.value for row in rows if isinstance(row.value, Trace)]
    state = _state(rows)
    made = plan(rows, store.jobs(), chooser(traces, state))
    pictures = frozenset(store.picture_names()) - pictures_of(made.rows)
    cached = store.cached_vectors()
    kept = _searched(made.rows) | (frozenset(store.picture_names()) - pictures)
    return _Look(rows, state, made, pictures, {k: v for k, v in cached.items() if k not in kept}, kept)


def _state(rows: Sequence[Row]) -> State:
    return fold(row.value for row in rows if not isinstance(row.value, Trace))


def _searched(rows: Sequence[Row]) -> frozenset[str]:
    """Content hashes of all texts that stay findable: only their vectors may stay cached."""
    state = _state(rows)
    texts: list[str] = [memory.text for memory in state.all()]
    times = {}
    for row in rows:
        if isinstance(row.value, Trace):
            texts.append(turn_passage(row.value, f"s{row.session}", state.name or "").searched)
            times[row.turn] = row.value.turn.time
    passages = (memory_passage(memory, times) for memory in state.all())
    texts += [passage.searched for passage in passages if passage is not None]
    return frozenset(hashlib.sha256(text.encode()).hexdigest() for text in texts)


def _still_said(look: _Look) -> tuple[str, ...]:
    words = words_of([row.value for row in look.plan.rows if isinstance(row.value, Trace)])
    values = [set(terms(memory.value)) for memory in look.plan.memories if memory.value and memory.type == "semantic"]
    return tuple(turn for turn, own in words.items() if any(value and value <= own for value in values))


def _number(turn: str) -> int:
    return int(turn[1:])


# ── forks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _forks(home: Path, store: Store, what: What, look: _Look) -> Iterator[tuple[str, Choose]]:
    """Yield users who share the past that changes, with how to choose what goes from theirs."""
    kept = {row.value for row in look.plan.rows}
    changed = {d: row for row, d in zip(look.rows, store.digests(), strict=True) if row.value not in kept}
    for name in users(home):
        if name != store.user:
            with Store.open(home, name) as other:
                shared = [changed[digest] for digest in other.digests() if digest in changed]
            if shared:
                yield name, partial(_theirs, what, look.plan.chosen, shared)


def _theirs(what: What, chosen: Chosen, shared: Sequence[Row], traces: Sequence[Trace], state: State) -> Chosen:
    """What goes from a fork: what was chosen before they parted; of a name, also what came after."""
    if isinstance(what, Mentioned):
        return choose(what, traces, state)
    turns = frozenset(row.turn for row in shared if isinstance(row.value, Trace)) & chosen.turns
    memories = (getattr(row.value, "memory", None) for row in shared)
    ids = frozenset(memory.id for memory in memories if memory is not None) & chosen.memories
    return Chosen(turns, ids, chosen.picture)


# ── erasing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def erase(home: Path, user: str, what: What) -> Report:
    """Erase something of a user, and of the forks that share it; return what was done and what was found after it.

    Committed whole or not at all, in each user. What is to be learnt again is queued as jobs. Raises ``BadInput`` for
    what they do not have, ``StoreError`` if another program is learning or keeps the file open.
    """
    with Store.open(home, user) as store:
        forks = tuple(_forks(home, store, what, _look(store, partial(choose, what))))
        kind = type(what).__name__.lower()
        report = _erase(store, kind, partial(choose, what))
    theirs = []
    for name, same in forks:
        with Store.open(home, name) as fork:
            theirs.append(_erase(fork, kind, same))
    return replace(report, forks=tuple(theirs))


def _erase(store: Store, kind: str, chooser: Choose) -> Report:
    with store.working(PATIENCE) as mine:
        if not mine:
            raise StoreError(f"{store.user} is still being learnt from.", "let that finish, then erase again.")
        before, done = store.head(), list[_Look]()

        def make() -> Rewriting:
            done[:] = [_look(store, chooser)]
            return _rewriting(store, done[0])

        store.rewrite(make)
    look = done[0]
    wanted = probes(look.rows, look.plan, look.pictures, frozenset(look.vectors.values()))
    return Report(
        store.user,
        kind,
        len(look.plan.turns),
        len(look.plan.replies),
        len(look.plan.memories),
        look.plan.edits,
        len(look.pictures),
        len(look.vectors),
        tuple(subject for _, subject in sorted(look.plan.again)),
        before,
        store.head(),
        checksums(store.folder),
        len(wanted),
        tuple(found(store.folder, wanted)),
    )


def _rewriting(store: Store, look: _Look) -> Rewriting:
    rows, gone = look.plan.rows, look.plan
    left = {row.session for row in rows if isinstance(row.value, Trace)}
    calls = ((number, cleaned_call(call, gone)) for number, call in store.numbered_calls())
    return Rewriting(
        rows,
        gone.turns,
        frozenset(f"s{row.session}" for row in look.rows if row.session and row.session not in left),
        gone.again,
        tuple(job.id for job in store.jobs() if job.note and gone.tells(job.note)),
        tuple((number, call) for number, call in calls if call is not None),
        frozenset(
            one.id for one in store.held() if gone.turns.intersection(one.edit.evidence) or gone.tells(told(one.edit))
        ),
        look.pictures,
        look.kept,
    )


def checksums(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return a user's files, locks left out, each with the sha256 of its bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return tuple((path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files)


def check(report: Report, home: Path) -> list[str]:
    """Return what speaks against a report as the user is now (empty: nothing does).

    Turns that were said since are no contradiction: the ledger must still go through the report's last digests.
    """
    wrong: list[str] = []
    with Store.open(home, report.user) as store:
        digests = {*store.digests(), ""}
        wrong += store.verify()
        if report.residue:
            wrong.append(f"the report itself names {report.residue} findings")
        if not digests.issuperset(report.after):
            wrong.append("the ledger does not go through the report's digests: it was rewritten since, or is another")
    return wrong + [f"{fork.user}: {one}" for fork in report.forks for one in check(fork, home)]


# ── a whole user ─────────────────────────────────────────────────────────────────────────────────────────────────


def erase_user(home: Path, user: str) -> Report:
    """Erase a user's whole folder. Forks are users of their own and stay. Raises ``UnknownUser`` if there is none."""
    with Store.open(home, user) as store, store.working(PATIENCE) as mine:
        if not mine:
            raise StoreError(f"{store.user} is still being learnt from.", "let that finish, then erase again.")
        turns = store.counts()[0]
        memories, edits = len(store.state().memories), len(store.edits())
        pictures, vectors, before = len(store.picture_names()), len(store.cached_vectors()), store.head()
    folder = user_folder(home, user)
    with guarded(folder):
        remove_user(home, user)
    return Report(
        user.strip(), "user", turns, 0, memories, edits, pictures, vectors, (), before, ("", ""), (), 1, _left(folder)
    )


def _left(folder: Path) -> tuple[str, ...]:
    hidden = folder.with_name(f".erasing-{folder.name}")
    return tuple(path.name for path in (folder, hidden) if path.exists())
