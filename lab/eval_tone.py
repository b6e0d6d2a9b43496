"""Does the reply's tone show the profile, and do its facts stay? Prints accuracies per trait and writes a CSV.

    python lab/eval_tone.py                      # about two minutes on one core
    python lab/eval_tone.py --out lab/results/tone.csv

112 questions (28 invented facts, four questions each: asked for, yes or no, never told, told just now) are answered by
the embedded model through the whole prompt, for a profile that is high and one that is low on one trait (others
neutral), and for mixed profiles that are extreme on all five. A reader of the replies alone then says high or low:

    meaning    MiniLM: which clause of the reply leans most to the adjectives for high or for low (the paper's, table
               10), and where; nothing is trained, and clauses of neutral replies give the zero
    unseen     nearest mean of MiniLM vectors, learnt from other wordings of the bank than the one it reads
    words      nearest mean of word counts, learnt from one half of the questions: shares the wordings, an upper bound
    read       the embedded model's own trait reader, on the reply

The bank and the first three readers were made in one place, so "tells apart" is a statement about the replies being
distinct in meaning, not about how people would take them. Facts: a reply must begin with the neutral profile's reply,
character by character, and add no digit and no name to it.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from personavlm.embedded import personality, respond
from personavlm.encoders import TextEncoder, Vectors
from personavlm.encoders.text import load_text_encoder
from personavlm.models import ImagePart
from personavlm.personality import HIGH_WORDS, LOW_WORDS, NEUTRAL, TRAITS, Profile, Trait
from personavlm.prompts import DEFAULT_BUDGET, default_prompts
from personavlm.prompts.respond import Context, render_answer
from personavlm.trace import Hit, Quote, Scores, Turn

HIGH, LOW = 4.8, 1.2
ASKED = datetime(2025, 6, 9, 18, 0, tzinfo=UTC)
FIRST = datetime(2025, 3, 3, 10, 0, tzinfo=UTC)

# What the user said, the memory of it, and four questions.
FACTS = (
    ("I play the cello on Sundays", "plays the cello", "Which instrument do I play?", "Do I play the cello?"),
    ("My dog is called Biscuit", "dog is called Biscuit", "What is my dog called?", "Is my dog called Biscuit?"),
    ("I live in Porto now", "lives in Porto", "Where do I live?", "Do I live in Porto?"),
    ("I work as a nurse", "works as a nurse", "What is my job?", "Do I work as a nurse?"),
    ("I'm allergic to walnuts", "allergic to walnuts", "What am I allergic to?", "Am I allergic to walnuts?"),
    ("My sister Julia is a pilot", "sister Julia is a pilot", "What does my sister do?", "Is my sister a pilot?"),
    ("I moved here in April 2021", "moved here in April 2021", "When did I move here?", "Did I move here in 2021?"),
    ("My favourite drink is mint tea", "favourite drink is mint tea", "What do I drink?", "Do I like mint tea?"),
    ("I run by the river on Tuesdays", "runs by the river on Tuesdays", "When do I run?", "Do I run on Tuesdays?"),
    ("I'm learning Italian", "is learning Italian", "Which language am I learning?", "Am I learning Italian?"),
    ("My car is a green Fiat", "car is a green Fiat", "What colour is my car?", "Is my car green?"),
    ("I was born in Leeds", "born in Leeds", "Where was I born?", "Was I born in Leeds?"),
    ("I bought a red kettle", "bought a red kettle", "What did I buy?", "Did I buy a kettle?"),
    ("I can't stand olives", "dislikes olives", "What food do I dislike?", "Do I dislike olives?"),
    ("My wedding was on 12 May 2018", "wedding on 12 May 2018", "When was my wedding?", "Was my wedding in 2018?"),
    ("I have two cats", "has two cats", "How many cats do I have?", "Do I have cats?"),
    ("My best friend is Omar", "best friend is Omar", "Who is my best friend?", "Is Omar my best friend?"),
    ("I want to open a bakery", "wants to open a bakery", "What do I want to open?", "Do I want to open a bakery?"),
    ("I take the tram to work", "takes the tram to work", "How do I get to work?", "Do I take the tram to work?"),
    ("My birthday is on 3 October", "birthday is on 3 October", "When is my birthday?", "Is my birthday in October?"),
    ("I'm reading a book on whales", "is reading a book on whales", "What am I reading?", "Am I reading a book?"),
    ("I study architecture", "studies architecture", "What do I study?", "Do I study architecture?"),
    ("My team is the Falcons", "team is the Falcons", "What is my team?", "Are the Falcons my team?"),
    ("I sold my old piano", "sold the old piano", "What did I sell?", "Did I sell my piano?"),
    ("I'm a vegetarian", "is a vegetarian", "What is my diet?", "Am I a vegetarian?"),
    ("I went to Bergen last summer", "went to Bergen last summer", "Where did I go?", "Did I go to Bergen?"),
    ("My grandmother lives in Cork", "grandmother lives in Cork", "Where does my grandmother live?", "Is she in Cork?"),
    ("I painted the fence blue", "painted the fence blue", "What did I paint?", "Did I paint the fence?"),
)  # fmt: skip
UNTOLD = (
    "What is my shoe size?", "Which bank do I use?", "What is my middle name?", "Where do I go to school?",
    "Who is my dentist?", "What is my favourite film?", "How tall am I?",
)  # fmt: skip
TOLD = ("By the way, ", "Just so you know: ", "Something new: ", "Remember this: ")


class Reply(NamedTuple):
    """A reply to one question for one profile, with what the neutral profile is told."""

    question: int
    text: str
    neutral: str


def questions() -> list[tuple[str, int]]:
    """Return every question with the number of the fact in memory."""
    rows: list[tuple[str, int]] = []
    for number, (said, _, open_question, closed_question) in enumerate(FACTS):
        told = (
            TOLD[number % len(TOLD)] + said[0].lower() * (not said.startswith("I")) + said[not said.startswith("I") :]
        )
        rows += [(q, number) for q in (open_question, closed_question, UNTOLD[number % len(UNTOLD)], f"{told}.")]
    return rows


def ask(encoder: TextEncoder, question: str, fact: int, profile: Profile) -> str:
    """Return the model's reply through the whole prompt."""
    said, memory, *_ = FACTS[fact]
    time = FIRST + timedelta(days=3 * fact)
    quote = Quote("t1", time, f"{said}.", "Noted.", 0.9)
    hits = [
        Hit("m1", "semantic", time, memory, Scores(0.9), "asked", ("t1",)),
        Hit("m2", "episodic", time, f"The user said: {memory}.", Scores(0.9), "asked", ("t1",), (quote,)),
    ]
    context = Context(Turn("t9", ASKED, question), (), profile, ())
    return respond.answer(render_answer(default_prompts(), context, hits, DEFAULT_BUDGET, no_image), encoder)


def no_image(_: str) -> ImagePart | None:
    return None


def extreme(number: int, trait: Trait, high: bool, mixed: bool) -> Profile:
    """Return a profile that is extreme on one trait, or on all five: then the others follow the question's number."""
    others = {t: HIGH if (number * 7 + 13 * i) % 31 % 2 else LOW for i, t in enumerate(TRAITS)} if mixed else {}
    return Profile(**{**others, trait: HIGH if high else LOW})


# ── readers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def by_meaning(high: Sequence[Reply], low: Sequence[Reply], trait: Trait, encoder: TextEncoder) -> list[bool]:
    axis = pole(HIGH_WORDS[trait], encoder) - pole(LOW_WORDS[trait], encoder)
    plain = [piece for r in high for piece in pieces(r.neutral)]
    zero = float(np.mean(encoder.encode(plain) @ axis))
    return [
        (float(max(encoder.encode(pieces(r.text)) @ axis - zero, key=abs)) > 0) == side
        for side, part in ((True, high), (False, low))
        for r in part
    ]


def pieces(text: str) -> list[str]:
    """Return what stands between punctuation marks: a mixed profile's clauses share a sentence."""
    return [piece for piece in re.split(r"[.!?;,\n]+\s*(?:and )?", text) if re.search(r"\w", piece)]


def pole(words: str, encoder: TextEncoder) -> Vectors:
    vectors = encoder.encode(
        [form.format(words) for form in ("This reply suits somebody who is {}.", "You are {}.", "{}")]
    )
    mean: Vectors = vectors.mean(axis=0)
    return mean


def by_unseen(high: Sequence[Reply], low: Sequence[Reply], encoder: TextEncoder) -> list[bool]:
    replies = [*high, *low]
    vectors = encoder.encode([r.text for r in replies])
    truth = np.array([i < len(high) for i in range(len(replies))])
    added = [r.text[len(r.neutral.rstrip()) :] for r in replies]
    right: list[bool] = []
    for i, tail in enumerate(added):
        # Neither this wording nor, on either side, a question that was answered with it.
        shared = {r.question for r, other in zip(replies, added, strict=True) if other == tail}
        learnt = np.array([r.question not in shared for r in replies])
        near = [cosine(vectors[i], vectors[learnt & (truth == side)].mean(0)) for side in (True, False)]
        right.append((near[0] > near[1]) == bool(truth[i]))
    return right


def cosine(one: Vectors, other: Vectors) -> float:
    return float(one @ other / np.linalg.norm(other))


def by_words(high: Sequence[Reply], low: Sequence[Reply]) -> list[bool]:
    counts = {
        side: Counter(w for r in part if r.question % 2 == 0 for w in bag(r.text))
        for side, part in ((True, high), (False, low))
    }
    totals = {side: sum(c.values()) + len(counts[True] | counts[False]) for side, c in counts.items()}

    def lean(text: str) -> float:
        return sum(
            math.log((counts[True][w] + 1) / totals[True]) - math.log((counts[False][w] + 1) / totals[False])
            for w in bag(text)
        )

    return [(lean(r.text) > 0) == side for side, part in ((True, high), (False, low)) for r in part if r.question % 2]


def bag(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+|!", text.lower()))


def by_reader(high: Sequence[Reply], low: Sequence[Reply], trait: Trait, encoder: TextEncoder) -> list[bool]:
    right: list[bool] = []
    for side, part in ((1, high), (-1, low)):
        for reply in part:
            total = sum(c.sign * c.weight for c in personality.cues(reply.text, encoder) if c.trait == trait)
            right.append(total * side > 0)
    return right


# ── report ───────────────────────────────────────────────────────────────────────────────────────────────────────


def same_facts(reply: Reply) -> bool:
    """Whether a reply begins with the neutral one and adds no digit and no name."""
    added = reply.text[len(reply.neutral.rstrip()) :]
    return reply.text.startswith(reply.neutral.rstrip()) and not re.search(r"\d|(?<=[a-z,;] )[A-HJ-Z]\w+", added)


def wilson(right: Sequence[bool]) -> tuple[float, float]:
    """Return the 95 % interval of a share, in percent."""
    n, share, z = len(right), sum(right) / len(right), 1.96
    middle, reach = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return 100 * (middle - reach) / (1 + z * z / n), 100 * (middle + reach) / (1 + z * z / n)


def measure(encoder: TextEncoder, mixed: bool) -> list[dict[str, str | float]]:
    rows: list[dict[str, str | float]] = []
    asked = questions()
    neutral = [ask(encoder, q, fact, NEUTRAL) for q, fact in asked]
    for trait in TRAITS:
        high, low = (
            [
                Reply(i, ask(encoder, q, fact, extreme(i, trait, side, mixed)), neutral[i])
                for i, (q, fact) in enumerate(asked)
            ]
            for side in (True, False)
        )
        facts = [same_facts(r) for r in (*high, *low)]
        readers = {
            "meaning": by_meaning(high, low, trait, encoder),
            "unseen": by_unseen(high, low, encoder),
            "words": by_words(high, low),
            "read": by_reader(high, low, trait, encoder),
        }
        for reader, right in readers.items():
            bottom, top = wilson(right)
            rows.append(
                {"profiles": "mixed" if mixed else "single", "trait": trait, "reader": reader, "n": len(right),
                 "accuracy": round(100 * sum(right) / len(right), 1), "low": round(bottom, 1), "high": round(top, 1),
                 "facts_same": round(100 * sum(facts) / len(facts), 1)}
            )  # fmt: skip
            print("  ".join(f"{v!s:>17}" for v in rows[-1].values()), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Tone and facts of replies on extreme profiles.")
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    encoder = load_text_encoder()
    rows = measure(encoder, mixed=False) + measure(encoder, mixed=True)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    sys.exit(0 if all(r["facts_same"] == 100.0 for r in rows) else 1)


if __name__ == "__main__":
    main()
