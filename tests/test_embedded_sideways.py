"""What is said in passing, in the loose grammar of chat: sentences of our own, and what must be kept of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.embedded import core
from personavlm.embedded.ellipsis import completed
from personavlm.embedded.people import Somebody, named
from tests.test_embedded_semantic import kept

SAID = [
    ("just got in from work, I do nights at the bakery", "works nights bakery"),
    ("been a postie for twelve years now", "postie"),
    ("I drive a bus for the council", "drives bus"),
    ("I teach year 4, so germs are basically my co-workers", "teaches year 4"),
    ("started at the library on Monday", "works library"),
    ("i run a little flower shop with my cousin", "runs flower shop"),
    ("my shift at the hospital starts at six", "works hospital"),
    ("used to be a chef, now I fix bikes", "chef"),
    ("used to be a chef, now I fix bikes", "fixes bikes"),
    ("got the job!! starting at Nomad Books in May", "nomad books"),
    ("quit the call centre last week, best thing ever", "quit call centre"),
    ("freelance illustrator here, so no fixed hours", "illustrator"),
    ("I'm in my second year of midwifery", "midwifery"),
    ("doing a course in welding on tuesday evenings", "welding"),
    ("our flat's on the 5th floor with no lift", "flat 5th floor"),
    ("grew up in Hull, been in Cardiff since uni", "from hull"),
    ("grew up in Hull, been in Cardiff since uni", "lives cardiff"),
    ("we've just moved to Lisbon, boxes everywhere", "lives lisbon"),
    ("here in Bergen it never stops raining", "lives bergen"),
    ("I share a house with three lads", "house three lads"),
    ("I'm down in Brighton these days", "lives brighton"),
    ("I live half an hour outside Leeds, middle of nowhere", "lives leeds"),
    ("my mate Tunde's dragging me to a gig", "mate tunde"),
    ("my sister Ines is a vet in Porto", "sister ines vet porto"),
    ("Had dinner at my gran's, she's 91 and still beats me at cards", "gran 91"),
    ("my boyfriend (Luca) hates cheese", "boyfriend luca"),
    ("our kid starts school in september, he's called Milo", "kid milo"),
    ("my boss Helen wants me in on saturday", "boss helen"),
    ("I've got twin boys, six going on sixteen", "twin boys"),
    ("mum's in hospital again", "mum hospital"),
    ("dad turned 70 at the weekend", "dad turned 70"),
    ("picked it up today, my first ever car, a rusty red Fiesta", "has fiesta"),
    ("the cat (Olive) has claimed my chair", "cat olive"),
    ("our dog's a greyhound called Speedy", "dog speedy"),
    ("still riding grandad's old Raleigh to work", "raleigh"),
    ("treated myself to a cello", "cello"),
    ("sold the van", "sold van"),
    ("my van's in the garage again", "has van"),
    ("we keep bees", "keeps bees"),
    ("saving for a motorbike, about halfway there", "saving motorbike"),
    ("gonna run the Dublin marathon in October if my knee lets me", "dublin marathon"),
    ("learning Welsh on an app, day 200", "learning welsh"),
    ("trying to quit smoking, day 4", "quit smoking"),
    ("I want to open my own café one day", "open café"),
    ("passed my driving test!!!", "passed driving test"),
    ("the plan is to cycle to Rome next summer", "cycle rome"),
    ("applied for the evening course in carpentry", "applied carpentry"),
    ("yeah I signed up for a half marathon, 15 June", "half marathon"),
    ("swim before work most mornings, it keeps me sane", "swims before work most mornings"),
    ("Thursday's my choir night", "choir thursday"),
    ("never miss Sunday lunch at mum's", "sunday lunch mum"),
    ("every friday me and the lads play five-a-side", "friday five-a-side"),
    ("can't start the day without two coffees", "two coffees"),
    ("I do pilates on Mondays and Thursdays", "pilates mondays thursdays"),
    ("off to band practice, same as every Wednesday", "band practice wednesday"),
    ("anything with coriander tastes like soap to me", "dislikes coriander"),
    ("honestly can't be doing with musicals", "dislikes musicals"),
    ("big fan of rainy days tbh", "likes rainy days"),
    ("give me a crime novel and I'm happy", "likes crime novel"),
    ("jazz does my head in", "dislikes jazz"),
    ("I could eat dumplings every day", "likes dumplings"),
    ("gone right off coffee lately", "coffee"),
    ("not big on crowds", "dislikes crowds"),
    ("I'm more of a tea person", "likes tea"),
    ("veggie for six years now", "vegetarian"),
    ("peanuts are a no-go, I swell up like a balloon", "peanuts"),
    ("My brother can't stand mushrooms", "brother mushrooms"),
    ("my flatmate is a nurse", "flatmate nurse"),
    ("not at the bakery any more, I'm at the mill now", "works mill"),
    ("moved out of my parents', I'm in a studio in Malmö now", "lives malmö"),
    ("it's Jo by the way", "name jo"),
    ("Bex here, sorry for the late reply", "name bex"),
    ("I'm 34 now, which feels illegal", "34"),
    ("me and Luca broke up", "luca broke up"),
    ("my knees are shot so no running", "knees"),
    ("I've been vegan since 2019", "vegan"),
    ("we're expecting in March", "expecting march"),
    ("on the tram home, I clean offices in the evenings", "cleans offices evenings"),
    ("got myself a sourdough starter, called it Clint", "sourdough starter"),
    ("my little one, Ada, has started walking", "ada"),
    ("Tom, my brother, just got engaged", "brother tom"),
    ("I sing in a choir", "sings choir"),
    ("I play bass in a covers band", "plays bass"),
    ("I collect old postcards", "collects old postcards"),
    ("Priya from work is teaching me to knit", "colleague priya"),
    ("turning 40 next month", "turns 40 june 2025"),
]
"""A message, and words that one record of it must hold, all of them."""


def test_the_list_is_long_enough() -> None:
    assert len({said for said, _ in SAID}) >= 60


@pytest.mark.parametrize(("said", "words"), SAID, ids=[f"{said[:40]}-{words}" for said, words in SAID])
def test_what_is_said_in_passing_is_kept(said: str, words: str) -> None:
    contents = [f"{one.content} {one.value}".lower() for one in kept(said)]
    assert any(all(word in content for word in words.split()) for content in contents), contents


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("my brother can't stand mushrooms", ("dislikes", "avoids")),
        ("my flatmate is a nurse", ("works as",)),
        ("mum lives in Hull", ("lives in hull",)),
        ("Ines is vegan", ("is vegan",)),
        ("my mate Tunde drives a bus for the council", ("drives a bus",)),
        ("our neighbour's learning Welsh", ("is learning",)),
    ],
)
def test_what_others_are_and_do_is_never_the_users(said: str, words: tuple[str, ...]) -> None:
    contents = [one.content.lower() for one in kept(said)]
    assert not any(content.startswith(opening) for content in contents for opening in words), contents


@pytest.mark.parametrize(
    "said",
    [
        "should I take up knitting?",
        "if I won the lottery I'd keep bees",
        "just got in, give me a minute",
        "I'm on the bus",
        "haha I know right",
        "learning a language is hard",
        "made in China, obviously",
        "back later, the kettle's on",
        "off the record, I hate my job",
        "I keep a tiger in the bath. haha ok just kidding",
        "please don't write this down: I quit the choir",
    ],
)
def test_what_is_of_the_moment_or_not_to_be_kept_is_not(said: str) -> None:
    assert kept(said) == ()


def test_a_pronoun_stands_for_whom_the_message_named_before() -> None:
    contents = [one.content for one in kept("my sister Ines moved to Porto. she's a vet and she hates the heat")]
    assert "sister Ines is a vet" in contents
    assert "sister Ines hates the heat" in contents


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Biscuit, my dog, is asleep", [Somebody("dog", "Biscuit")]),
        ("went to Hull with my mate Tunde", [Somebody("mate", "Tunde")]),
        ("we walked on the cliffs near Clevedon", []),
        ("Isn't it lovely", []),
    ],
)
def test_people_are_told_from_places_and_openings(text: str, found: list[Somebody]) -> None:
    assert named(text) == found


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("sold the van", "I sold the van"),
        ("grew up in Hull, been in Cardiff since uni", "I grew up in Hull, I've been in Cardiff since uni"),
        ("swim before work most mornings", "I swim before work most mornings"),
        ("dad turned 70", "my dad turned 70"),
        ("not big on crowds", "I'm not big on crowds"),
        ("swim to the left please", "swim to the left please"),
        ("learning Welsh is hard", "learning Welsh is hard"),
    ],
)
def test_the_subject_left_out_is_put_back(text: str, whole: str) -> None:
    assert completed(text) == whole


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=120))
def test_putting_the_subject_back_is_done_once(text: str) -> None:
    assert completed(completed(text)) == completed(text)


def test_core_memory_knows_who_the_user_is_from_asides() -> None:
    found = {
        one.key: one.value
        for one in core.in_passing("just in from work, I do nights at the bakery. been in Cardiff since uni")
    }
    assert found["home"] == "Cardiff"
    assert "bakery" in found["job"]


def test_the_memory_of_a_sale_ends_what_was_had() -> None:
    (record,) = kept("sold the van", known=["has a van"])
    assert record.replaces == "m0"
