"""Blind baselines: chance is chance, a leak shows, the person is the unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from personavlm.bench.blind import baselines, kept, read_baselines
from personavlm.bench.values import Case
from personavlm.prompts.choice import render_choice
from tests.bench_data import START
from tests.fakes import HashingEncoder


def cases(leak: bool) -> list[Case]:
    rng = Random(1)
    found = []
    for number in range(60):
        gold = rng.randrange(4)
        texts = [f"word{rng.randrange(1000)}" + " more" * (leak and place == gold) for place in range(4)]
        options = tuple(zip("abcd", texts, strict=True))
        text = render_choice("Which?", options)
        person = f"50/{number // 6}"
        found.append(Case(f"{person}#{number}", person, "32k", "A", "T", START, text, options, "abcd"[gold]))
    return found


def test_a_longer_right_answer_shows_and_guessing_earns_a_quarter() -> None:
    leaky, fair = baselines(cases(True), HashingEncoder()), baselines(cases(False), HashingEncoder())
    assert leaky["longest"].value == 100.0
    assert fair["random"].value == 25.0
    assert fair["longest"].low <= 25.0 <= fair["longest"].high
    assert fair["always (a)"].n == 60


def test_twins_and_free_text_are_left_out_and_other_numbers_of_options_are_not() -> None:
    one, two = cases(False)[:2]
    twin, free = replace(two, twin=one.id), replace(two, options=())
    pair = replace(two, options=two.options[:2], gold="a", text=render_choice("?", two.options[:2]))
    assert baselines([one, twin, free, pair], HashingEncoder())["random"].value == 37.5


def test_they_are_kept_beside_the_run(tmp_path: Path) -> None:
    assert read_baselines(tmp_path / "b.json") == {}
    made = kept(tmp_path / "b.json", cases(False), HashingEncoder())
    assert read_baselines(tmp_path / "b.json") == made == baselines(cases(False), HashingEncoder())
