"""Runs: every case once, whatever stops them; failures are rows; the same answers however they are spread."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from personavlm.assistant import DEFAULT_CONFIG
from personavlm.bench.cases import persona_mme
from personavlm.bench.engines import HERE, Engine, read_engine
from personavlm.bench.folders import Finished, Plan, read_run
from personavlm.bench.journals import Journal
from personavlm.bench.recipes import measure, recipe_of
from personavlm.bench.runs import Run, answered, ask_person, carry_out, entries
from personavlm.bench.scores import Scores
from personavlm.bench.systems import Ready, System
from personavlm.bench.values import Answered, Case, Person
from personavlm.errors import BadInput, ModelUnavailable
from personavlm.trace import Answer, Call, Step, Trace, Turn
from tests.bench_data import benchmark

ROOT = Path(__file__).resolve().parent.parent
SIZES = ("50/0", "50/1", "200/0")


@dataclass
class Steady:
    """A system whose answers depend on the case alone; told which cases break or are out of reach."""

    breaks: Sequence[str] = ()
    out_of_reach: Sequence[str] = ()
    unusable: Sequence[str] = ()
    asked: list[str] = field(default_factory=list)
    name: str = "steady"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:
        if person.id in self.unusable:
            raise BadInput("damaged.", "write it again.")
        yield Ready(self.ask, 2, (), 10)

    def ask(self, case: Case) -> Trace:
        self.asked.append(case.id)
        if case.id in self.out_of_reach:
            raise ModelUnavailable("the server is down.", "start it.")
        if case.id in self.breaks:
            raise KeyError("a defect")
        letter = case.options[len(case.id) % len(case.options)][0]
        call = Call("answer", "steady", 0.25, 10, 2)
        return Trace(Turn("t1", case.at, case.text), (Step("", Answer(f"({letter})")),), calls=(call,))


def steady() -> System:
    return Steady()


def plan(**changes: object) -> Plan:
    return replace(Plan("steady", "data/1", "steady", DEFAULT_CONFIG, DEFAULT_CONFIG), **changes)  # type: ignore[arg-type]


def persons(folder: Path) -> tuple[Person, ...]:
    place = folder / "bench"
    return persona_mme(place if place.is_dir() else benchmark(place, SIZES)).persons


def go(folder: Path, out: str, system: System | None = None, engine: Engine = HERE, workers: int = 1) -> Scores:
    make = (lambda: system) if system else steady
    (scores,) = carry_out([Run(plan(), folder / out, folder / "h", make)], persons(folder), engine, workers)
    return scores


def timeless(run: Finished) -> list[Answered]:
    return [replace(one, seconds=0.0) for one in run.answered]


def test_a_run_keeps_every_case_with_its_trace(tmp_path: Path) -> None:
    scores = go(tmp_path, "out")
    run = read_run(tmp_path / "out")
    assert [one.case for one in run.answered] == [c.id for p in persons(tmp_path) for c in p.cases]
    assert scores.mcq == 3
    assert json.loads((tmp_path / "out/scores.json").read_text())["n"] == {"mcq": 3, "alignment": 6}
    assert {one.turns for one in run.prepared} == {2}
    entry = run.entry("50/1", "50/1#1")
    assert entry.trace is not None
    assert entry.answered is not None
    assert entry.answered.reply == entry.trace.reply
    assert entry.answered.spends[0].tokens_in == 10
    assert run.plan == plan()
    with pytest.raises(BadInput, match="no case"):
        run.entry("50/1", "50/1#99")


def test_a_finished_run_asks_nothing_again(tmp_path: Path) -> None:
    first = go(tmp_path, "out")
    later = Steady()
    assert go(tmp_path, "out", later) == first
    assert later.asked == []


def test_a_run_that_was_killed_anywhere_goes_on_at_the_case(tmp_path: Path) -> None:
    go(tmp_path, "whole")
    (first, *_) = persons(tmp_path)
    for kept in range(len(first.cases) + 1):
        out = tmp_path / f"cut{kept}"
        run = Run(plan(), out, tmp_path / "h", steady)
        with Journal(out, first.id) as journal:
            for entry in list(entries(Steady(), first, first.cases, tmp_path))[: kept + 1]:
                journal.write(entry)
        with journal.path.open("a") as file:
            file.write('{"answered":{"case":"50/0#')  # a line that the kill cut
        later = Steady()
        ask_person([replace(run, make=lambda system=later: system)], first)  # type: ignore[misc]
        assert later.asked == [case.id for case in first.cases[kept:]]
        go(tmp_path, out.name)
        assert timeless(read_run(out)) == timeless(read_run(tmp_path / "whole"))


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("processes", "ray")]


@pytest.mark.parametrize("engine", ["threads", *SLOW])
def test_workers_change_no_answer(tmp_path: Path, engine: str) -> None:
    if engine == "ray":
        pytest.importorskip("ray")
    go(tmp_path, "one")
    go(tmp_path, "many", engine=read_engine(engine), workers=2)
    assert timeless(read_run(tmp_path / "one")) == timeless(read_run(tmp_path / "many"))


def test_several_runs_in_one_pass_are_those_made_alone(tmp_path: Path) -> None:
    go(tmp_path, "alone")
    other = Run(plan(seed=1), tmp_path / "b", tmp_path / "h", partial(Steady, ("50/0#0",)))
    scores = carry_out([Run(plan(), tmp_path / "a", tmp_path / "h", steady), other], persons(tmp_path))
    assert [one.failed for one in scores] == [0, 1]
    assert timeless(read_run(tmp_path / "a")) == timeless(read_run(tmp_path / "alone"))


def test_what_breaks_is_a_row_and_the_rest_is_asked(tmp_path: Path) -> None:
    scores = go(tmp_path, "out", Steady(breaks=["50/0#0"], unusable=["50/1"]))
    rows = {one.case: one for one in read_run(tmp_path / "out").answered}
    failed = {case for case, one in rows.items() if one.failed}
    assert failed == {"50/0#0", "50/1#1", "50/1#1~", "50/1#1+", "50/1#1-"}
    assert all(not rows[case].right for case in failed)
    assert (scores.failed, scores.mcq, scores.alignment) == (4, 3, 6)
    why = read_run(tmp_path / "out").entry("50/0", "50/0#0").answered
    assert why is not None
    assert why.why == "KeyError: 'a defect'"


def test_a_run_of_failures_alone_is_a_run(tmp_path: Path) -> None:
    scores = go(tmp_path, "out", Steady(unusable=SIZES))
    assert (scores.failed, scores.overall_mcq.value) == (9, 0.0)
    assert read_run(tmp_path / "out").prepared == ()
    (tmp_path / "out/run.json").write_text("{")
    with pytest.raises(BadInput, match="damaged"):
        read_run(tmp_path / "out")


def test_a_server_that_misses_once_is_a_row_and_one_that_is_down_stops_the_run(tmp_path: Path) -> None:
    assert go(tmp_path, "once", Steady(out_of_reach=["50/0#0", "50/0#0~"])).failed == 1
    down = Steady(out_of_reach=["50/0#0~", "50/0#0+", "50/0#0-"])
    with pytest.raises(ModelUnavailable):
        go(tmp_path, "down", down)
    later = Steady()
    assert go(tmp_path, "down", later).failed == 0
    assert later.asked[0] == "50/0#0~", "what was out of reach is asked again, what was answered is not"


def test_a_folder_belongs_to_one_plan(tmp_path: Path) -> None:
    go(tmp_path, "out")
    other = Run(plan(seed=7), tmp_path / "out", tmp_path / "h", steady)
    with pytest.raises(BadInput, match="another seed"):
        carry_out([other], persons(tmp_path))
    told = json.loads((tmp_path / "out/run.json").read_text())
    told["provenance"]["code"] = "older"
    (tmp_path / "out/run.json").write_text(json.dumps(told))
    with pytest.raises(BadInput, match="another code"):
        go(tmp_path, "out")
    with pytest.raises(BadInput, match="no finished run"):
        read_run(tmp_path / "nowhere")


def test_tables_hold_ids_and_numbers_only(tmp_path: Path) -> None:
    import polars as pl

    go(tmp_path, "out")
    for name in ("results", "persons"):
        table = pl.read_parquet(tmp_path / "out" / f"{name}.parquet")
        texts = [value for column in table.select(pl.selectors.string()) for value in column if value]
        assert texts
        assert not any("Sprite" in text or "ginger" in text for text in texts)


def test_words_of_free_answers_stay_out_of_the_tables(tmp_path: Path) -> None:
    (case, *_) = persons(tmp_path)[0].cases
    trace = Steady().ask(case)
    free = replace(case, options=(), gold="ginger beer")
    for reply, said in (("Ginger beer, she told me.", "text"), ("", "")):
        one = answered(free, replace(trace, steps=(Step("", Answer(reply)),)), lambda _case, text: (text, 0.5))
        assert (one.said, one.gold, one.score) == (said, "", 0.5)


@pytest.mark.slow
def test_the_embedded_model_says_the_same_alone_and_side_by_side(tmp_path: Path) -> None:
    """Vectors differ in their last bits with what was encoded beside them: no answer may hang on that."""
    told = {"data": ROOT / "data/worlds/bench", "setting": "32k", "limit": 2}
    for name, workers in (("one", 1), ("two", 2)):
        own = {"out": tmp_path / name, "replays": tmp_path / f"{name}-replays", "workers": workers}
        measure(recipe_of(told | own))
    one, two = (read_run(tmp_path / name) for name in ("one", "two"))
    assert [(a.case, a.said, a.score) for a in one.answered] == [(a.case, a.said, a.score) for a in two.answered]
