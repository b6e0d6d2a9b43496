"""Stage 2 as a whole on a toy: reward rises, look-ups are learnt, what is kept adds up, resuming changes nothing.

One toy policy was taught four ways to answer, each as often: at once or after a look-up, option (a) or (b). Only (a)
after a look-up is right and follows from memory, so all that reward can teach is to look things up and to choose.
Another looks up in one of two periods, of which one holds the evidence: it can learn when to look, if periods count.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import pytest

from personavlm.errors import BadInput
from personavlm.prompts import Prompts
from personavlm.prompts.choice import render_choice
from personavlm.training.batches import Collator
from personavlm.training.environment import Augmentation, Environment, Memories
from personavlm.training.questions import Question
from personavlm.training.rendering import Example
from personavlm.training.rollouts import Curve, kept_steps, read_kept, read_log
from personavlm.training.scratch import Size, make_model, make_processor, save_checkpoint, train_tokenizer
from tests.fakes import kit, look_up
from tests.training_toys import LATER, NOON, memory

pytest.importorskip("trl")
from lab.train_grpo import Recipe, train

pytestmark = pytest.mark.slow
SMALL = Size(64, 2, 128, 64, 1, vocabulary=500, context=2_048)
BOTH = (("a", "Larkbridge"), ("b", "Porto"))
TOWN = Question(
    "Dana/1", "Dana", LATER, render_choice("Which town do I live in?", BOTH), "choice", "(a) Larkbridge", (), (NOON,)
)
TOY = Recipe(
    steps=40, batch=16, group=16, room=60, longest=900, rate=2e-4, schedule="constant", warmup=0.0, beta=0.0,
    top_p=0.9, top_k=0, repetition_penalty=1.0, random_limits=False, force_choice=False,
    save_every=1_000, keep_every=10,
)  # fmt: skip


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return memory(tmp_path_factory.mktemp("asked"))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return terse(tmp_path_factory.mktemp("prompts"), "{SemanticMemory}\n{Notice}")


def terse(folder: Path, result: str) -> Any:
    """A kit whose prompts are a few words long."""
    (folder / "respond.md").write_text("{UserQuery}")
    (folder / "respond_more.md").write_text(result)
    (folder / "system.md").write_text("Help.")
    return kit(prompts=Prompts.load(folder))


def step(letter: str) -> str:
    return f"<think>so</think><answer>({letter})</answer>"


WAYS = ([step("a")], [step("b")], [look_up("town"), step("a")], [look_up("town"), step("b")])
PERIODS = (("2025-03-01 00:00", "2025-03-04 00:00"), ("2025-03-04 00:00", "2025-03-05 00:00"))
TIMES = tuple([look_up("town", start, end), step("a")] for start, end in PERIODS)


@pytest.fixture(scope="module")
def base(asked: Path, short: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy before RL that may look up or not."""
    return policy(tmp_path_factory.mktemp("base"), asked, short, WAYS)


def policy(folder: Path, asked: Path, terse_kit: Any, ways: Sequence[Sequence[str]]) -> Path:
    """A checkpoint that was taught these ways to answer by heart, each as often."""
    texts = [TOWN.text, *(text for way in ways for text in way)]
    processor = make_processor(train_tokenizer(texts * 20, SMALL), SMALL)
    place = Environment(Memories(asked, terse_kit), processor, 900, 60, augmentation=Augmentation(False, False, False))
    taught = Collator(processor, asked)([played(place, way) for way in ways])
    model = teach(make_model(processor.tokenizer, SMALL, 0), taught, steps=300)
    return save_checkpoint(folder, model, processor)


def played(place: Environment, way: Sequence[str]) -> Example:
    import numpy as np

    outputs, tokenizer = iter(way), place.processor.tokenizer
    sample = lambda _: [*tokenizer(next(outputs))["input_ids"], tokenizer.eos_token_id]  # noqa: E731
    one = place.rollout(TOWN, sample, place.config)
    mask = [False] * len(one.prompt) + list(one.own)
    return Example(np.array(one.ids, np.int32), np.array(mask))


def teach(model: Any, batch: Any, steps: int) -> Any:
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for _ in range(steps):
        model(**batch).loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return model.eval()


def curve(run: Path, name: str) -> Curve:
    return next(one for one in read_log(run) if one.name == name)


@pytest.fixture(scope="module")
def run(base: Path, asked: Path, short: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    train(replace(TOY, base=str(base)), [TOWN], asked, short, out)
    return out


def test_reward_rises_because_the_policy_learns_to_look_up_and_to_choose(run: Path) -> None:
    reward, looked = curve(run, "reward").values, curve(run, "retrieved").values
    assert fmean(reward[-5:]) > fmean(reward[:5]) + 0.25
    assert fmean(reward[-5:]) > 1.2
    assert fmean(looked[-5:]) > 0.9 > looked[0]


def test_when_to_look_is_learnt_if_periods_count_and_only_then(asked: Path, short: Any, tmp_path: Path) -> None:
    """In the released code a look-up's period has no effect: both periods earn the same, so nothing is learnt."""
    recipe = replace(TOY, base=str(policy(tmp_path / "base", asked, short, TIMES)), steps=15)
    train(recipe, [TOWN], asked, short, tmp_path / "on")
    train(replace(recipe, period=False, steps=3), [TOWN], asked, short, tmp_path / "off")
    there, nowhere = curve(tmp_path / "on", "in_period").values, curve(tmp_path / "off", "in_period").values
    assert 0.2 < fmean(there[:2]) < 0.8
    assert fmean(there[-5:]) > 0.85
    assert 0.2 < fmean(nowhere) < 0.8
    assert curve(tmp_path / "off", "flat").values == (1.0, 1.0, 1.0)
    assert curve(tmp_path / "off", "gradient").values == (0.0, 0.0, 0.0)


def test_what_is_kept_adds_up(run: Path) -> None:
    """Reward of the parts, advantage of the rewards, the log's means of what the rollouts say."""
    assert kept_steps(run) == (1, 10, 20, 30, 40)
    kept = read_kept(run, 1)
    [group] = kept.groups
    assert (group.question, len(group.rollouts)) == (TOWN, 16)
    totals = [one.reward.total for one in group.rollouts if one.reward]
    assert curve(run, "reward").values[0] == pytest.approx(fmean(totals), abs=1e-4)
    spread = pstdev(totals) * (len(totals) / (len(totals) - 1)) ** 0.5
    for one, total in zip(group.rollouts, totals, strict=True):
        assert one.advantage == pytest.approx((total - fmean(totals)) / (spread + 1e-4), abs=1e-3)
        assert one.outputs[-1].endswith("</answer>") or one.trace.reply == "" or one.trace.steps[-1].forced
    settings = json.loads((run / "run.json").read_text())
    assert settings["recipe"]["group"] == 16


def test_a_run_taken_up_again_equals_an_unbroken_one(base: Path, asked: Path, short: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    recipe = replace(TOY, base=str(base), batch=4, group=4, steps=4, beta=0.05)
    whole = train(recipe, [TOWN], asked, short, tmp_path / "whole")
    train(recipe, [TOWN], asked, short, tmp_path / "broken", stop_after=2)
    resumed = train(recipe, [TOWN], asked, short, tmp_path / "broken")
    a, b = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert max(float((a[name] - b[name]).abs().max()) for name in a) == 0.0
    assert curve(tmp_path / "whole", "kl").values == curve(tmp_path / "broken", "kl").values
    assert curve(tmp_path / "whole", "kl").values[0] == pytest.approx(0.0, abs=1e-6)


def test_rollouts_with_pictures_are_learnt_by_an_adapter(base: Path, asked: Path, tmp_path: Path) -> None:
    """Before the first update the policy is its own reference, so its KL is nought, pictures of look-ups included."""
    seeing = terse(tmp_path, "{SemanticMemory}\n{VisualMemory}\n{Notice}")
    recipe = replace(TOY, base=str(base), batch=4, group=4, steps=2, lora=4, beta=0.05)
    folder = train(recipe, [TOWN], asked, seeing, tmp_path / "run")
    assert (folder / "adapter_config.json").is_file()
    [group] = read_kept(tmp_path / "run", 1).groups
    assert any(hit.crops for one in group.rollouts for hit in one.trace.hits)
    assert curve(tmp_path / "run", "kl").values[0] == pytest.approx(0.0, abs=1e-6)


def test_a_recipe_is_read_and_a_wrong_field_named(tmp_path: Path) -> None:
    for path in sorted(Path("lab/recipes").glob("grpo_*.toml")):
        assert Recipe.read(path).group > 1
    paper = Recipe.read(Path("lab/recipes/grpo_7b.toml"))
    assert paper.batch * paper.accumulation * 6 == 72
    assert (paper.group, paper.beta, paper.rate, paper.temperature) == (6, 0.01, 2e-6, 1.0)
    bad = tmp_path / "bad.toml"
    bad.write_text("steps = 1\nbatch = 6\ngroups = 3\n")
    with pytest.raises(BadInput, match="groups"):
        Recipe.read(bad)
    with pytest.raises(BadInput, match="no checkpoint"):
        train(Recipe(steps=1, batch=6), [TOWN], tmp_path, kit(), tmp_path)
