"""Laws of supervised fine-tuning on eight short samples: learnt exactly, resumed unchanged, batches split at will."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from personavlm.errors import BadInput
from personavlm.models import Message, Sampling

pytest.importorskip("trl")
from lab.train_sft import Bounds, Recipe, train

pytestmark = pytest.mark.slow
THINGS = ("mug", "lamp", "kettle", "scarf", "drum", "clock", "boot", "chair")
COLOURS = ("red", "blue", "green", "white", "black", "grey", "pink", "gold")
EIGHT = Recipe("scratch:random", steps=2, batch=8, rate=3e-3, warmup=0.0, schedule="constant", longest=200)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight samples, every second with a picture, in the layout of ``synth train``."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "images").mkdir()
    rows = []
    for number, (thing, colour) in enumerate(zip(THINGS, COLOURS, strict=True)):
        asked: list[dict[str, str]] = [{"type": "text", "text": f"What colour is my {thing}?"}]
        images = []
        if number % 2:
            asked.append({"type": "image"})
            images.append(f"images/{thing}.png")
            (folder / images[0]).write_bytes(square(colour))
        answer = [{"type": "text", "text": f"<think>the {thing}</think><answer>{colour}</answer>"}]
        messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
        rows.append({"messages": messages, "images": images, "kind": "reasoning", "person": "train-0"})
    (folder / "sft.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def square(colour: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (56, 56), colour).save(file, "PNG")
    return file.getvalue()


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def gap(first: Path, second: Path) -> float:
    a, b = weights(first), weights(second)
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def test_eight_samples_are_learnt_to_the_letter(data: Path, tmp_path: Path) -> None:
    from personavlm.models.loading import load_model

    folder = train(replace(EIGHT, steps=120, log_every=40, save_every=1000), data, tmp_path)
    model = load_model(f"hf:{folder}")
    for thing, colour in list(zip(THINGS, COLOURS, strict=True))[::2]:
        asked = [Message("user", (f"What colour is my {thing}?",))]
        said = model.complete(asked, Sampling(max_tokens=40))
        assert said.text == f"<think>the {thing}</think><answer>{colour}</answer>"
        assert said.finished
    losses = (tmp_path / "log.csv").read_text().splitlines()
    assert losses[0].startswith("step,loss")


def test_a_run_taken_up_again_equals_an_unbroken_one(data: Path, tmp_path: Path) -> None:
    recipe = replace(EIGHT, steps=6, batch=2, rate=1e-3, schedule="cosine", limits=(30,))
    whole = train(recipe, data, tmp_path / "whole")
    train(recipe, data, tmp_path / "broken", Bounds(steps=3))
    resumed = train(recipe, data, tmp_path / "broken")
    assert gap(whole, resumed) == 0.0


def test_one_batch_of_eight_is_eight_of_one(data: Path, tmp_path: Path) -> None:
    plain = replace(EIGHT, steps=1, rate=1.0, clip=1e9, optimizer="sgd")  # one step of SGD is the gradient itself
    together = train(plain, data, tmp_path / "together")
    apart = train(replace(plain, batch=1, accumulation=8), data, tmp_path / "apart")
    start = train(replace(plain, rate=0.0), data, tmp_path / "start")
    assert gap(start, together) > 0.1
    assert gap(together, apart) < 1e-4


def test_lora_trains_the_language_layers_and_merges_to_the_same_model(data: Path, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    base = train(replace(EIGHT, steps=1), data, tmp_path / "base")
    adapter = train(replace(EIGHT, base=str(base), steps=3, lora=4), data, tmp_path / "lora")
    settings = json.loads((adapter / "adapter_config.json").read_text())
    assert settings["r"] == 4
    ids = torch.arange(20)[None]
    adapted = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(base), adapter).eval()
    plain = AutoModelForImageTextToText.from_pretrained(base).eval()
    with torch.no_grad():
        before, with_adapter = plain(input_ids=ids).logits, adapted(input_ids=ids).logits
        merged = adapted.merge_and_unload()(input_ids=ids).logits
    assert not torch.allclose(before, with_adapter, atol=1e-3)
    assert torch.allclose(with_adapter, merged, atol=1e-5)
    assert not any("visual" in name for name, _ in adapted.named_parameters() if "lora" in name)


def test_two_processes_share_a_run(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('base = "scratch:random"\nsteps = 2\nbatch = 2\nrate = 1e-3\nlongest = 200\n')
    command = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "lab.train_sft"]
    arguments = [str(recipe), "--data", str(data), "--out", str(tmp_path / "run")]
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    for _ in range(6):  # on some machines gloo's two ends now and then do not find each other, before anything of ours
        done = subprocess.run(
            [sys.executable, "-m", *command, *arguments], env=environment, capture_output=True, text=True, timeout=600
        )
        if "Gloo connectFullMesh failed" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-6000:]
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
    assert '"processes": 2' in (tmp_path / "run" / "run.json").read_text()


def test_a_recipe_with_an_unknown_field_or_word_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('base = "scratch:tiny"\nsteps = 1\nbatch = 1\nlearning_rate = 1\n')
    with pytest.raises(BadInput, match="learning_rate"):
        Recipe.read(path)
    for line, named in (
        ('stage = "bas"', "bas"),
        ('precision = "fp16"', "fp16"),
        ("workers = 2\nmastered = 0.9", "climb"),
    ):
        path.write_text(f'base = "scratch:tiny"\nsteps = 1\nbatch = 1\n{line}\n')
        with pytest.raises(BadInput, match=named):
            Recipe.read(path)
    assert Recipe.read(Path("lab/recipes/sft_smoke.toml")).limits == (512,)


def test_from_worlds_to_a_measured_model(tmp_path: Path) -> None:
    """Data, base, SFT and bench, each a few steps, with what a trained model needs and nothing else."""
    from typer.testing import CliRunner

    from personavlm.cli import app
    from personavlm.synthesis.training import make_training_set, training_world

    data = tmp_path / "data"
    make_training_set(data, seed=0, persons=3, make=training_world, processes=1)
    base = Recipe("scratch:random", steps=6, batch=4, stage="base", persons=2, drills=200, longest=256, limits=(64,))
    first = train(replace(base, mastered=0.01, probe_every=3, probe_each=2), data, tmp_path / "base")
    sft = Recipe(str(first), steps=4, batch=2, longest=1024, limits=(512,), drills=20, probe_every=2, probe_each=2)
    model = train(sft, data, tmp_path / "sft")
    for run in ("base", "sft"):
        assert (tmp_path / run / "curves.csv").read_text().startswith("step,limit,kind,examples,exact,tokens\n")
    asked = ["bench", "run", "--data", "persona-mme", "data/worlds/bench", "--setting", "32k", "--limit", "1"]
    options = ["--model", f"hf:{model}?max_tokens=8", "--workers", "1", "--engine", "threads", "--json"]
    done = CliRunner().invoke(app, [*asked, *options, "--out", str(tmp_path / "bench")])
    assert done.exit_code == 0, done.output
    assert 0 <= json.loads(done.stdout)["overall_mcq"]["value"] <= 100


def test_training_needs_neither_polars_nor_faiss_nor_streamlit(data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('base = "scratch:random"\nsteps = 1\nbatch = 2\nlongest = 200\ndrills = 4\n')
    arguments = ["train_sft", str(tmp_path / "recipe.toml"), "--data", str(data), "--out", str(tmp_path / "run")]
    program = (
        "import runpy, sys\n"
        "sys.modules.update(dict.fromkeys(('polars', 'faiss', 'streamlit', 'sentence_transformers')))\n"
        f"sys.argv = {arguments!r}\n"
        "runpy.run_module('lab.train_sft', run_name='__main__')\n"
        "import lab.gpu.legs, lab.eval_sft\n"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-6000:]
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
