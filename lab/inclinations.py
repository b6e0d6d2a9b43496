"""Learn what things differ in: directions of MiniLM's space for ten inclinations and more, and the five traits.

    python -m lab.inclinations [--write]      prints how they do on the world's choices; --write ships them

A pair of things, one of an axis's first pole and one of its second, is a difference of two sentence vectors; which
axis it is of, and which way round, is told by multinomial logistic regression. Pairs are drawn from the opposite lists
(``inclinations.txt``, ``temperaments.txt``) and taken from ``contrasts.txt``, none from the world: its training half
set the two constants, its test half is printed beside it. A person in the table leans on so many axes and has traits
drawn at random; "two" is the share of pairs of choices both made right, "scene" that of a choice by leaning and one by
trait.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from personavlm.bench.voices import loaded
from personavlm.embedded import banks
from personavlm.embedded.choice_taste import CLEAR, DIRECTIONS, TRAIT_WEIGHT, read
from personavlm.encoders import TextEncoder
from personavlm.personality import TRAITS
from personavlm.worlds.banks import Half, bank, share

Floats = NDArray[np.float64]
DRAWN = 300
"""Pairs drawn from the lists of each axis."""
EXAMPLE = 1.5
"""Weight of a pair of ``contrasts.txt`` beside one that was drawn."""
SHRINK = 3e-5
"""Weight of the squared directions. This and ``EXAMPLE`` were set on the training half."""
PERSONS = 1_500
SEED = 0


class Pairs(NamedTuple):
    """Differences to learn from."""

    apart: Floats
    axis: NDArray[np.int64]
    weight: Floats


def axes() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return each axis's two lists, inclinations first, then traits."""
    poles: dict[str, list[tuple[str, ...]]] = {}
    for name in ("inclinations", "temperaments"):
        for section, words in banks.phrases(name).items():
            poles.setdefault(section.split("|")[0].strip(), []).append(words)
    return {name: (one, other) for name, (one, other) in poles.items()}


def examples() -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of ``contrasts.txt`` by axis."""
    split = {axis: [line.split(" / ") for line in rows] for axis, rows in banks.lines("contrasts").items()}
    return {axis: [(one, other) for one, other in rows] for axis, rows in split.items()}


def pairs(encoder: TextEncoder) -> Pairs:
    """Return the differences that directions are learnt from."""
    draw = np.random.default_rng(SEED)
    apart, axis, weight = [], [], []
    told = examples()
    for number, (name, (one, other)) in enumerate(axes().items()):
        first, second = encoder.encode(one), encoder.encode(other)
        apart.append(first[draw.integers(len(one), size=DRAWN)] - second[draw.integers(len(other), size=DRAWN)])
        given = told.get(name, [])
        if given:
            apart.append(encoder.encode([a for a, _ in given]) - encoder.encode([b for _, b in given]))
        axis += [number] * (DRAWN + len(given))
        weight += [1.0] * DRAWN + [EXAMPLE] * len(given)
    return Pairs(np.vstack(apart).astype(np.float64), np.array(axis), np.array(weight))


def learn(shown: Pairs) -> Floats:
    """Return the ``(axes, dim)`` directions that tell best what the pairs are of."""
    count, dim = int(shown.axis.max()) + 1, shown.apart.shape[1]
    share_of = shown.weight / shown.weight.sum()
    at = np.arange(len(shown.axis))

    def loss(flat: Floats) -> tuple[float, Floats]:
        by = flat.reshape(count, dim)
        both = np.hstack([shown.apart @ by.T, -shown.apart @ by.T])
        both -= both.max(axis=1, keepdims=True)
        chance = np.exp(both)
        chance /= chance.sum(axis=1, keepdims=True)
        value = -float(share_of @ np.log(chance[at, shown.axis])) + SHRINK * float((by**2).sum())
        chance[at, shown.axis] -= 1
        chance *= share_of[:, None]
        turned = (chance[:, :count] - chance[:, count:]).T @ shown.apart
        return value, (turned + 2 * SHRINK * by).ravel()

    found = minimize(loss, np.zeros(count * dim), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    learnt: Floats = found.x.reshape(count, dim)
    return learnt


# ── how they do ──────────────────────────────────────────────────────────────────────────────────────────────────


class Choices(NamedTuple):
    """The world's choices of one half, read: per leaning, and per scene and axis or trait; first pole first."""

    poles: Mapping[str, Floats]
    told: Mapping[str, Sequence[Floats]]
    scenes: Sequence[Mapping[str, Floats]]


def choices(half: Half, by: Floats, encoder: TextEncoder) -> Choices:
    """Return a half's choices as the directions read them."""

    def placed(one: str, other: str) -> Floats:
        vectors = encoder.encode([one, other]).astype(np.float64)
        return read(vectors[:1] - vectors[1:], by)[0]

    rows = bank("leanings")["axes"]
    return Choices(
        {row["axis"]: placed(*row["poles"]) for row in rows},
        {row["axis"]: [placed(*choice["options"]) for choice in share(row["choices"], half)] for row in rows},
        [
            {name: placed(*two) for name, two in scene.items() if name != "scene"}
            for scene in share(bank("questions_scenes"), half)
        ],
    )


def right(made: Choices, leanings: int) -> tuple[float, float]:
    """Return the shares of "two" and "scene" for persons with so many leanings (at least two)."""
    draw = np.random.default_rng(SEED)
    names = list(axes())
    both, scenes = [], []
    for _ in range(PERSONS):
        leant = list(draw.choice(list(made.poles), leanings, replace=False))
        signs = draw.choice([1.0, -1.0], leanings)
        traits = np.clip(draw.normal(0, 1, len(TRAITS)), -2, 2)
        clear = int(draw.integers(len(TRAITS)))
        traits[clear] = np.sign(traits[clear]) * max(abs(traits[clear]), 1.0)
        lean = np.sum([sign * made.poles[axis] for axis, sign in zip(leant, signs, strict=True)], axis=0)
        lean[[names.index(trait) for trait in TRAITS]] += TRAIT_WEIGHT * np.where(np.abs(traits) >= CLEAR, traits, 0)
        told = [made.told[axis][draw.integers(len(made.told[axis]))] for axis in leant[:2]]
        both.append(all(sign * (one @ lean) > 0 for one, sign in zip(told, signs, strict=False)))
        scene = made.scenes[draw.integers(len(made.scenes))]
        scenes.append(signs[0] * (scene[leant[0]] @ lean) > 0 and traits[clear] * (scene[TRAITS[clear]] @ lean) > 0)
    return float(np.mean(both)), float(np.mean(scenes))


def main() -> None:
    """Learn, print, and write if asked to."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--write", action="store_true", help="ship what was learnt")
    encoder = loaded("embedded", None)[1].encoder
    write = asked.parse_args().write
    learnt = learn(pairs(encoder)).astype(np.float16)
    print("leanings  half    two    scene   (chance 25)")
    for half in ("train", "test"):
        made = choices(half, learnt.astype(np.float64), encoder)
        for leanings in (2, 3, 4):
            two, scene = right(made, leanings)
            print(f"{leanings:8}  {half:5} {100 * two:5.1f}  {100 * scene:5.1f}")
    if write:
        np.savez(DIRECTIONS, encoder=encoder.name, axes=list(axes()), learnt=learnt)
        print(f"written: {DIRECTIONS.name}")


if __name__ == "__main__":
    main()
