"""Cases: what a Persona-MME asks, and the same questions with their options in another order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.bench.cases import fixed, original, permutation, persona_mme, read_settings
from personavlm.bench.values import ALIGNMENT
from personavlm.datasets.personamme import LETTERS
from personavlm.errors import BadInput
from personavlm.prompts.choice import one_line, parse_choice, parse_manner, render_choice, render_manner
from tests.bench_data import QUERY, benchmark


def test_a_question_gives_a_case_its_twin_and_two_tests_of_manner(tmp_path: Path) -> None:
    (person,) = persona_mme(benchmark(tmp_path)).persons
    choice, twin, chosen, rejected = person.cases
    assert (choice.gold, chosen.gold, rejected.gold) == ("b", "a", "b")
    assert choice.text.splitlines()[:4] == [QUERY, "Options:", "(a). Sprite", "(b). ginger beer"]
    judged = parse_manner(chosen.text)
    assert judged is not None
    assert (judged.message, judged.reply) == (QUERY, "Ha, ginger beer, cheers!!")
    assert (chosen.task, [letter for letter, _ in chosen.options]) == (ALIGNMENT, ["a", "b"])
    assert (twin.twin, dict(twin.options)[twin.gold]) == (choice.id, "ginger beer")
    assert twin.text != choice.text


def test_settings_and_limit_choose_persons(tmp_path: Path) -> None:
    folder = benchmark(tmp_path, ("50/0", "50/1", "100/0", "500/3"))
    assert [p.id for p in persona_mme(folder).persons] == ["50/0", "50/1", "100/0", "500/3"]
    assert [p.id for p in persona_mme(folder, limit=1).persons] == ["50/0", "500/3"]
    assert [p.id for p in persona_mme(folder, ("128k",)).persons] == ["500/3"]
    whole = {p.id: p for p in persona_mme(folder).persons}
    assert all(whole[p.id] == p for p in persona_mme(folder, limit=1).persons), "a limit changes no case"
    with pytest.raises(BadInput, match="no setting"):
        read_settings("64k")


def test_the_source_gives_talk_and_truth(tmp_path: Path) -> None:
    (person,) = persona_mme(benchmark(tmp_path)).persons
    talk = person.source.talk("50-0")
    assert (talk.dialogue.user, len(talk.dialogue.turns), dict(talk.human)["name"]) == ("50-0", 2, "Ida")
    assert person.source.world().person.name == "Ida"


@given(st.text(max_size=20))
def test_a_permutation_moves_every_option_and_can_be_undone(id: str) -> None:
    order = permutation(id)
    assert sorted(order) == [0, 1, 2, 3]
    assert all(place != came_from for place, came_from in enumerate(order))
    assert [original(id, letter) for letter in LETTERS] == [LETTERS[place] for place in order]
    assert original(id, "") == ""


@given(st.sets(st.text(max_size=8), max_size=30), st.integers(0, 10))
def test_the_fixed_questions_do_not_depend_on_their_order(ids: set[str], count: int) -> None:
    assert fixed(sorted(ids), count) == fixed(sorted(ids, reverse=True), count)
    assert len(fixed(ids, count)) == min(count, len(ids))


LINES = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=30)


@given(LINES, st.lists(LINES.filter(lambda text: bool(one_line(text))), min_size=2, max_size=5))
def test_a_choice_can_be_read_back(question: str, texts: list[str]) -> None:
    options = tuple(zip("abcdefg", texts, strict=False))
    read, found = parse_choice(render_choice(question, options))
    assert read == question.strip()
    assert found == tuple((letter, one_line(text)) for letter, text in options)


@given(st.text(st.characters(blacklist_categories=("Cs",))), st.text(max_size=60))
def test_a_test_of_manner_can_be_read_back(message: str, reply: str) -> None:
    read = parse_manner(render_manner(message, reply))
    if "A reply to this message" not in message:
        assert read is not None
        assert (read.message, read.reply) == (message.strip(), one_line(reply))
