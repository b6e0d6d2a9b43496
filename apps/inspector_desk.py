"""What the inspector's pages work at: the open user, their assistant and its worker, kept between clicks.

Settings come from the environment: ``PERSONAVLM_HOME`` (default ``workspace``) and ``PERSONAVLM_MODEL`` (default
``embedded``). The clock is read here and nowhere else in the inspector.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from personavlm import assistant as assistants
from personavlm.assistant import Assistant, IdleWorker
from personavlm.doctor import Report, examine
from personavlm.inspection import Chart, at, chart
from personavlm.memory import Edit, State
from personavlm.models import Model, loading
from personavlm.store import DATABASE, Job, Store, user_folder
from personavlm.trace import SESSION_GAP, Trace


def now() -> datetime:
    """Return the present time with this machine's zone, to the second."""
    return datetime.now(UTC).astimezone().replace(microsecond=0)


def home() -> Path:
    """Return the folder that holds the users."""
    return Path(os.environ.get("PERSONAVLM_HOME", "workspace"))


def model_setting() -> str:
    """Return the model in use, as ``load_model`` takes it: the one chosen in this tab, or the environment's."""
    return st.session_state.get("chosen model") or os.environ.get("PERSONAVLM_MODEL", "embedded")


def check_model(setting: str) -> None:
    """Load a model, so that one that cannot be used is told at once. Raises ``BadInput`` or ``ModelUnavailable``."""
    _loaded(setting)


def other_model(setting: str) -> Model | None:
    """Return a model to tell a reply again with; None if it is the one in use. Raises as ``check_model``."""
    return None if setting in ("", model_setting()) else _loaded(setting)[0]


@dataclass(frozen=True, slots=True)
class Desk:
    """One user, open."""

    user: str
    store: Store

    @property
    def assistant(self) -> Assistant:
        """The user's assistant; the model is loaded on first use."""
        return _assistant(_key(self.user), self.user, model_setting())

    def edits(self) -> list[Edit]:
        """Return the whole ledger's edits; read once until it grows."""
        return _edits(_key(self.user), self.store.head()[1], self.store)

    def traces(self) -> list[Trace]:
        """Return all traces without their edits and calls; read once until there are more."""
        return _traces(_key(self.user), self.store.head()[0], self.store)

    def state(self, moment: datetime | None) -> State:
        """Return what is known, or what was known at a moment."""
        return self.store.state() if moment is None else at(self.edits(), moment)

    def chart(self) -> Chart:
        """Return the map of all that is known; laid out once until the ledger grows."""
        return _chart(_key(self.user), self.store.head()[1], self.store)

    @property
    def problem(self) -> Exception | None:
        """What stopped the update stage, if anything did; its jobs stay queued."""
        worker = _workers().get(_key(self.user))
        return worker.error if worker else None

    def job(self, turn: str) -> Job | None:
        """Return the job that learns from a turn."""
        return next((job for job in self.store.jobs() if job.kind == "turn" and job.subject == turn), None)

    @property
    def looking(self) -> bool:
        """Whether the store is only looked at, because a notebook or a run beside is writing to it."""
        return bool(st.session_state.get("looking"))

    def tick(self) -> None:
        """Close the session whose gap has passed, and have queued work done while nobody waits."""
        if self.looking:
            return
        if self._due():
            self.store.close_due(now())
        if self.store.next_job() is not None and self.problem is None:
            self.learn()

    def _due(self) -> bool:
        last = self.store.last_turn()
        if last is None or now() - last.time < SESSION_GAP:
            return False
        session = self.store.session_of(last.id)
        return not any(job.kind == "session" and job.subject == session for job in self.store.jobs())

    def learn(self) -> None:
        """Have queued work done in the background; starts anew after a problem."""
        key, workers = _key(self.user), _workers()
        if key not in workers or workers[key].error is not None:
            workers[key] = IdleWorker(self.assistant)
        workers[key].wake()


def open_desk(user: str) -> Desk:
    """Open a user of this home."""
    return Desk(user, _store(_key(user), user))


def let_go(user: str) -> None:
    """Close a user's store and forget what was kept of it, before the folder goes."""
    key = _key(user)
    if worker := _workers().pop(key, None):
        worker.stop()
    _store(key, user).close()
    for kept in (_store, _assistant, _edits, _traces, _chart):
        kept.clear()


def assistant_for(store: Store) -> Assistant:
    """Return an assistant for a store that is open for a moment, with the model in use."""
    model, kit = _loaded(model_setting())
    return Assistant(store, model, kit=kit)


@st.cache_data(show_spinner="Looking at this machine …", ttl=600)
def examined(setting: str) -> Report:
    """Return what the doctor finds; looked at anew after ten minutes."""
    return examine(setting, home())


def here() -> Desk:
    """Return the desk of the user chosen in the side bar."""
    return open_desk(st.session_state["user"])


def _key(user: str) -> tuple[str, int]:
    """What names an open store: its folder, and the file's number, which changes when a workspace is made anew."""
    path = user_folder(home(), user) / DATABASE
    return str(path.parent), path.stat().st_ino if path.exists() else 0


@st.cache_resource(show_spinner=False)
def _store(key: tuple[str, int], user: str) -> Store:  # noqa: ARG001  the key is what the cache goes by
    return Store.open(home(), user)


@st.cache_resource(show_spinner="Loading the model …")
def _loaded(setting: str) -> tuple[Model, assistants.Kit]:
    return loading.load_model(setting), assistants.Kit.load()


@st.cache_resource(show_spinner=False)
def _assistant(key: tuple[str, int], user: str, setting: str) -> Assistant:
    model, kit = _loaded(setting)
    return Assistant(_store(key, user), model, kit=kit)


@st.cache_resource(show_spinner=False, max_entries=4)
def _edits(key: tuple[str, int], head: str, _store: Store) -> list[Edit]:  # noqa: ARG001
    return _store.edits()


@st.cache_resource(show_spinner=False, max_entries=4)
def _traces(key: tuple[str, int], head: str, _store: Store) -> list[Trace]:  # noqa: ARG001
    return _store.traces()


@st.cache_resource(show_spinner="Laying the map out …", max_entries=4)
def _chart(key: tuple[str, int], head: str, _store: Store) -> Chart:  # noqa: ARG001
    return chart(_store.state())


@st.cache_resource(show_spinner=False)
def _workers() -> dict[tuple[str, int], IdleWorker]:
    return {}
