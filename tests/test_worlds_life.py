"""Lives: coherent, even wherever an answer may come from, and disjoint between the halves."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.personality import TRAITS
from personavlm.trace import canonical, revive
from personavlm.worlds.banks import bank, share
from personavlm.worlds.life import live
from personavlm.worlds.life_kin import MOVES, TOWARDS_ASSISTANT
from personavlm.worlds.life_pen import filled
from personavlm.worlds.life_self import DAYS, LEVELS
from personavlm.worlds.life_time import TURNS, frame
from personavlm.worlds.truth import facts
from personavlm.worlds.values import GOAL_STATUSES, USER, Half, Person, Setting, Thread

SETTINGS: tuple[Setting, ...] = ("train", "50", "100", "200", "500")


def half_of(setting: Setting) -> Half:
    return "train" if setting == "train" else "test"


@pytest.fixture(scope="module")
def people() -> tuple[Person, ...]:
    return tuple(live(7, half_of(setting), setting, number) for setting in ("train", "100") for number in range(120))


lives = st.builds(
    lambda seed, setting: live(seed, half_of(setting), setting), st.integers(0, 9_999), st.sampled_from(SETTINGS)
)


# ── laws of every life ───────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25)
@given(lives)
def test_facts_of_a_thread_follow_each_other(person: Person) -> None:
    ids = [fact.id for fact in facts(person)]
    assert len(ids) == len(set(ids))
    for thread in person.threads:
        for earlier, later in pairwise(thread.facts):
            assert later.replaces == earlier.id
            assert earlier.until == later.since > earlier.since
            assert later.reason, "a change has a reason"
        assert all(fact.until is None or fact.since < fact.until for fact in thread.facts)


@settings(max_examples=25)
@given(lives)
def test_a_life_is_rich_enough(person: Person) -> None:
    favourites = {f.attribute for t in person.threads if t.matter == "taste" for f in t.facts if f.about == USER}
    matters = Counter(thread.matter for thread in person.threads)
    changing = [thread for thread in person.threads if len(thread.facts) > 1]
    assert len(favourites) >= 15
    assert 5 <= len(person.kin) <= 9
    assert any(kin.animal for kin in person.kin)
    assert matters["routine"] >= 4
    assert matters["goal"] >= 4
    assert matters["leaning"] >= 2
    assert len(changing) >= 4
    assert len({kin.name for kin in person.kin} | {person.name.split()[0]}) == len(person.kin) + 1


@settings(max_examples=25)
@given(lives)
def test_texts_are_finished(person: Person) -> None:
    for fact in facts(person):
        for text in (fact.text, fact.value, fact.reason):
            assert "{" not in text
            assert "  " not in text
            assert text == text.strip()
        assert fact.text[-1] not in ".,;"
        assert fact.value


@settings(max_examples=15)
@given(lives)
def test_a_person_is_read_back_from_json(person: Person) -> None:
    assert canonical(revive(Person, canonical(person))) == canonical(person)


@settings(max_examples=40)
@given(st.integers(0, 9_999), st.sampled_from(SETTINGS))
def test_time_keeps_to_its_setting(seed: int, setting: Setting) -> None:
    time = frame(seed, half_of(setting), setting, 0)
    moments = [moment for session in time.sessions for moment in session]
    assert TURNS[setting][0] <= time.turns <= TURNS[setting][1]
    assert moments == sorted(set(moments))
    assert (time.end - time.start).days <= (31 if setting == "train" else 93)
    for session in time.sessions:
        assert all((b - a).total_seconds() <= 9 * 60 for a, b in pairwise(session))
    for before, after in pairwise(time.sessions):
        assert (after[0] - before[-1]).total_seconds() > 3_600


def test_dialogues_are_as_long_as_asked() -> None:
    def average(setting: Setting) -> float:
        return mean(frame(1, half_of(setting), setting, number).turns for number in range(150))

    assert average("train") == pytest.approx(60, abs=6)
    assert average("50") == pytest.approx(35, abs=3)
    assert average("100") == pytest.approx(75, abs=5)
    assert average("200") == pytest.approx(150, abs=8)
    assert average("500") == pytest.approx(311, abs=20)


def test_a_purpose_has_a_stream_of_its_own() -> None:
    time = frame(1, "test", "50", 0)
    assert time.rng("kin").random() == time.rng("kin").random() != time.rng("goals").random()
    assert frame(1, "test", "50", 0) == time != frame(1, "test", "50", 1)


# ── nothing to guess ─────────────────────────────────────────────────────────────────────────────────────────────


def even(values: Counter[str], names: tuple[str, ...], slack: float) -> None:
    total = sum(values.values())
    for name in names:
        assert values[name] / total == pytest.approx(1 / len(names), abs=slack), (name, values)


def last_of(people: tuple[Person, ...], matter: str) -> list[Thread]:
    return [thread for person in people for thread in person.threads if thread.matter == matter]


def test_whatever_can_be_an_answer_is_drawn_evenly(people: tuple[Person, ...]) -> None:
    even(Counter(t.facts[-1].value for t in last_of(people, "goal")), GOAL_STATUSES, 0.05)
    moves = Counter(t.facts[-1].value for t in last_of(people, "dynamic") if t.facts[-1].attribute != "closeness")
    even(Counter({name: moves[name] for name in MOVES}), tuple(MOVES), 0.06)
    even(Counter({name: moves[name] for name in TOWARDS_ASSISTANT}), tuple(TOWARDS_ASSISTANT), 0.09)
    even(Counter(t.facts[0].value.split()[0] for t in last_of(people, "routine")), DAYS, 0.04)
    even(Counter(t.facts[0].value for t in last_of(people, "expertise")), LEVELS, 0.09)
    even(Counter(str(t.facts[0].polarity) for t in last_of(people, "leaning")), ("1", "-1"), 0.07)
    even(
        Counter(str(kin.closeness) for person in people for kin in person.kin if not kin.animal), ("1", "2", "3"), 0.06
    )


def test_stale_and_current_tastes_come_from_the_same_items(people: tuple[Person, ...]) -> None:
    changed = [t for t in last_of(people, "taste") if len(t.facts) > 1 and t.facts[0].about == USER]
    old, new = ([len(t.facts[at].value) for t in changed] for at in (0, -1))
    assert mean(old) == pytest.approx(mean(new), abs=1.0)
    assert sum(t.facts[-1].polarity > 0 > t.facts[0].polarity for t in changed) > len(changed) * 0.03
    assert sum(t.facts[-1].polarity < 0 < t.facts[0].polarity for t in changed) > len(changed) * 0.1


def test_traits_are_spread_and_a_third_drift(people: tuple[Person, ...]) -> None:
    for trait in TRAITS:
        scores = [person.traits[trait] for person in people]
        assert mean(scores) == pytest.approx(3.0, abs=0.2)
        assert stdev(scores) == pytest.approx(0.95, abs=0.15)
    drifting = [person for person in people if person.drift]
    assert len(drifting) / len(people) == pytest.approx(1 / 3, abs=0.1)
    for person in drifting:
        assert person.drift is not None
        assert person.drift.cause in {fact.value for fact in facts(person)}


def test_no_own_value_is_shared_with_somebody_near(people: tuple[Person, ...]) -> None:
    for person in people:
        others = Counter(
            f.value for f in facts(person) if f.matter == "other" and f.attribute not in ("age", "birthday")
        )
        assert max(others.values()) <= 2


# ── banks and halves ─────────────────────────────────────────────────────────────────────────────────────────────


def test_halves_share_no_name_and_no_taste(people: tuple[Person, ...]) -> None:
    named: dict[str, set[str]] = {"train": set(), "test": set()}
    tasted: dict[str, set[tuple[str, str]]] = {"train": set(), "test": set()}
    for person in people:
        named[person.half] |= {person.name, person.name.split()[0], *(kin.name for kin in person.kin)}
        tasted[person.half] |= {
            (f.attribute, f.value) for f in facts(person) if f.matter == "taste" and f.about == USER
        }
    assert not named["train"] & named["test"]
    assert not tasted["train"] & tasted["test"]
    looks = {half: {str(t.look)[:-12] for p in people if p.half == half for t in p.things} for half in named}
    assert looks["train"] != looks["test"]


@pytest.mark.parametrize("half", ["train", "test"])
def test_every_domain_has_enough_items_of_one_length(half: Half) -> None:
    for domain in bank("domains"):
        items = share(domain["items"], half)
        assert len(items) >= 14, domain["domain"]
        assert max(map(len, items)) <= 26, domain["domain"]


def test_every_aim_can_be_one_of_four() -> None:
    for kind in bank("aims")["kinds"]:
        for half in ("train", "test"):
            occasions = share(kind["occasions"], half)
            assert len({occasion["aim"] for occasion in occasions}) >= 4


def test_every_leaning_can_be_shown_and_asked_about() -> None:
    for axis in bank("leanings")["axes"]:
        for half in ("train", "test"):
            assert len(share(axis["choices"], half)) >= 5, axis["axis"]


@pytest.mark.parametrize(("pronoun", "text"), [("she", "her eyes"), ("he", "his eyes"), ("they", "their eyes")])
def test_a_bank_text_takes_the_pronoun(pronoun: str, text: str) -> None:
    assert filled("{their} eyes", pronoun) == text
