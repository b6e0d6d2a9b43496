"""Multiple choice: how well a model answers a Persona-MME or PersonaWorld-MME, with the truth, its memory, or nothing.

    personamme(DIR) ──cases──> Case ──mode──> reply ──letter──> right or wrong, by task, with an interval over persons

Three modes, one function each. **oracle**: what the world's hidden ledger says is known when the question is asked
stands where memory would (``world.json`` beside each sample, as ``synth bench`` writes it). **memory**: the talk is
lived through by the assistant, which then is asked without storing anything. **none**: the bare question. A question
with replies to judge gives two more cases: the chosen one suits the person, the rejected one does not.

A case that cannot be asked (damaged folder, no truth beside it) counts as wrong and as failed, a reply without exactly
one letter as wrong and as unparsed. Source: evaluation of PersonaVLM (section 5, appendix D) for the layout; the
sentences and the strict reading of the answer are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from personavlm.asking import Asker
from personavlm.assistant import DEFAULT_CONFIG, Assistant, Config, Kit, create_user
from personavlm.datasets.dialogue import Imported
from personavlm.datasets.files import Skipped
from personavlm.datasets.personamme import LETTERS, MmePerson, MmeSetting, personamme
from personavlm.errors import BadInput, ModelUnavailable, PersonaVLMError
from personavlm.exchange import BenchmarkData, flat_profile, read_user_data, to_dialogue, user_name
from personavlm.models import Model
from personavlm.personality import NEUTRAL, Profile
from personavlm.prompts import Budget
from personavlm.prompts.choice import JUDGED, render_choice, render_manner
from personavlm.prompts.respond import Context, parse_answer, render_answer
from personavlm.replay import replay
from personavlm.scoring.choice import pick
from personavlm.store import Store, users
from personavlm.trace import Answer, Hit, HitType, Scores, Turn
from personavlm.worlds.kept import read_world
from personavlm.worlds.truth import Known, known, traits_at
from personavlm.worlds.values import World

Mode = Literal["oracle", "memory", "none"]
Progress = Callable[[str, int, int], None]
"""Told what is under way, how much is done, and of how much."""
MANNER = "Personality Alignment"
"""Task name of the tests of manner."""
WHOLE_LEDGER = Budget(memories=60_000)
"""Room for every fact of a life in the oracle's prompt (tokens)."""
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """One question as it is put, with the letter of its right option."""

    id: str
    """Person and place in the file: "50/0#12", with "+" or "-" for the chosen or rejected reply."""
    person: str
    aspect: str
    task: str
    at: datetime
    text: str
    options: tuple[tuple[str, str], ...]
    """Letters with their texts."""
    gold: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case went. ``said`` is the letter that the reply picks, empty if none or several."""

    case: Case
    said: str
    reply: str
    failed: bool = False

    @property
    def right(self) -> bool:
        """Whether the right option was chosen."""
        return self.said == self.case.gold


def cases(person: MmePerson) -> Iterator[Case]:
    """Yield a person's questions as cases; times are read as UTC."""
    for q in person.questions:
        at = q.at.replace(second=59, tzinfo=UTC)  # the files' minutes: the whole of it has passed
        options = tuple(zip(LETTERS, q.options, strict=True))
        choice = Case(
            f"{person.id}#{q.number}",
            person.id,
            q.aspect,
            q.task,
            at,
            render_choice(q.text, options),
            options,
            q.answer,
        )
        yield choice
        if q.chosen and q.rejected:
            for sign, reply, gold in (("+", q.chosen, "a"), ("-", q.rejected, "b")):
                text = render_manner(q.text, reply)
                yield replace(
                    choice, id=choice.id + sign, aspect=MANNER, task=MANNER, text=text, options=JUDGED, gold=gold
                )


# ── the three modes ──────────────────────────────────────────────────────────────────────────────────────────────

Ask = Callable[[Case], str]


def from_memory(assistant: Assistant) -> Ask:
    """Return how an assistant that lived through the talk is asked: nothing is stored, its state stays as it is."""
    return lambda case: assistant.ask(case.at, case.text).reply


def from_ledger(world: World, model: Model, kit: Kit) -> Ask:
    """Return how a model is asked that is shown everything known by the question's time, and the true traits then."""

    def ask(case: Case) -> str:
        at = case.at.replace(tzinfo=world.person.start.tzinfo)
        hits = [_as_hit(number, one) for number, one in enumerate(known(world, at), start=1)]
        return _bare(case, traits_at(world.person, at), hits, model, replace(kit, budget=WHOLE_LEDGER))

    return ask


def from_nothing(model: Model, kit: Kit) -> Ask:
    """Return how a model is asked that knows nothing of the person."""
    return lambda case: _bare(case, NEUTRAL, (), model, kit)


def _bare(case: Case, profile: Profile, hits: Sequence[Hit], model: Model, kit: Kit) -> str:
    context = Context(Turn("t1", case.at, case.text), (), profile, ())
    messages = render_answer(kit.prompts, context, hits, kit.budget, lambda _: None)
    value, _ = Asker(model).ask("answer", messages, parse_answer)
    return value.text if isinstance(value, Answer) else ""


def _as_hit(number: int, one: Known) -> Hit:
    fact = one.fact
    kind: HitType = "procedural" if fact.memory == "procedural" else "core" if fact.memory == "core" else "semantic"
    text = f"{fact.text}, because {fact.reason}" if fact.reason else fact.text
    status = "retired" if one.standing == "ended" else one.standing
    until = fact.until if one.standing != "current" else None
    return Hit(f"m{number}", kind, fact.since, text, Scores(1.0), "known", one.evidence, until=until, status=status)


# ── living through the talk ──────────────────────────────────────────────────────────────────────────────────────


def live(home: Path, person: MmePerson, model: Model, kit: Kit, config: Config = DEFAULT_CONFIG) -> Assistant:
    """Return a person's assistant after their talk, lived through in ``home`` or found there; the caller closes it.

    A talk that was begun goes on where it stopped. Raises ``BadInput`` for a damaged folder or another talk there.
    """
    data = read_user_data(person.folder).data
    profile = dict(flat_profile(data.profile)) if isinstance(data, BenchmarkData) else {}
    name = profile.setdefault("name", user_name(data) or "the user")
    user = f"{person.id.replace('/', '-')}-{name}"
    talk = to_dialogue(data, person.folder, UTC, user)
    if not talk.dialogues[0].turns:
        raise BadInput(f"{person.folder} holds no turns.", "write it again, or leave it out.")
    if user not in users(home):
        start = talk.dialogues[0].turns[0].time
        create_user(home, user, start, profile, {"name": talk.dialogues[0].assistant}).close()
    replay(home, Imported(talk.dialogues), lambda store: Assistant(store, model, config, kit))
    return Assistant(Store.open(home, user), model, config, kit)


# ── the eval ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class McqResult:
    """What ``eval mcq`` prints."""

    mode: Mode
    outcomes: tuple[Outcome, ...]
    skipped: tuple[Skipped, ...] = ()

    def share(self, chosen: Sequence[Outcome]) -> dict[str, float | int]:
        """Return accuracy in percent with its 95 % interval (bootstrap over persons) and the number of cases."""
        low, high = interval(chosen)
        return {"value": _percent(chosen), "low": low, "high": high, "n": len(chosen)}

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract, percents from 0 to 100."""
        choice = [o for o in self.outcomes if o.case.task != MANNER]
        manner = [o for o in self.outcomes if o.case.task == MANNER]
        return {
            "mode": self.mode,
            "persons": len({o.case.person for o in self.outcomes}),
            "n": {"mcq": len(choice), "alignment": len(manner)},
            "overall_mcq": self.share(choice),
            "overall_with_alignment": self.share(self.outcomes),
            "by_aspect": {name: self.share(found) for name, found in _grouped(choice, lambda c: c.aspect).items()},
            "by_task": {name: self.share(found) for name, found in _grouped(self.outcomes, lambda c: c.task).items()},
            "unparsed": sum(not o.said and not o.failed for o in self.outcomes),
            "failed": sum(o.failed for o in self.outcomes),
            "skipped": len(self.skipped),
        }


def _grouped(outcomes: Sequence[Outcome], key: Callable[[Case], str]) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(key(outcome.case), []).append(outcome)
    return groups


def _percent(outcomes: Sequence[Outcome]) -> float:
    return round(100 * sum(o.right for o in outcomes) / len(outcomes), 2) if outcomes else 0.0


def interval(outcomes: Sequence[Outcome], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of accuracy in percent: persons drawn with replacement, their questions together."""
    groups = _grouped(outcomes, lambda case: case.person)
    if not groups:
        return 0.0, 0.0
    counts = np.array([(sum(o.right for o in found), len(found)) for found in groups.values()], dtype=float)
    drawn = np.random.default_rng(seed).integers(0, len(counts), (RESAMPLES, len(counts)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.percentile(100 * sums[:, 0] / sums[:, 1], [2.5, 97.5])
    return round(float(low), 2), round(float(high), 2)


def evaluate(
    folder: Path,
    model: Model,
    kit: Kit,
    home: Path,
    settings: Sequence[MmeSetting] = ("32k", "128k"),
    mode: Mode = "memory",
    limit: int | None = None,
    config: Config = DEFAULT_CONFIG,
    progress: Progress = lambda _what, _done, _all: None,
) -> McqResult:
    """Return how a benchmark's questions are answered. ``limit`` keeps to the first persons of each setting.

    ``home`` keeps what was lived through (memory mode): run again, it goes on there. It belongs to one model.
    Raises ``BadInput`` for a folder without questions, ``ModelUnavailable`` if the model cannot be asked.
    """
    read = personamme(folder)
    chosen = [p for s in settings for p in [p for p in read.persons if p.setting == s][:limit]]
    outcomes: list[Outcome] = []
    for number, person in enumerate(chosen, start=1):
        outcomes += _person(person, mode, model, kit, home, config)
        progress(f"{mode}: persons", number, len(chosen))
    return McqResult(mode, tuple(outcomes), read.skipped)


def _person(person: MmePerson, mode: Mode, model: Model, kit: Kit, home: Path, config: Config) -> list[Outcome]:
    try:
        if mode == "memory":
            assistant = live(home, person, model, kit, config)
            with assistant.store:
                return [_asked(case, from_memory(assistant)) for case in cases(person)]
        ask = from_nothing(model, kit) if mode == "none" else from_ledger(read_world(person.folder), model, kit)
        return [_asked(case, ask) for case in cases(person)]
    except ModelUnavailable:
        raise
    except PersonaVLMError as error:
        return [Outcome(case, "", str(error), failed=True) for case in cases(person)]


def _asked(case: Case, ask: Ask) -> Outcome:
    reply = ask(case)
    return Outcome(case, pick(reply, dict(case.options)).letter, reply)


def read_settings(name: str) -> tuple[MmeSetting, ...]:
    """Return the settings a name stands for: "32k", "128k" or "both". Raises ``BadInput`` for another."""
    found = tuple(one for one in get_args(MmeSetting) if name in (one, "both"))
    if not found:
        raise BadInput(f"There is no setting {name!r}.", "give 32k, 128k or both.")
    return found


def read_mode(name: str) -> Mode:
    """Return the mode of that name. Raises ``BadInput`` for another."""
    found: Mode | None = next((one for one in get_args(Mode) if one == name), None)
    if found is None:
        raise BadInput(f"There is no mode {name!r}.", "give oracle, memory or none.")
    return found
