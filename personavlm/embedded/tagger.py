"""A chain tagger (linear-chain conditional random field): how likely each span of a sentence is each category.

    about 30 minutes and no nuts
    B-time I-time I-time O O B-allergies     ->  "about 30 minutes" time_availability 0.7 …

The second reader of a domain: ``spans`` weighs every span by itself, this one weighs whole sentences, in which spans
exclude each other and neighbours tend to be of a kind. Features are as readable; probabilities are exact (forwards and
backwards over the sentence). Source: Lafferty, McCallum, Pereira (2001).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded.spans import MAX_SPAN, Sentence, Setting

Array = NDArray[np.float64]
NEVER = -1e4
LEAST = 0.01
"""Spans less likely than this, for every category, are not told of."""


@dataclass(frozen=True)
class Table:
    """A tagger's weights. Labels: 0 outside, 1 + c begins category c, 1 + n + c goes on with it (n categories)."""

    categories: int
    weights: Mapping[str, tuple[tuple[int, float], ...]]
    starts: Array
    moves: Array
    """``(labels, labels)``: from the row's label to the column's, forbidden ones at ``NEVER``."""


def allowed(categories: int) -> tuple[Array, Array]:
    """Return what forbids a category to go on where it did not begin: for starts and for moves, nought or ``NEVER``."""
    labels = 1 + 2 * categories
    starts, moves = np.zeros(labels), np.zeros((labels, labels))
    starts[1 + categories :] = NEVER
    moves[:, 1 + categories :] = NEVER
    for c in range(categories):
        moves[[1 + c, 1 + categories + c], 1 + categories + c] = 0
    return starts, moves


def chances(sentence: Sentence, setting: Setting, table: Table) -> dict[tuple[int, int], Array]:
    """Return probabilities per category of the likely spans of a sentence, by their place in the message."""
    if not sentence.low:
        return {}
    scores = _emissions(sentence, setting, table)
    before, after = _forwards(scores, table), _backwards(scores, table)
    total = _sum(before[-1], 0)
    found: dict[tuple[int, int], Array] = {}
    for i in range(len(scores)):
        for j, told in _from(i, scores, before, after, table):
            chance = np.exp(told - total)
            if chance.max() > LEAST:
                found[sentence.place(i, j)] = chance
    return found


def _emissions(sentence: Sentence, setting: Setting, table: Table) -> Array:
    scores = np.zeros((len(sentence.low), len(table.starts)))
    for k, features in enumerate(word_features(sentence, setting)):
        for feature in features:
            for label, weight in table.weights.get(feature, ()):
                scores[k, label] += weight
    return scores


def _sum(logs: Array, axis: int) -> Array:
    """The logarithm of summed exponentials."""
    top = logs.max(axis=axis)
    total: Array = top + np.log(np.exp(logs - np.expand_dims(top, axis)).sum(axis=axis))
    return total


def _forwards(scores: Array, table: Table) -> list[Array]:
    rows = [table.starts + scores[0]]
    for k in range(1, len(scores)):
        rows.append(_sum(rows[-1][:, None] + table.moves, 0) + scores[k])
    return rows


def _backwards(scores: Array, table: Table) -> list[Array]:
    rows = [np.zeros(len(table.starts))]
    for k in range(len(scores) - 1, 0, -1):
        rows.append(_sum(table.moves + (scores[k] + rows[-1])[None, :], 1))
    return rows[::-1]


def _from(i: int, scores: Array, before: list[Array], after: list[Array], table: Table) -> list[tuple[int, Array]]:
    """The weight of all labellings with a span from word i to before j, per category, for each j."""
    n = table.categories
    begin, go_on = np.arange(1, n + 1), np.arange(n + 1, 2 * n + 1)
    start = table.starts if i == 0 else _sum(before[i - 1][:, None] + table.moves, 0)
    run = start[begin] + scores[i, begin]
    told: list[tuple[int, Array]] = []
    for j in range(i + 1, min(len(scores), i + MAX_SPAN) + 1):
        last = begin if j == i + 1 else go_on
        if j == len(scores):
            told.append((j, run))
            break
        onward = table.moves[last] + scores[j] + after[j]
        onward[np.arange(n), go_on] = NEVER  # the span ends here
        told.append((j, run + _sum(onward, 1)))
        run = run + table.moves[last, go_on] + scores[j, go_on]
    return told


def word_features(s: Sentence, setting: Setting) -> list[list[str]]:
    """Return the features of every word of a sentence."""
    shared = [f"n{min(len(s.low) // 4, 5)}", f"si{s.number}", f"sq{int('?' in s.text[-2:])}", *s.all_cues]
    shared += [*setting.circumstances, *setting.words]
    return [["b", *_of_word(s, k), *_of_kind(s, k, setting), *shared] for k in range(len(s.low))]


def _of_word(s: Sentence, k: int) -> list[str]:
    """The words and word classes round a word, the marks beside it, and what its list hangs on."""
    stems = [s.stems[at] if 0 <= at < len(s.low) else "^$"[at > k] for at in range(k - 2, k + 3)]
    tags = [s.tags[at] if 0 <= at < len(s.low) else "#" for at in (k - 1, k, k + 1)]
    return [
        *(f"w{at - 2}:{stem}" for at, stem in enumerate(stems)),
        *(f"b{at - 2}:{stems[at]}_{stems[at + 1]}" for at in range(4)),
        *(f"g0:{s.gaps[k][:2]}", f"g1:{s.gaps[k + 1][:2]}", f"ls:{s.lists[k]}"),
        *(f"t:{tags[1]}", f"t-1:{tags[0]}{tags[1]}", f"t1:{tags[1]}{tags[2]}", f"tt:{''.join(tags)}"),
        *s.governors[k][:4],
    ]


def _of_kind(s: Sentence, k: int, setting: Setting) -> list[str]:
    """What kind of thing a word is, weighed with its surroundings; the question's topics with the word."""
    left = sorted((s.words[k].start - at, name) for at, name in s.cues if at <= s.words[k].start)[:2]
    near = [f"c:{name}" for _, name in left]
    around = [s.governors[k][2], s.governors[k][0], s.lists[k], *setting.circumstances, *near, *s.all_cues]
    kinds = s.kinds[k] or ("other",)
    asked = [c for c in setting.circumstances if c.startswith("t:")]
    before = s.stems[k - 1] if k else "^"
    return [
        *(f"c{rank}:{name}" for rank, (_, name) in enumerate(left)),
        *(f"k:{kind}" for kind in kinds),
        *(f"k:{kind}|{one}" for kind in kinds for one in around),
        *(f"{topic}|{word}" for topic in asked for word in (s.stems[k], f"{before}_")),
        *(f"k-1:{kind}" for kind in (s.kinds[k - 1] if k else ())),
        *(f"k1:{kind}" for kind in (s.kinds[k + 1] if k + 1 < len(s.low) else ())),
    ]
