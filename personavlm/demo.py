"""The demo: two shipped conversations are lived through, then asked about. What ``personavlm demo`` runs.

    data/demo/*.json   real text as typed, from LAPS          data/story/*.json   three weeks, written by hand

Every question is asked as of its own time and stores nothing; its answer is compared with what a right one says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.rule import Rule
from rich.text import Text

from personavlm.assistant import Assistant, Kit
from personavlm.datasets import OwnConversation, OwnQuestion, own
from personavlm.datasets.dialogue import Imported
from personavlm.erasure import erase_user
from personavlm.errors import BadInput
from personavlm.models import Model
from personavlm.replay import Open, Progress, replay
from personavlm.reporting import ask_object, state_object, state_view
from personavlm.store import Store, users
from personavlm.trace import Hit, Trace

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

DATA = Path(__file__).resolve().parent.parent / "data"
FOLDERS = ("demo", "story")
_QUOTED = re.compile("“[^”]*”")


class Bars(Protocol):
    """Something that can draw progress."""

    def progress(self) -> AbstractContextManager[Progress]:
        """Yield a function (task, done, all)."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a conversation file with the answer it got. ``right`` is judged by words, not by a model."""

    question: OwnQuestion
    trace: Trace

    @property
    def right(self) -> bool:
        """Whether the reply says what it should and nothing it should not; words it only quotes do not count."""
        return self.question.expected.met_by(_QUOTED.sub("", self.trace.reply))

    @property
    def grounded(self) -> bool:
        """Whether the evidence was among what was looked up; a question without evidence needs none."""
        seen = {turn for hit in self.trace.hits for turn in _turns(hit)}
        return not self.question.evidence or bool(seen & set(self.question.evidence))


def conversations(data: Path = DATA) -> tuple[OwnConversation, ...]:
    """Return the shipped conversations. Raises ``BadInput`` where they are not installed."""
    files = [path for folder in FOLDERS for path in sorted((data / folder).glob("*.json"))]
    if not files:
        raise BadInput(f"There are no conversations in {data}.", "run the demo from a checkout of the repository.")
    return tuple(own(path) for path in files)


def question_all(assistant: Assistant, conversation: OwnConversation) -> Iterator[Asked]:
    """Ask a conversation's questions, each as of its own time, storing nothing."""
    for question in conversation.questions:
        yield Asked(question, assistant.ask(question.at, question.text, list(question.pictures)))


def run(home: Path, model: Model, kit: Kit, bars: Bars) -> tuple[dict[str, Any], RenderableType]:
    """Live through the conversations and ask about them; return the result as an object and as text."""
    told = conversations()
    with bars.progress() as progress:
        report = replay(home, _imported(told), lambda store: Assistant(store, model, kit=kit), progress)
        results: dict[str, Any] = {}
        views: list[RenderableType] = []
        for conversation in told:
            with Store.open(home, conversation.dialogue.user) as store:
                assistant = Assistant(store, model, kit=kit)
                asked: list[Asked] = []
                for one in question_all(assistant, conversation):
                    asked.append(one)
                    progress(f"{store.user}: questions", len(asked), len(conversation.questions))
                results[store.user] = _object(store, asked)
                views.append(_view(store, conversation, asked))
    skipped = [{"where": s.where, "why": s.why} for s in report.skipped]
    return {"home": str(home), "model": model.name, "users": results, "skipped": skipped}, Group(*views, _next(home))


def put_back(home: Path, open_assistant: Open, progress: Progress = lambda _user, _done, _all: None) -> None:
    """Live through the shipped conversations anew. Whatever was said to their users or changed since goes."""
    told = conversations()
    for name in {conversation.dialogue.user for conversation in told} & set(users(home)):
        erase_user(home, name)
    replay(home, _imported(told), open_assistant, progress)


def _imported(told: Sequence[OwnConversation]) -> Imported:
    return Imported(tuple(c.dialogue for c in told), tuple(s for c in told for s in c.skipped))


def _object(store: Store, asked: Sequence[Asked]) -> dict[str, Any]:
    profile = store.state().estimate.profile
    return {
        "state": state_object(store.state()),
        "right": sum(a.right for a in asked),
        "grounded": sum(a.grounded for a in asked),
        "n": len(asked),
        "answers": [
            {"question": a.question.text, "right": a.right, "grounded": a.grounded} | ask_object(a.trace, profile)
            for a in asked
        ],
    }


def _view(store: Store, conversation: OwnConversation, asked: Sequence[Asked]) -> RenderableType:
    turns, sessions = store.counts()
    dates = " (dates assigned by us)" if conversation.assigned_dates else ""
    head = Rule(f"{store.user}: {turns} turns in {sessions} sessions{dates}", align="left")
    answers = [line for one in asked for line in _answer(one)]
    right = sum(a.right for a in asked)
    return Group(
        head, state_view(store.state()), Text(), *answers, Text(f"{right} of {len(asked)} answers are right.\n")
    )


def _answer(asked: Asked) -> Iterator[RenderableType]:
    mark = "[green]✓[/]" if asked.right else "[red]✗[/]"
    shown = f" [dim]({len(asked.question.pictures)} picture)[/]" if asked.question.pictures else ""
    yield Text.from_markup(f"{mark} [cyan]{escape(asked.question.text)}[/]{shown}")
    yield Text("  " + asked.trace.reply.replace("\n", "\n  "))
    best = max(asked.trace.hits, key=lambda hit: hit.scores.fused, default=None)
    if best is not None:
        yield Text.from_markup(f"  [dim]{best.id} · {escape(best.text[:80])} · {escape(best.why)}[/]")


def _turns(hit: Hit) -> Iterator[str]:
    yield from hit.evidence
    yield hit.id
    for quote in hit.quotes:
        yield quote.turn


def _next(home: Path) -> Text:
    return Text(
        "Where to look next\n"
        f'  personavlm ask "What did Bob bring?" --user Mara --home {home}\n'
        f"  personavlm state --user Mara --as-of 2025-03-10T00:00:00+00:00 --home {home}\n"
        f"  personavlm chat --user YOU --home {home}\n"
        "  make lab    notebooks and the inspector side by side\n"
    )
