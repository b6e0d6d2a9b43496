"""Columns of other data sets, and open-ended questions: each kind of data as persons with cases, and how it is scored.

    persona-mme   options, and tests of alignment                                      unit: the person
    open          a Persona-MME's questions without their options, in free text        unit: the person
    psoups        which of two replies fits, all that is known in the message          unit: the message
    prefeval      one preference is told, then four answers to choose from             unit: the preference
    personamem    questions about the first so many messages of a talk                 unit: the persona
    locomo        questions after a long talk, in free text                            unit: the talk and its speaker

The unit is what intervals draw anew. Options are put in another order by the seed where the file has the right one
always in the same place. Most of these sets may not be copied: cases hold their texts in memory and in the user's own
runs, results hold ids and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Literal, get_args

from personavlm.bench.cases import Column, persona_mme, read_settings
from personavlm.bench.validation import Score, score_choice
from personavlm.bench.values import Case, Options, Person, Talk
from personavlm.datasets.dialogue import Dialogue, GivenTurn
from personavlm.datasets.files import Skipped
from personavlm.datasets.locomo import Conversation, LoCoMoQuestion, asker, locomo, locomo_dialogues
from personavlm.datasets.personamem import MemQuestion, MemSetting, PersonaMem, mem_dialogue, personamem
from personavlm.datasets.prefeval import Preference, prefeval
from personavlm.datasets.psoups import PSoupsItem, psoups
from personavlm.embedded.respond import headline
from personavlm.errors import BadInput
from personavlm.prompts.choice import parse_choice, render_choice
from personavlm.prompts.fitting import Chosen, render_fitting
from personavlm.scoring.answers import token_f1, untold
from personavlm.worlds.values import World

Kind = Literal["persona-mme", "open", "psoups", "prefeval", "personamem", "locomo"]
STARTED = datetime(2025, 1, 1, 12, tzinfo=UTC)
"""Stands for the time in sets that have none."""
AFTER = timedelta(days=1)
"""Questions without a time of their own are asked this long after the last turn."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
UNTOLD = "You have not told me."
"""The right answer to what a talk never says."""


def read_kind(name: str) -> Kind:
    """Return the kind of data of that name. Raises ``BadInput`` for another."""
    found: Kind | None = next((one for one in get_args(Kind) if one == name), None)
    if found is None:
        raise BadInput(f"There is no data called {name!r}.", f"give one of {', '.join(get_args(Kind))}.")
    return found


def read_column(kind: Kind, path: Path, setting: str = "both", limit: int | None = None, seed: int = 0) -> Column:
    """Return a data set's persons, of each setting at most ``limit``. Raises ``BadInput`` for data of another shape."""
    match kind:
        case "persona-mme":
            return persona_mme(path, read_settings(setting), limit)
        case "open":
            return open_column(persona_mme(path, read_settings(setting), limit), seed)
        case "psoups":
            return limited(psoups_column(path, seed), limit)
        case "prefeval":
            return limited(prefeval_column(path, seed), limit)
        case "personamem":
            columns = [limited(personamem_column(path, one), limit) for one in _mem_settings(setting)]
            persons = tuple(person for column in columns for person in column.persons)
            return Column(persons, tuple(line for column in columns for line in column.skipped))
        case "locomo":
            return limited(locomo_column(path), limit)


def score_of(kind: Kind) -> Score:
    """Return how replies to a data set's cases are scored."""
    return score_free if kind in ("open", "locomo") else score_choice


def limited(column: Column, limit: int | None) -> Column:
    """Return a column with the first so many persons of each setting."""
    settings = dict.fromkeys(person.setting for person in column.persons)
    kept = [person for one in settings for person in [p for p in column.persons if p.setting == one][:limit]]
    return replace(column, persons=tuple(kept))


def score_free(case: Case, reply: str) -> tuple[str, float]:
    """Return a reply's headline and its token F1; where nothing was told, 1.0 for saying so."""
    said = headline(reply)
    if untold(case.gold):
        return said, float(untold(said))
    return said, 0.0 if untold(said) else token_f1(said, case.gold)


@dataclass(frozen=True, slots=True)
class Given:
    """A source whose talk is at hand, or that has none; nobody knows the truth behind it."""

    name: str
    talks: tuple[Talk, ...] = ()
    """The talk; empty if there is none."""

    def talk(self, user: str) -> Talk:
        """Return the talk, its user called as asked. Raises ``BadInput`` where there is none."""
        if not self.talks:
            raise BadInput(f"{self.name} has no talk to live through.", "ask with --mode none or --mode blind.")
        return replace(self.talks[0], dialogue=replace(self.talks[0].dialogue, user=user))

    def world(self) -> World:
        """Raise ``BadInput``: the truth is known of made persons only."""
        raise BadInput(f"{self.name} has no hidden truth.", "give a PersonaWorld-MME for --mode oracle.")


def shuffled(options: Sequence[str], right: int, seed: int, name: str) -> tuple[Options, str]:
    """Return options in an order drawn for this case, lettered from "a", and the letter of the right one."""
    order = list(range(len(options)))
    Random(f"{seed}/{name}").shuffle(order)
    shown = tuple(zip(LETTERS, (options[place] for place in order), strict=False))
    return shown, LETTERS[order.index(right)]


def digest_of(paths: Iterable[Path]) -> str:
    """Return a short digest of files' contents, to name the data exactly."""
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in sorted(paths))).hexdigest()[:12]


# ── open-ended ───────────────────────────────────────────────────────────────────────────────────────────────────


OPEN = 200
"""Questions drawn, as many as the paper's comparison of open-ended replies has."""


def open_column(column: Column, seed: int = 0, count: int = OPEN) -> Column:
    """Return ``count`` questions of a column, drawn by seed, without options; the right option is the reference."""
    choices = [case for person in column.persons for case in person.cases if len(case.options) > 2 and not case.twin]
    drawn = {case.id for case in Random(f"open/{seed}").sample(choices, min(count, len(choices)))}
    asked = (
        replace(person, cases=tuple(_opened(case) for case in person.cases if case.id in drawn))
        for person in column.persons
    )
    return replace(column, persons=tuple(person for person in asked if person.cases))


def _opened(case: Case) -> Case:
    question, _ = parse_choice(case.text)
    return replace(case, text=question, options=(), gold=dict(case.options)[case.gold])


# ── P-SOUPS ──────────────────────────────────────────────────────────────────────────────────────────────────────


def psoups_column(folder: Path, seed: int = 0) -> Column:
    """Return P-SOUPS's choices, persons and past choices in the message; the order of the two replies follows ``seed``.

    Choices on one message make one unit, because they share their replies. Raises ``BadInput`` as ``psoups`` does.
    """
    read = psoups(folder)
    data = f"P-SOUPS/{digest_of([folder] if folder.is_file() else folder.glob('*.json'))}"
    groups: dict[tuple[str, str], list[PSoupsItem]] = {}
    for item in read.items:
        groups.setdefault((item.set, item.pair.message), []).append(item)
    persons = []
    for number, ((name, _), items) in enumerate(groups.items()):
        person = f"{name}/{number}"
        cases = tuple(_fitting(item, person, seed) for item in items)
        persons.append(Person(person, name, cases, Given("P-SOUPS"), data))
    return Column(tuple(persons), read.skipped)


def _fitting(item: PSoupsItem, person: str, seed: int) -> Case:
    name = f"{item.set}#{item.number}"
    options, gold = shuffled((item.pair.chosen, item.pair.rejected), 0, seed, name)
    past = [Chosen(one.message, one.chosen, one.rejected) for one in item.past]
    text = render_fitting(item.profile, past, item.pair.message, (options[0][1], options[1][1]))
    return Case(name, person, item.set, item.set, item.set, STARTED, text, options, gold)


# ── PrefEval ─────────────────────────────────────────────────────────────────────────────────────────────────────


def prefeval_column(folder: Path, seed: int = 0) -> Column:
    """Return PrefEval's preferences, each told in one turn, with the question it bears on and its options, shuffled.

    Raises ``BadInput`` as ``prefeval`` does, or if no preference has options.
    """
    read = prefeval(folder)
    data = f"PrefEval/{digest_of(folder.glob('*/*.json'))}"
    persons = tuple(_telling(item, seed, data) for item in read.items if len(item.options) > 1)
    if not persons:
        raise BadInput(f"{folder} holds no options.", "give the folder with mcq_options beside explicit_preference.")
    return Column(persons, read.skipped)


def _telling(item: Preference, seed: int, data: str) -> Person:
    name = f"{item.topic}/{item.number}"
    options, gold = shuffled(item.options, 0, seed, name)
    text = render_choice(item.question, options)
    case = Case(name, name, "PrefEval", "PrefEval", item.topic, STARTED + AFTER, text, options, gold)
    turn = GivenTurn(STARTED, item.preference, "Thank you for telling me.")
    talk = Talk(Dialogue(name, "Assistant", (turn,)), (("name", "the user"),))
    return Person(name, "PrefEval", (case,), Given("PrefEval", (talk,)), data)


# ── PERSONAMEM ───────────────────────────────────────────────────────────────────────────────────────────────────


def personamem_column(folder: Path, setting: MemSetting = "32k") -> Column:
    """Return PERSONAMEM's questions: one replay for each beginning of a talk that questions are asked after.

    Times are assigned, as the set has none. Intervals draw personas. Raises ``BadInput`` as ``personamem`` does.
    """
    read = personamem(folder, setting)
    data = f"PERSONAMEM/{digest_of(folder.glob(f'*_{setting}.*'))}"
    groups: dict[tuple[str, int], list[MemQuestion]] = {}
    for question in read.questions:
        groups.setdefault((question.context, question.end), []).append(question)
    skipped = list(read.skipped)
    persons = tuple(_listening(read, questions, setting, data, skipped) for questions in groups.values())
    return Column(tuple(person for person in persons if person), tuple(skipped))


def _listening(
    read: PersonaMem, questions: Sequence[MemQuestion], setting: str, data: str, skipped: list[Skipped]
) -> Person | None:
    first = questions[0]
    dialogue = mem_dialogue(read.before(first), first.persona, STARTED)
    if not dialogue.turns:
        why = f"the user says nothing in the first {first.end} messages"
        skipped.extend(Skipped(f"question {one.id}", why) for one in questions)
        return None
    at = dialogue.turns[-1].time + AFTER
    cases = tuple(_remembering(one, setting, at) for one in questions)
    talk = Talk(dialogue, (("name", "the user"),))
    return Person(f"{first.context}-{first.end}", setting, cases, Given("PERSONAMEM", (talk,)), data)


def _remembering(question: MemQuestion, setting: str, at: datetime) -> Case:
    options = tuple(zip(LETTERS, question.options, strict=False))
    text = render_choice(question.text, options)
    return Case(question.id, question.persona, setting, "PERSONAMEM", question.task, at, text, options, question.answer)


def _mem_settings(name: str) -> tuple[MemSetting, ...]:
    if name == "both":
        return ("32k", "128k")
    found = tuple(one for one in get_args(MemSetting) if one == name)
    if not found:
        raise BadInput(f"PERSONAMEM has no setting {name!r}.", "give 32k, 128k, 1M or both.")
    return found


# ── LoCoMo ───────────────────────────────────────────────────────────────────────────────────────────────────────


def locomo_column(path: Path) -> Column:
    """Return LoCoMo's questions, put by the speaker they name first, after the whole talk; answered in free text.

    Raises ``BadInput`` as ``locomo`` does.
    """
    read = locomo(path)
    data = f"LoCoMo/{digest_of([path])}"
    persons = (person for one in read.conversations for person in _speakers(one, data))
    return Column(tuple(persons), read.skipped)


def _speakers(conversation: Conversation, data: str) -> Iterator[Person]:
    at = conversation.utterances[-1].time + AFTER
    for speaker, dialogue in zip(conversation.speakers, locomo_dialogues(conversation), strict=True):
        person = f"{conversation.id}-{speaker}"
        asked = [one for one in conversation.questions if asker(conversation, one.question) == speaker]
        cases = tuple(_recalling(one, person, at) for one in asked)
        if cases:
            source = Given("LoCoMo", (Talk(dialogue, (("name", speaker),)),))
            yield Person(person, "LoCoMo", cases, source, data)


def _recalling(question: LoCoMoQuestion, person: str, at: datetime) -> Case:
    gold = question.answer or UNTOLD
    return Case(question.id, person, "LoCoMo", "LoCoMo", question.category, at, question.question, (), gold)
