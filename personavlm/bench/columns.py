"""Columns of other data sets: P-SOUPS, PrefEval, PERSONAMEM and LoCoMo as persons with cases.

    psoups_column(DIR, seed)       which of two replies fits, the person given in the message    unit: the message
    prefeval_column(DIR, seed)     one preference is told, then four answers to choose from      unit: the preference
    personamem_column(DIR, "32k")  questions about the first so many messages of a talk          unit: talk and length
    locomo_column(FILE)            questions after a long talk, answered in free text            unit: talk and speaker

The unit is what a talk is lived through for, and what intervals draw anew. Options are put in another order by the seed
where the file always has the right one in the same place. None of these sets may be copied: cases hold their texts, so
they stay in memory and in the user's own runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

from personavlm.bench.cases import Column
from personavlm.bench.values import Case, Options, Person, Talk
from personavlm.datasets.psoups import PSoupsItem, RepliesPair, psoups
from personavlm.errors import BadInput
from personavlm.prompts.fitting import Chosen, render_fitting
from personavlm.worlds.values import World

STARTED = datetime(2025, 1, 1, 12, tzinfo=UTC)
"""Stands for the time in sets that have none."""


@dataclass(frozen=True, slots=True)
class Given:
    """A source whose talk is at hand, or that has none; nobody knows the truth behind it."""

    name: str
    talks: tuple[Talk, ...] = ()

    def talk(self, user: str) -> Talk:  # noqa: ARG002  the talk names its user
        """Return the talk. Raises ``BadInput`` where there is none."""
        if not self.talks:
            raise BadInput(f"{self.name} has no talk to live through.", "ask with --mode none or --mode blind.")
        return self.talks[0]

    def world(self) -> World:
        """Raise ``BadInput``: the truth is known of made persons only."""
        raise BadInput(f"{self.name} has no hidden truth.", "give a PersonaWorld-MME for --mode oracle.")


def shuffled(options: Sequence[str], right: int, seed: int, name: str) -> tuple[Options, str]:
    """Return options in an order drawn for this case, lettered from "a", and the letter of the right one."""
    order = list(range(len(options)))
    Random(f"{seed}/{name}").shuffle(order)
    letters = "abcdefghijklmnopqrstuvwxyz"[: len(options)]
    return tuple((letter, options[place]) for letter, place in zip(letters, order, strict=True)), letters[
        order.index(right)
    ]


def digest_of(paths: Iterable[Path]) -> str:
    """Return a short digest of files' contents, to name the data exactly."""
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in paths)).hexdigest()[:12]


# ── P-SOUPS ──────────────────────────────────────────────────────────────────────────────────────────────────────


def psoups_column(folder: Path, seed: int = 0) -> Column:
    """Return P-SOUPS's choices, persons and past choices in the message; the order of the two replies follows ``seed``.

    Choices on one message make one unit, because they share their replies. Raises ``BadInput`` as ``psoups`` does.
    """
    read = psoups(folder)
    data = f"P-SOUPS/{digest_of([folder] if folder.is_file() else sorted(folder.glob('*.json')))}"
    groups: dict[tuple[str, str], list[PSoupsItem]] = {}
    for item in read.items:
        groups.setdefault((item.set, item.pair.message), []).append(item)
    persons = []
    for number, ((name, _), items) in enumerate(groups.items()):
        person = f"{name}/{number}"
        cases = tuple(_choice(item, person, seed) for item in items)
        persons.append(Person(person, name, cases, Given("P-SOUPS"), data))
    return Column(tuple(persons), read.skipped)


def _choice(item: PSoupsItem, person: str, seed: int) -> Case:
    name = f"{item.set}#{item.number}"
    options, gold = shuffled((item.pair.chosen, item.pair.rejected), 0, seed, name)
    past = [_chosen(pair) for pair in item.past]
    text = render_fitting(item.profile, past, item.pair.message, (options[0][1], options[1][1]))
    return Case(name, person, item.set, item.set, item.set, STARTED, text, options, gold)


def _chosen(pair: RepliesPair) -> Chosen:
    return Chosen(pair.message, pair.chosen, pair.rejected)
