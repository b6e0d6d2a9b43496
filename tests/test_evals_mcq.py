"""Multiple choice as an eval: the bench's systems in one go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personavlm.cli import main
from personavlm.evals.mcq import evaluate
from tests.bench_data import benchmark
from tests.fakes import answering, kit


def test_persons_are_asked_and_counted(tmp_path: Path) -> None:
    folder = benchmark(tmp_path, ("50/0", "50/1", "500/3"), truth=False)
    result = evaluate(folder, answering(answer="(b)"), kit(), tmp_path / "h", ("32k",), "none")
    plain = result.plain()
    assert (plain["mode"], plain["persons"], plain["n"]) == ("none", 2, {"mcq": 2, "alignment": 4})
    assert plain["overall_mcq"] == {"value": 100.0, "low": 100.0, "high": 100.0, "n": 2}
    assert "permuted" not in plain


def test_what_cannot_be_asked_has_failed_and_is_wrong(tmp_path: Path) -> None:
    folder = benchmark(tmp_path, ("50/0", "50/1"), truth=False)
    assert evaluate(folder, answering(answer="(b)"), kit(), tmp_path / "h", mode="oracle").plain()["failed"] == 6
    (folder / "samples/50/1/user_data.json").write_text("{")
    plain = evaluate(folder, answering(respond="<think></think><answer>(b)</answer>"), kit(), tmp_path / "h").plain()
    assert (plain["failed"], plain["n"]) == (3, {"mcq": 2, "alignment": 4})
    assert plain["overall_mcq"]["value"] == 50.0  # type: ignore[index]


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = benchmark(tmp_path / "bench", ("50/0", "200/1"))
    with pytest.raises(SystemExit, match="0"):
        main(["eval", "mcq", "--data", str(folder), "--setting", "32k", "--mode", "oracle", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["n"] == {"mcq": 1, "alignment": 2}
    assert printed["overall_mcq"]["value"] == 100.0
    with pytest.raises(SystemExit, match="2"):
        main(["eval", "mcq", "--data", str(folder), "--mode", "truth", "--json"])
    assert "no mode" in capsys.readouterr().out
