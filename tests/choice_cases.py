"""Questions with four options beside what is known, written by hand for tests: one of each kind that people ask.

What is known is written as an assistant would keep it; a line that begins with "~" no longer holds.
"""

from __future__ import annotations

from typing import NamedTuple


class Asked(NamedTuple):
    """What is known, what is asked, the options, and the letter of the right one."""

    known: tuple[str, ...]
    question: str
    options: tuple[str, str, str, str]
    answer: str


LIFE = (
    "works as a beekeeper",
    "lives in Tarnby",
    "lives with two housemates in a flat above a bakery",
    "~favourite soup is leek and potato",
    "favourite soup is borscht, because a neighbour left a pot of it at the door",
    "cannot stand liquorice",
    "~likes jazz",
    "dislikes jazz, because the bar downstairs played it every night",
    "favourite board game is Hive",
    "has a sister called Ottilie",
    "has a colleague called Bram",
    "sister Ottilie works as a plasterer",
    "colleague Bram loves pea soup",
    "is very close to Ottilie",
    "keeps a distance from Bram",
    "has fallen out with Bram, because he borrowed the van without asking",
    "~talks with the assistant more formally than before",
    "talks with the assistant more casually than before",
    "~climbing is on Tuesdays at 19:30 at the old mill",
    "climbing is on Thursdays at 18:00 at the old mill, because the hall has a new owner",
    "bell ringing is on Sundays at 09:00 at Saint Olave's",
    "~plans to walk the canal end to end, because a leaflet made it look easy",
    "has given up walking the canal end to end, because the towpath is closed",
    "has started learning Danish, because the new neighbours speak nothing else",
    "managed to build a cold frame",
    "plans to restore the rowing boat",
    "has a kettle known as the harbour kettle",
    "has a kettle known as the attic kettle",
    "the harbour kettle was a present from Ottilie",
    "the attic kettle came from a flea market",
    "the harbour kettle is green",
    "the lid of the harbour kettle is white",
    "the attic kettle is black",
    "prefers quiet places to lively places",
    "prefers handmade things to bought things",
    "is an expert in beekeeping",
    "knows next to nothing about photography",
    "passed the boat licence on 3 April 2025",
    "will move to a bigger flat on 20 June 2025",
    "wants to get the deposit back from Bram",
    "wants the assistant to keep answers short",
)

ASKED = (
    Asked(
        LIFE,
        "What do I do for a living?",
        ("I am a plasterer", "I am a beekeeper", "I am a welder", "I am a baker"),
        "b",
    ),
    Asked(LIFE, "Which soup would I order these days?", ("leek and potato", "pea soup", "borscht", "tomato"), "c"),
    Asked(
        LIFE,
        "Which soup did I like best before I changed my mind?",
        ("borscht", "leek and potato", "pea soup", "minestrone"),
        "b",
    ),
    Asked(
        LIFE,
        "What made me go off jazz?",
        (
            "a neighbour left it at the door",
            "the bar downstairs played it every night",
            "the tickets got too dear",
            "a friend made fun of it",
        ),
        "b",
    ),
    Asked(
        LIFE,
        "How has what I think of jazz changed?",
        (
            "I went from liking it to disliking it",
            "I went from disliking it to liking it",
            "I have always liked it",
            "I have always disliked it",
        ),
        "a",
    ),
    Asked(LIFE, "Who is Ottilie to me?", ("my colleague", "my aunt", "my sister", "my neighbour"), "c"),
    Asked(LIFE, "What is Ottilie's job?", ("beekeeper", "plasterer", "baker", "lock keeper"), "b"),
    Asked(
        LIFE, "Who matters more to me, Bram or Ottilie?", ("Bram", "Ottilie", "both the same", "neither of them"), "b"
    ),
    Asked(
        LIFE,
        "How do things stand between Bram and me?",
        ("we have made up", "we have grown closer", "we have fallen out", "nothing has changed"),
        "c",
    ),
    Asked(
        LIFE,
        "Why am I not speaking to Bram?",
        ("he moved away", "he borrowed the van without asking", "he forgot my birthday", "the towpath is closed"),
        "b",
    ),
    Asked(
        LIFE,
        "It is Thursday, and I have the evening to myself. Where am I likely to be at six?",
        ("at Saint Olave's, ringing bells", "at the old mill, climbing", "at the pool", "at home with the housemates"),
        "b",
    ),
    Asked(LIFE, "On which day do I climb now?", ("Tuesday", "Sunday", "Thursday", "Friday"), "c"),
    Asked(
        LIFE,
        "How far have I got with walking the canal?",
        ("it is still a plan", "it is under way", "it is done", "I have dropped it"),
        "d",
    ),
    Asked(
        LIFE,
        "How far have I got with my Danish?",
        ("I have not begun", "I am in the middle of it", "I have finished", "I have given it up"),
        "b",
    ),
    Asked(
        LIFE,
        "Where do things stand with the cold frame I wanted to build?",
        ("still only an idea", "begun", "finished", "abandoned"),
        "c",
    ),
    Asked(
        LIFE,
        "How is my plan to keep goats coming along?",
        ("it is under way", "it is done", "it was dropped", "I never mentioned one"),
        "d",
    ),
    Asked(
        LIFE,
        "Why am I learning Danish?",
        (
            "for a job abroad",
            "the new neighbours speak nothing else",
            "a leaflet made it look easy",
            "because of a bet",
        ),
        "b",
    ),
    Asked(LIFE, "What colour is the lid of the kettle that Ottilie gave me?", ("green", "black", "white", "red"), "c"),
    Asked(LIFE, "What colour is the kettle from the flea market?", ("green", "black", "white", "blue"), "b"),
    Asked(LIFE, "When will I move?", ("on 3 April", "on 20 June", "on 6 May", "on 20 July"), "b"),
    Asked(
        LIFE,
        "When I asked you how to get scratches out of a floor, what was I really after?",
        ("pleasing my sister", "getting the deposit back from Bram", "selling the flat", "a clean room for a party"),
        "b",
    ),
    Asked(
        LIFE,
        "I want to sit down with a book. Which spot would suit me?",
        ("the bench at the bus station", "a silent reading room", "the terrace of the beer garden", "the food court"),
        "b",
    ),
    Asked(
        LIFE,
        "Which gift would I rather wrap for a friend?",
        ("a voucher from a chain store", "a scarf I knitted", "a boxed set of glasses", "the bestseller of the month"),
        "b",
    ),
    Asked(
        LIFE,
        "Which explanation of depth of field is right for me?",
        (
            "Stopping down shrinks the circle of confusion, so the hyperfocal distance comes nearer.",
            "A small hole in the lens keeps both near and far things sharp.",
            "The aperture governs diffraction as well as the bokeh of the optics.",
            "Sensor size, focal length and f-number jointly determine it.",
        ),
        "b",
    ),
    Asked(
        LIFE,
        "How do I talk with you by now?",
        ("more formally than at first", "more casually than at first", "just as at first", "hardly at all"),
        "b",
    ),
)
