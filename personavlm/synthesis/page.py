"""A page of questions for a person to go through: each with its options, why they are there, and what proves it.

chosen at random ──page──> one HTML file beside the benchmark, with the pictures of the evidence
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from html import escape
from pathlib import Path

from personavlm.synthesis.benchmark import read_truth
from personavlm.synthesis.questions.values import TASKS, Question
from personavlm.worlds.kept import read_world

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1d2230; }
article { border-top: 1px solid #c9cede; padding: 1rem 0; }
h2 { font-size: 1rem; margin: 0; color: #5a6480; }
.query { font-size: 1.15rem; margin: .4rem 0; }
li.right { font-weight: 600; }
.role { color: #5a6480; font-weight: 400; }
blockquote { margin: .6rem 0; padding: 0 0 0 1rem; border-left: 3px solid #c9cede; }
time { color: #5a6480; }
img { max-width: 14rem; display: block; margin: .3rem 0; border-radius: 4px; }
"""


def page(folder: Path, count: int, seed: int) -> str:
    """Return so many random questions of a written benchmark as HTML; pictures are named relative to the folder.

    Raises ``BadInput`` if the folder holds no benchmark with its truth.
    """
    questions = read_truth(folder)
    chosen = random.Random(f"{seed}/page").sample(list(questions), k=min(count, len(questions)))
    articles = "\n".join(_article(folder, number, question) for number, question in enumerate(chosen, start=1))
    head = f'<meta charset="utf-8"><title>PersonaWorld-MME: {len(chosen)} questions</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body>\n{articles}\n</body></html>\n"


def _article(folder: Path, number: int, question: Question) -> str:
    info = TASKS[question.task]
    marks = [name for name, said in (("picture", question.needs_picture), ("unseen wording", question.unseen)) if said]
    title = " · ".join([f"{number}. {info.name}", question.form, question.id, *marks])
    options = "\n".join(
        f'<li class="{"right" if option.role == "right" else ""}">{escape(option.text)}'
        f' <span class="role">{option.role}</span></li>'
        for option in question.options
    )
    return (
        f'<article><h2>{escape(title)}</h2><p class="query">{escape(question.query)}</p>\n'
        f"<ol type=a>{options}</ol>\n{_evidence(folder, question)}</article>"
    )


def _evidence(folder: Path, question: Question) -> str:
    setting, number = question.person.split("-")[1:]
    place = f"samples/{setting}/{number}"
    world = read_world(folder / place)
    wanted: Sequence[str] = question.evidence
    quotes = []
    for turn in (turn for turn in world.turns if turn.id in wanted):
        pictures = "".join(f'<img src="{place}/{shot}.jpg" alt="picture {shot}">' for shot in turn.shots)
        quotes.append(
            f"<blockquote><time>{turn.time:%A %d %B %Y %H:%M}</time>{pictures}<p>{escape(turn.text)}</p>"
            f"<p><i>{escape(turn.reply)}</i></p></blockquote>"
        )
    return "\n".join(quotes) or "<p>Never told.</p>"
