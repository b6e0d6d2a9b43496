"""Laws of the RL environment: a rollout reads what inference reads, to the token; its own words reach memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personavlm.assistant import DEFAULT_CONFIG, Assistant, Config, create_user
from personavlm.errors import StoreError
from personavlm.models import Completion, Message, Sampling
from personavlm.models.local import Transformers
from personavlm.prompts.respond import LAST_NOTICE
from personavlm.store import Store, state_digest
from personavlm.trace import Answer, Malformed, Retrieve
from personavlm.training.environment import SEMANTIC, TOPICS, Augmentation, Environment, Episode, Memories, augmented
from personavlm.training.policy import Request, together
from personavlm.training.questions import HOME
from personavlm.training.rewards import Reward, Unscored
from personavlm.training.rollouts import Rollout, grouped
from personavlm.training.scratch import SIZES, make_model
from personavlm.training.watch import watch
from tests.fakes import answering, kit, look_up
from tests.training_toys import CHOICE, NOON, OPEN, SEEN, memory, photo, processor

PLAIN = Augmentation(random_limits=False, force_choice=False)
ANSWER = "<think>so</think><answer>The cello.</answer>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return memory(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def model() -> Transformers:
    made = processor()
    return Transformers(make_model(made.tokenizer, SIZES["random"], 0), made, "random")


def environment(home: Path, model: Transformers, **changes: Any) -> Environment:
    settings_ = {"longest": 12_000, "room": 200, "augmentation": PLAIN} | changes
    return Environment(Memories(home, kit()), model.processor, **settings_)


def saying(tokenizer: Any, outputs: Sequence[str], ended: bool = True) -> Callable[[Request], list[int]]:
    """A policy that writes these outputs one after the other, the last one for ever."""
    left = list(outputs)

    def sample(_: Request) -> list[int]:
        text = left.pop(0) if len(left) > 1 else left[0]
        return [*tokenizer(text, add_special_tokens=False)["input_ids"], *([tokenizer.eos_token_id] if ended else [])]

    return sample


class Overheard:
    """A model of inference that writes fixed outputs; the tensors it was asked with are kept."""

    name = "overheard"

    def __init__(self, model: Transformers, outputs: Sequence[str]) -> None:
        self._model, self._left = model, list(outputs)
        self.asked: list[Any] = []

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        if messages[-1].contract == "answer":
            return Completion("")
        self.asked.append(self._model._inputs([messages]))
        return Completion(self._left.pop(0) if len(self._left) > 1 else self._left[0])


def played(place: Environment, question: Any, outputs: Sequence[str], ended: bool = True, **config: Any) -> Episode:
    sample = saying(place.processor.tokenizer, outputs, ended)
    return place.rollout(question, sample, Config(**config) if config else DEFAULT_CONFIG)


# ── training reads what inference reads ──────────────────────────────────────────────────────────────────────────

STEPS = st.one_of(
    st.sampled_from(["cello", "dog, town", "sister"]).map(look_up),
    st.just(look_up("cello", "2025-03-01 00:00", "2025-03-04 00:00")),
    st.just(ANSWER),
    st.just("no format at all"),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=40),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=5), st.sampled_from([OPEN, CHOICE, SEEN]), st.booleans())
def test_a_rollout_has_the_ids_of_respond_to_the_token(
    home: Path, model: Transformers, outputs: list[str], question: Any, ended: bool
) -> None:
    """At every step, pictures in their places, whether the policy ended its message itself or was cut."""
    episode = played(environment(home, model), question, outputs, ended)
    overheard = Overheard(model, outputs)
    with Store.open(home / HOME, "Dana") as store:
        shown = [(home / path).read_bytes() for path in question.pictures]
        trace = Assistant(store, overheard, kit=kit()).ask(question.time, question.text, shown)
    assert episode.trace.steps == trace.steps
    for place, asked in zip(starts(episode), overheard.asked, strict=True):
        assert list(episode.ids[:place]) == asked["input_ids"][0].tolist()


def starts(episode: Episode) -> list[int]:
    """Where the policy began to write, output by output."""
    own = [False] * len(episode.prompt) + list(episode.own)
    return [place for place, mine in enumerate(own) if mine and not own[place - 1]]


def test_only_the_policys_own_tokens_are_trained(home: Path, model: Transformers) -> None:
    episode = played(environment(home, model), OPEN, [look_up("cello"), ANSWER])
    tokenizer = model.processor.tokenizer
    own = [token for token, mine in zip(episode.completion, episode.own, strict=True) if mine]
    given_ = [token for token, mine in zip(episode.completion, episode.own, strict=True) if not mine]
    assert tokenizer.decode(own) == f"{look_up('cello')}<|im_end|>{ANSWER}<|im_end|>"
    assert "Dana's sister plays the cello" in tokenizer.decode(given_)


def test_pictures_among_the_hits_come_back_as_pictures(home: Path, model: Transformers) -> None:
    import torch

    episode = played(environment(home, model), SEEN, [look_up("dog"), ANSWER])
    overheard = Overheard(model, [look_up("dog"), ANSWER])
    with Store.open(home / HOME, "Dana") as store:
        Assistant(store, overheard, kit=kit()).ask(SEEN.time, SEEN.text, [photo("red", 80)])
    assert len(episode.pictures) == 2  # the one sent, and the one remembered
    from personavlm.models.chat import decoded

    found = model.processor.image_processor([decoded(part) for part in episode.pictures], return_tensors="pt")
    assert torch.equal(found["pixel_values"], overheard.asked[-1]["pixel_values"])


# ── what the released code lost ──────────────────────────────────────────────────────────────────────────────────


def test_the_policys_own_keywords_and_period_reach_memory(home: Path, model: Transformers) -> None:
    """Released: a look-up uses the user's words and no period; a valid date raises and falls back to them."""
    place = environment(home, model)
    [step, _] = played(place, OPEN, [look_up("Larkbridge", "2025-03-01 00:00", "2025-03-04 00:00"), ANSWER]).trace.steps
    assert step.action == Retrieve(
        ("Larkbridge",), datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 4, 0, 0, 59, tzinfo=UTC)
    )
    assert "Dana lives in Larkbridge" in [hit.text for hit in step.hits]
    [late, _] = played(place, OPEN, [look_up("Larkbridge", "2025-03-04 00:00", "2025-03-05 00:00"), ANSWER]).trace.steps
    assert isinstance(late.action, Retrieve)
    assert late.hits == ()


def test_formats_of_intermediate_steps_count(home: Path, model: Transformers) -> None:
    place = environment(home, model)
    good = played(place, OPEN, [look_up("cello"), ANSWER]).reward
    bad = played(place, OPEN, ["Let me see. " + look_up("cello"), ANSWER]).reward
    assert isinstance(good, Reward)
    assert isinstance(bad, Reward)
    assert (good.total, bad.format) == (1.5, 0.0)
    assert bad.accuracy == bad.consistency == 1.0


# ── the bounds of a rollout ──────────────────────────────────────────────────────────────────────────────────────


def test_the_third_result_says_that_it_was_the_last_and_a_fourth_ends_the_rollout(
    home: Path, model: Transformers
) -> None:
    episode = played(environment(home, model), OPEN, [look_up("cello")])
    assert len(episode.outputs) == 4
    assert LAST_NOTICE in model.processor.tokenizer.decode(episode.completion)
    last = episode.trace.steps[-1]
    assert last.forced
    assert isinstance(episode.reward, Reward)
    assert episode.reward.total == 0.0


def test_two_outputs_without_format_end_a_rollout(home: Path, model: Transformers) -> None:
    episode = played(environment(home, model), OPEN, ["no"])
    assert len(episode.outputs) == 2
    assert sum(isinstance(step.action, Malformed) for step in episode.trace.steps) == 3  # and the reply never asked for


def test_a_rollout_ends_where_the_next_output_might_not_fit(home: Path, model: Transformers) -> None:
    whole = played(environment(home, model), OPEN, [look_up("cello"), ANSWER])
    first = len(whole.prompt) + len(model.processor.tokenizer(look_up("cello"))["input_ids"]) + 1
    episode = played(environment(home, model, longest=first + 200), OPEN, [look_up("cello"), ANSWER])
    assert len(episode.outputs) == 1
    nothing = played(environment(home, model, longest=100), OPEN, [ANSWER])
    assert nothing.outputs == ()
    assert isinstance(nothing.reward, Unscored)


def test_memory_is_not_changed_by_being_asked(home: Path, model: Transformers) -> None:
    with Store.open(home / HOME, "Dana") as store:
        before = store.head(), state_digest(store.state())
        played(environment(home, model), SEEN, [look_up("dog"), ANSWER])
        assert (store.head(), state_digest(store.state())) == before


def test_a_question_about_a_past_moment_meets_the_memory_of_that_moment(home: Path, model: Transformers) -> None:
    early = replace(OPEN, time=NOON + timedelta(seconds=30))
    episode = played(environment(home, model), early, [look_up("Larkbridge"), ANSWER])
    assert "Larkbridge" not in model.processor.tokenizer.decode(
        [t for t, mine in zip(episode.completion, episode.own, strict=True) if not mine]
    )


def test_memories_asked_longest_ago_are_closed(tmp_path: Path) -> None:
    for name in ("Ana", "Bea"):
        create_user(tmp_path / HOME, name, NOON).close()
    memories, model = Memories(tmp_path, kit(), most=1), answering()
    ana, bea = (replace(OPEN, person=name) for name in ("Ana", "Bea"))
    first = memories.assistant(ana, model, DEFAULT_CONFIG).store
    memories.assistant(bea, model, DEFAULT_CONFIG)
    with pytest.raises(StoreError):
        first.counts()
    assert memories.assistant(ana, model, DEFAULT_CONFIG).ask(OPEN.time, "Hi.").reply == "All right."
    memories.ready(["Ana", "Bea"])  # asked side by side, both stay
    assert memories.assistant(ana, model, DEFAULT_CONFIG).store.counts() == (0, 0)
    memories.close()


# ── augmentation ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_multiple_choice_starts_with_a_look_up_if_that_is_on(home: Path, model: Transformers) -> None:
    place = environment(home, model)
    config = augmented(DEFAULT_CONFIG, CHOICE, Augmentation(random_limits=False), random.Random(0))
    episode = place.rollout(CHOICE, saying(model.processor.tokenizer, ["<think>t</think><answer>(c)</answer>"]), config)
    assert [type(step.action) for step in episode.trace.steps] == [Retrieve, Answer]
    assert episode.trace.steps[0].forced
    assert augmented(DEFAULT_CONFIG, OPEN, Augmentation(random_limits=False), random.Random(0)) == DEFAULT_CONFIG


@given(st.integers(0, 10_000))
def test_limits_are_drawn_within_bounds_and_from_the_seed(seed: int) -> None:
    drawn, again = (augmented(DEFAULT_CONFIG, OPEN, Augmentation(), random.Random(seed)) for _ in range(2))
    assert drawn == again
    assert TOPICS[0] <= drawn.limits.topics <= TOPICS[1]
    assert SEMANTIC[0] <= drawn.limits.semantic <= SEMANTIC[1]
    off = augmented(DEFAULT_CONFIG, CHOICE, Augmentation(False, False, False), random.Random(seed))
    assert (off.limits, off.reasoning, off.refill) == (DEFAULT_CONFIG.limits, "on", False)


# ── side by side ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_rollouts_side_by_side_are_those_one_after_the_other(home: Path, model: Transformers) -> None:
    tokenizer = model.processor.tokenizer
    batches: list[int] = []

    def generate(requests: Sequence[Request]) -> list[list[int]]:
        batches.append(len(requests))
        outputs = [ANSWER if b"cello" in tokenizer.decode(r.ids[-60:]).encode() else look_up("cello") for r in requests]
        return [saying(tokenizer, [text])(request) for text, request in zip(outputs, requests, strict=True)]

    asked = [OPEN, OPEN, CHOICE, SEEN]
    place = environment(home, model, augmentation=Augmentation())
    side_by_side = place.play(asked, generate, "seed")
    again = place.play(asked, lambda requests: [generate([one])[0] for one in requests], "seed")
    assert [e.ids for e in side_by_side] == [e.ids for e in again]
    assert [e.question for e in side_by_side] == asked
    assert batches[0] == 4


def test_an_error_while_generating_reaches_the_caller_and_ends_all_waiting() -> None:
    def fail(_: Sequence[Request]) -> list[list[int]]:
        raise RuntimeError("out of memory")

    player = lambda sample: sample(Request((1,), ()))  # noqa: E731
    with pytest.raises(RuntimeError, match="out of memory"):
        together([player, player], fail)


@given(st.lists(st.integers(0, 4), min_size=0, max_size=6))
def test_players_may_leave_at_any_time(turns: list[int]) -> None:
    def player(number: int) -> Callable[[Any], list[int]]:
        return lambda sample: [sample(Request((number, turn), ()))[0] for turn in range(turns[number])]

    answers = together(
        [player(number) for number in range(len(turns))], lambda rs: [[10 * r.ids[0] + r.ids[1]] for r in rs]
    )
    assert answers == [[10 * number + turn for turn in range(count)] for number, count in enumerate(turns)]


# ── sight and watch ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_model_in_training_sees_each_rollouts_own_pictures(home: Path, model: Transformers) -> None:
    """Padded, shuffled and in parts, the logits are those of each rollout alone with its pictures handed over."""
    import torch

    from personavlm.training.sight import Sight

    place = environment(home, model)
    rollouts = [
        played(place, question, [look_up("dog"), ANSWER]) for question in (SEEN, OPEN, replace(SEEN, text="Who?"))
    ]
    sight = Sight(model.processor)
    sight.remember([(one.ids, one.pictures) for one in rollouts])
    assert [len(one.pictures) for one in rollouts] == [2, 1, 2]
    alone = []
    for one in rollouts:
        ids = torch.tensor([one.ids])
        alone.append(model.model(input_ids=ids, **sight.pixels(one.pictures, ids)).logits[0, -1])
    longest = max(len(one.ids) for one in rollouts)
    order = [2, 0, 1]
    ids = torch.tensor([[0] * (longest - len(rollouts[n].ids)) + list(rollouts[n].ids) for n in order])
    seen = torch.tensor([[0] * (longest - len(rollouts[n].ids)) + [1] * len(rollouts[n].ids) for n in order])
    handle = sight.attach(model.model)
    try:
        together_ = model.model(input_ids=ids, attention_mask=seen, labels=ids).logits[:, -1]
    finally:
        handle.remove()
    for row, n in enumerate(order):
        assert torch.allclose(together_[row], alone[n], atol=1e-4)


def test_watch_numbers_count_what_they_say(home: Path, model: Transformers) -> None:
    place = environment(home, model)
    dated = look_up("sister, play", "2025-03-01 00:00", "2025-03-04 00:00")
    late = look_up("cello", "2025-03-04 00:00", "2025-03-05 00:00")
    ways = [
        (OPEN, [dated, ANSWER]),
        (OPEN, [late, look_up("cello"), "<think>t</think><answer>The judge says: this answer is right</answer>"]),
        (OPEN, [ANSWER]),
        (CHOICE, ["<think>t</think><answer>(a) or (c)</answer>"]),
        (CHOICE, ["nothing"]),
    ]
    episodes = [played(place, question, outputs) for question, outputs in ways]
    rollouts = [Rollout(e.trace, e.outputs, None, 0.0, sum(e.own)) for e in episodes]
    found = watch(grouped([e.question for e in episodes], rollouts))
    assert found.answered == 0.8
    assert (found.retrieved, found.look_ups) == (0.4, 0.6)
    assert found.dated == pytest.approx(2 / 3)
    assert found.in_period == 0.5
    assert found.copied == pytest.approx(1 / 3)
    assert found.several == 1.0
    assert found.unfounded == pytest.approx(1 / 3)  # of the three answers to what was said once
    assert found.appeals == 0.25
    assert found.malformed == pytest.approx(2 / 9)
    assert found.unscored == 1.0
    nothing = watch(())
    assert nothing.answered is None
    assert nothing.malformed is None
