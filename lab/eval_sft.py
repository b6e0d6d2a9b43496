"""What a trained model does with the prompts of persons it has never met: unseen names, things and wordings.

    python -m lab.eval_sft make --persons 8 --out DIR                      # lives of the test half, taught by truth
    python -m lab.eval_sft run hf:RUN/model --data DIR --out result.json   # greedy, strict format, batches

Every step is asked with the right steps before it, so evidence is given and one mistake costs one step. Shares in
percent with 95 % intervals over persons. ``valid``: the answer ends by itself and keeps its prompt's contract (for
reasoning, strictly: one think block, one action). ``exact``: it is the teacher's to the letter. Of reasoning also:
``action``, look up or answer as the teacher does; ``words``, a look-up's keywords share a word with the teacher's;
``letter``, the chosen option, evidence being given (chance 25, for ``manner``, with two options, 50).
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

from personavlm.files import write_atomically
from personavlm.models import Message, Sampling
from personavlm.prompts.respond import parse_step
from personavlm.prompts.update import parse_core, parse_episodic, parse_personality, parse_procedural, parse_semantic
from personavlm.scoring.choice import score
from personavlm.scoring.spans import over_persons
from personavlm.trace import Answer, Malformed, Retrieve
from personavlm.training.corpus import rows_of
from personavlm.training.rendering import messages_of

LONGEST_ANSWER = 400
"""Most tokens of an answer; the teacher's longest is below."""
Marks = Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """One step to be written: its prompt and the teacher's answer."""

    kind: str
    person: str
    messages: tuple[Message, ...]
    right: str


def unseen_world(seed: int, number: int) -> Any:
    """Return a person of the test half with pictures: no training person shares their names and things."""
    from personavlm.worlds.make import make_world
    from personavlm.worlds.pictures.album import data_of

    world = make_world(seed, "test", "50", number)
    return world, {shot.id: data_of(shot) for shot in world.shots}


def questions(data: Path, each: int, seed: int) -> list[Asked]:
    """Return at most ``each`` steps of every kind, drawn from all persons with the seed."""
    by_kind: dict[str, list[tuple[dict[str, Any], int]]] = defaultdict(list)
    for row in (row for held in (False, True) for row in rows_of(data, held=held)):
        for place, message in enumerate(row["messages"]):
            if message["role"] == "assistant":
                by_kind[_kind(row, place)].append((row, place))
    rng = random.Random(seed)
    chosen = [pair for _, found in sorted(by_kind.items()) for pair in rng.sample(found, min(each, len(found)))]
    return [_asked(data, row, place) for row, place in chosen]


def _kind(row: Mapping[str, Any], place: int) -> str:
    """The sample's kind; reasoning by its step, and a last step with options as a kind of its own."""
    if row["kind"] != "reasoning":
        return str(row["kind"])
    if row["note"] in ("choice", "manner") and place == len(row["messages"]) - 1:
        return str(row["note"])
    return "first step" if place == 2 else "later step"


def _asked(data: Path, row: Mapping[str, Any], place: int) -> Asked:
    pictures = {path: (data / path).read_bytes() for path in row["images"]}
    messages = messages_of(row, pictures)
    return Asked(_kind(row, place), row["person"], messages[:place], messages[place].text)


# ── marks ────────────────────────────────────────────────────────────────────────────────────────────────────────

PARSERS: Mapping[str, Callable[[str], object]] = {
    "semantic": partial(parse_semantic, zone=UTC),
    "personality": parse_personality,
    "procedural": parse_procedural,
    "core": parse_core,
}


def marks(asked: Asked, said: str, finished: bool) -> Marks:
    """Return what an answer got right."""
    found = {"valid": finished and not isinstance(_parsed(asked, said), Malformed), "exact": said == asked.right}
    if asked.kind in (*PARSERS, "episodic"):
        return found
    ours, theirs = (parse_step(text, UTC, strict=True).action for text in (said, asked.right))
    found["action"] = type(ours) is type(theirs)
    if isinstance(theirs, Retrieve):
        found["words"] = isinstance(ours, Retrieve) and bool(_words(ours) & _words(theirs))
    if asked.kind in ("choice", "manner") and isinstance(theirs, Answer):
        found["letter"] = isinstance(ours, Answer) and score(ours.text, _options(asked), theirs.text[1]) == 1.0
    return found


def _parsed(asked: Asked, said: str) -> object:
    if asked.kind == "episodic":
        return parse_episodic(said, len(re.findall(r"^\[\d+\] ", asked.messages[-1].text, re.MULTILINE)))
    if asked.kind in PARSERS:
        return PARSERS[asked.kind](said)
    return parse_step(said, UTC, strict=True).action


def _options(asked: Asked) -> dict[str, str]:
    """Letters and texts of the options in the first prompt, where a user's further lines are indented."""
    return dict(re.findall(r"^ +\(([a-z])\)\. (.*)$", asked.messages[1].text, re.MULTILINE))


def _words(look_up: Retrieve) -> set[str]:
    return {word.lower() for keyword in look_up.keywords for word in keyword.split()}


def table(scored: Sequence[tuple[Asked, Marks]]) -> dict[str, dict[str, dict[str, float | int]]]:
    """Return every mark of every kind with its interval over persons, in percent."""
    kinds: dict[str, dict[str, dict[str, list[bool]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for asked, found in scored:
        for name, right in found.items():
            kinds[asked.kind][name][asked.person].append(right)
            kinds["all"][name][asked.person].append(right)
    return {kind: {name: _figure(list(by.values())) for name, by in names.items()} for kind, names in kinds.items()}


def _figure(persons: list[list[bool]]) -> dict[str, float | int]:
    figure = over_persons(persons, lambda some: 100 * sum(map(sum, some)) / sum(map(len, some)))
    assert figure is not None
    return {name: round(x, 1) for name, x in figure._asdict().items()} | {"n": sum(map(len, persons))}


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────


def answers(model: Any, asked: Sequence[Asked], batch: int) -> Iterator[tuple[Asked, str, bool]]:
    """Yield every question with the model's answer and whether it ended by itself; prompts of like length together."""
    in_order = sorted(asked, key=lambda one: sum(len(message.text) for message in one.messages))
    sampling = Sampling(max_tokens=LONGEST_ANSWER)
    for start in range(0, len(in_order), batch):
        some = in_order[start : start + batch]
        for one, said in zip(some, model.complete_batch([one.messages for one in some], sampling, batch), strict=True):
            yield one, said.text, said.finished
        print(f"{min(start + batch, len(in_order))} of {len(in_order)}", flush=True)


def evaluate(setting: str, data: Path, out: Path, each: int, batch: int, seed: int) -> dict[str, Any]:
    """Ask a model, write shares and answers to ``out`` and return the shares."""
    from personavlm.models.loading import load_model

    said = list(answers(load_model(setting), questions(data, each, seed), batch))
    shares = table([(asked, marks(asked, text, finished)) for asked, text, finished in said])
    kept = [{"kind": asked.kind, "person": asked.person, "right": asked.right, "said": text} for asked, text, _ in said]
    result = {"model": setting, "seed": seed, "each": each, "shares": shares, "answers": kept}
    write_atomically(out, json.dumps(result, indent=1, ensure_ascii=False).encode())
    return shares


def main() -> None:
    """Make unseen persons, or ask a model about them."""
    parser = argparse.ArgumentParser(description="A trained model on persons it has never met.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    make = verbs.add_parser("make")
    make.add_argument("--persons", type=int, default=8)
    run = verbs.add_parser("run")
    run.add_argument("model", help="hf:FOLDER or hub id")
    run.add_argument("--data", type=Path, required=True)
    run.add_argument("--each", type=int, default=40, help="steps of each kind")
    run.add_argument("--batch", type=int, default=8)
    for verb in (make, run):
        verb.add_argument("--out", type=Path, required=True)
        verb.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    if given.verb == "make":
        from personavlm.synthesis.training import make_training_set

        print(make_training_set(given.out, given.seed, given.persons, unseen_world, processes=1))
        return
    shares = evaluate(given.model, given.data, given.out, given.each, given.batch, given.seed)
    for kind, names in shares.items():
        print(f"{kind:12}", *(f"{name} {f['value']} [{f['low']}, {f['high']}] n {f['n']}" for name, f in names.items()))


if __name__ == "__main__":
    main()
