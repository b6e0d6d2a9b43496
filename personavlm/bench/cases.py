"""Cases of a Persona-MME: the published one, or the PersonaWorld-MME that ``synth bench`` writes.

    DIR/Persona-MME.json ──personas_of──> Person("50/0", "32k", (Case("50/0#12", …), "50/0#12+", "50/0#12-"), source)

A question with replies to judge gives two more cases: the chosen one suits the person, the rejected one does not.
``PERMUTED`` questions, always the same ones, are asked again with their options in another order ("50/0#12~"): whether
a system answers by place is seen from them, and they count in no average.
Source: evaluation of PersonaVLM (section 5, appendix D) for the layout; the sentences are ours.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from hashlib import sha256
from pathlib import Path
from typing import get_args

from personavlm.bench.values import ALIGNMENT, Case, Person, Talk
from personavlm.datasets.files import Skipped
from personavlm.datasets.personamme import LETTERS, NAME, MmePerson, MmeSetting, personamme
from personavlm.errors import BadInput
from personavlm.exchange import BenchmarkData, flat_profile, read_user_data, to_dialogue, user_name
from personavlm.prompts.choice import JUDGED, render_choice, render_manner
from personavlm.worlds.kept import read_world
from personavlm.worlds.values import World

PERMUTED = 300
"""Questions of a data set that are asked again with their options in another order."""


@dataclass(frozen=True, slots=True)
class Column:
    """A data set as the bench asks it: persons with their cases, and what was left out of it and why."""

    persons: tuple[Person, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class MmeFolder:
    """One person's folder: ``user_data.json`` with pictures, and ``world.json`` where the truth is known."""

    folder: Path

    def talk(self, user: str) -> Talk:
        """Return the talk; times are read as UTC. Raises ``BadInput`` for a damaged folder."""
        data = read_user_data(self.folder).data
        profile = dict(flat_profile(data.profile)) if isinstance(data, BenchmarkData) else {}
        profile.setdefault("name", user_name(data) or "the user")
        return Talk(to_dialogue(data, self.folder, UTC, user).dialogues[0], tuple(profile.items()))

    def world(self) -> World:
        """Return the truth. Raises ``BadInput`` if the folder has none."""
        return read_world(self.folder)


def persona_mme(folder: Path, settings: Sequence[MmeSetting] = ("32k", "128k"), limit: int | None = None) -> Column:
    """Return the persons of a Persona-MME folder, at most ``limit`` of each setting.

    Raises ``BadInput`` for a folder without questions.
    """
    read = personamme(folder)
    data = f"{NAME}/{sha256((folder / NAME).read_bytes()).hexdigest()[:12]}"
    again = fixed(f"{p.id}#{q.number}" for p in read.persons for q in p.questions)
    chosen = [person for s in settings for person in [p for p in read.persons if p.setting == s][:limit]]
    persons = (Person(p.id, p.setting, tuple(cases(p, again)), MmeFolder(p.folder), data) for p in chosen)
    return Column(tuple(persons), read.skipped)


def fixed(ids: Iterable[str], count: int = PERMUTED) -> frozenset[str]:
    """Return ``count`` of the ids, drawn by their digests: the same ones wherever the same data set is read."""
    return frozenset(sorted(ids, key=lambda one: sha256(one.encode()).digest())[:count])


def cases(person: MmePerson, again: Container[str] = ()) -> Iterator[Case]:
    """Yield a person's questions as cases, those in ``again`` with a twin; times are read as UTC."""
    for q in person.questions:
        options = tuple(zip(LETTERS, q.options, strict=True))
        choice = Case(
            f"{person.id}#{q.number}",
            person.id,
            person.setting,
            q.aspect,
            q.task,
            q.at.replace(second=59, tzinfo=UTC),  # the file's minutes: the whole of it has passed
            render_choice(q.text, options),
            options,
            q.answer,
        )
        yield choice
        if choice.id in again:
            yield twin_of(choice, q.text)
        if q.chosen and q.rejected:
            for sign, reply, gold in (("+", q.chosen, "a"), ("-", q.rejected, "b")):
                yield replace(
                    choice,
                    id=choice.id + sign,
                    aspect=ALIGNMENT,
                    task=ALIGNMENT,
                    text=render_manner(q.text, reply),
                    options=JUDGED,
                    gold=gold,
                )


def permutation(id: str) -> tuple[int, ...]:
    """Return in which order a case's four options are shown to its twin: an order that moves every option."""
    shift = 1 + sha256(f"{id}~".encode()).digest()[0] % (len(LETTERS) - 1)
    return tuple((place + shift) % len(LETTERS) for place in range(len(LETTERS)))


def twin_of(case: Case, question: str) -> Case:
    """Return a case with its options in another order."""
    texts = [case.options[place][1] for place in permutation(case.id)]
    options = tuple(zip(LETTERS, texts, strict=True))
    gold = LETTERS[permutation(case.id).index(LETTERS.index(case.gold))]
    return replace(
        case, id=f"{case.id}~", text=render_choice(question, options), options=options, gold=gold, twin=case.id
    )


def original(twin: str, letter: str) -> str:
    """Return the letter that a twin's option has in the case itself; empty for an empty letter."""
    return LETTERS[permutation(twin)[LETTERS.index(letter)]] if letter else ""


def read_settings(name: str) -> tuple[MmeSetting, ...]:
    """Return the settings a name stands for: "32k", "128k" or "both". Raises ``BadInput`` for another."""
    found = tuple(one for one in get_args(MmeSetting) if name in (one, "both"))
    if not found:
        raise BadInput(f"There is no setting {name!r}.", "give 32k, 128k or both.")
    return found
