"""The GPU legs, in miniature on a CPU: parcels keep what went in, and every leg starts from the files of the last."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip("trl")
from lab.gpu import legs
from lab.gpu.parcel import receive, send, shrink
from lab.train_sft import Bounds
from personavlm.errors import BadInput
from personavlm.models import ImagePart
from personavlm.training.rendering import picture_tokens
from personavlm.training.scratch import SIZES, make_processor, train_tokenizer

PROCESSOR = make_processor(train_tokenizer(["a mug"] * 3, SIZES["random"]), SIZES["random"])


def picture(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "JPEG")
    return file.getvalue()


def test_a_parcel_in_several_parts_gives_back_what_went_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.gpu.parcel.PART", 1_000)
    content = bytes(range(256)) * 40 + Path(__file__).read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bin").write_bytes(content)
    parts = send("pack", [(tmp_path / "in", "deep/er"), (Path(__file__), "me.py")], tmp_path / "out")
    assert len(parts) > 1
    assert all(part.stat().st_size <= 1_000 for part in parts)
    found = receive("pack", tmp_path / "out", tmp_path / "again")
    assert (found / "deep" / "er" / "a.bin").read_bytes() == content
    assert (found / "me.py").read_bytes() == Path(__file__).read_bytes()
    with pytest.raises(BadInput, match="no part of base"):
        receive("base", tmp_path / "out", tmp_path / "again")


@settings(max_examples=25, deadline=None)
@given(st.integers(20, 900), st.integers(20, 900))
def test_a_shrunk_picture_has_the_patches_it_had(width: int, height: int) -> None:
    data = picture(width, height)
    small = shrink(data, PROCESSOR.image_processor)
    costs = [picture_tokens(PROCESSOR, ImagePart("p", one, "image/jpeg")) for one in (data, small)]
    assert costs[0] == costs[1]
    if max(width, height) < 4 * min(width, height):
        assert small[:4] == b"RIFF"


def test_a_speed_leaves_out_the_start(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    rows = ["tokens,seconds", *(f"{100 * n},{50 + n}" for n in range(20))]
    (tmp_path / "log.csv").write_text("\n".join(rows))
    weight = np.zeros((10, 5), np.float16)
    save_file({"w": weight}, tmp_path / "model.safetensors")
    speed = legs.speed_of(tmp_path / "log.csv", tmp_path)
    assert speed == {"tokens": 1900, "tokens_per_second": 100, "weights": 50, "share": 6 * 50 * 100 / legs.PEAK}
    (tmp_path / "log.csv").write_text("tokens,seconds\n1,1\n")
    with pytest.raises(BadInput, match="too short"):
        legs.speed_of(tmp_path / "log.csv", tmp_path)


def test_every_leg_has_a_recipe_and_a_miniature_of_the_same_course() -> None:
    for name, leg in legs.LEGS.items():
        whole, toy = legs.recipe_of(name, toy=False), legs.recipe_of(name, toy=True)
        assert (whole.stage, whole.schedule, bool(whole.workers)) == (toy.stage, toy.schedule, bool(toy.workers))
        assert (whole.base, toy.base) == ("scratch:mini", "scratch:random")
        assert leg.after in ("", *legs.LEGS)


@pytest.mark.slow
def test_all_legs_run_on_machines_that_share_nothing_but_files(tmp_path: Path) -> None:
    data, files = Path("data/worlds/train"), tmp_path / "files"
    for folder in ("pack", "base", "short", "long"):
        (tmp_path / folder).mkdir()
    legs.pack(data, data, files, tmp_path / "pack", toy=True)
    for leg in legs.LEGS:
        for part in legs.run(leg, files, tmp_path / "out", tmp_path / leg, Bounds(seconds=600), toy=True):
            part.rename(files / part.name)
    (tmp_path / "answers").mkdir()
    legs.ask(files, tmp_path / "answers", tmp_path / "ask", toy=True)
    shares = json.loads((tmp_path / "answers" / "long.json").read_text())["shares"]
    assert 0 <= shares["all"]["valid"]["value"] <= 100
    assert shares["all"]["valid"]["n"] > 10


@pytest.mark.slow
def test_a_leg_cut_short_goes_on_where_it_was(tmp_path: Path) -> None:
    data = Path("data/worlds/train")
    (tmp_path / "work").mkdir()
    legs.pack(data, data, tmp_path, tmp_path / "work", toy=True)
    legs.run("base", tmp_path, tmp_path, tmp_path / "work", Bounds(steps=4), toy=True)
    legs.run("base", tmp_path, tmp_path, tmp_path / "work", Bounds(), toy=True)
    steps = [line.split(",")[0] for line in (tmp_path / "work/runs/base/log.csv").read_text().splitlines()[1:]]
    assert steps == [str(step) for step in range(1, legs.recipe_of("base", toy=True).steps + 1)]
