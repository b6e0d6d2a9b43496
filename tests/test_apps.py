"""The inspector: every page on a scripted model and a small home, and one journey in a real browser."""

from __future__ import annotations

import ast
import json
import sqlite3
import sys
import time as clock
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from personavlm import demo
from personavlm.assistant import Assistant, Kit, create_user
from personavlm.bench.scores import Figure
from personavlm.bench.values import Case
from personavlm.datasets import OwnConversation
from personavlm.datasets.dialogue import Dialogue, GivenTurn
from personavlm.doctor import Check, Report
from personavlm.errors import ModelUnavailable
from personavlm.inspection import packed
from personavlm.memory import Add, Memory
from personavlm.models import Model, loading
from personavlm.models.room import look_at_machine
from personavlm.models.scripted import Scripted
from personavlm.personality import NEUTRAL, Profile, evolve
from personavlm.prompts import slot
from personavlm.store import DATABASE, Store, users
from personavlm.trace import Answer, Step, Trace, Turn
from personavlm.training.questions import Question
from personavlm.training.rewards import Reward
from personavlm.training.rollouts import Group, Kept, Rollout, keep, write_log
from tests.fakes import NOTHING_NEW, answering, kit, look_up, remember
from tests.test_bench_runs import Steady
from tests.test_bench_runs import go as run_bench

st = pytest.importorskip("streamlit", reason="the inspector needs the extra apps")
from streamlit.testing.v1 import AppTest  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
SECONDS = 30


def model() -> Scripted:
    """Remembers that the sister plays the cello, reads extraversion from "party", looks things up before it answers."""
    outgoing = NOTHING_NEW["personality"].replace('"extraversion": 3', '"extraversion": 5')
    return answering(
        semantic=lambda ms: (
            remember("sister plays the cello") if "cello" in slot(ms, "UserQuery") else '"decision": false'
        ),
        personality=lambda ms: outgoing if "party" in slot(ms, "UserQuery") else NOTHING_NEW["personality"],
        respond=look_up("cello"),
        respond_more="<think>found it</think><answer>She plays the <b>cello</b>.</answer>",
    )


def photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one user: four turns in two sessions, one of them with a picture."""
    dana = Assistant(create_user(tmp_path, "Dana", NOON), model(), kit=kit())
    told = ("My sister plays the cello.", "What a party that was!", "![x](http://example.org/x.png) *hm*", "And this?")
    for minutes, text in zip((0, 2, 300, 301), told, strict=True):
        dana.say(NOON + timedelta(minutes=minutes), text, [photo()] if text == "And this?" else [])
        dana.flush()
    dana.tick(NOON + timedelta(days=1))
    dana.store.close()
    return tmp_path


def use(monkeypatch: pytest.MonkeyPatch, home: Path, speaking: Model | None = None) -> None:
    monkeypatch.setenv("PERSONAVLM_HOME", str(home))
    monkeypatch.delenv("PERSONAVLM_MODEL", raising=False)
    monkeypatch.setenv("PERSONAVLM_RUNS", str(home / "runs"))
    monkeypatch.syspath_prepend(str(ROOT / "apps"))
    monkeypatch.setattr(loading, "load_model", lambda setting: speaking or model())
    monkeypatch.setattr(Kit, "load", staticmethod(lambda prompts=None: kit()))
    import inspector_runs

    monkeypatch.setattr(inspector_runs, "SHIPPED", home / "nothing shipped")
    st.cache_resource.clear()


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    use(monkeypatch, home)
    yield opened()
    finish()


def opened() -> AppTest:
    return AppTest.from_file(str(ROOT / "apps" / "inspector.py"), default_timeout=SECONDS).run()


def finish() -> None:
    """Let the workers end, so that no thread outlives its test."""
    import inspector_desk

    for worker in inspector_desk._workers().values():
        worker.stop()
    st.cache_resource.clear()


def go(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"inspector_pages/{page}.py").run()


def drawn(app: AppTest) -> str:
    """Everything drawn as HTML."""
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def healthy(app: AppTest) -> None:
    assert not app.exception
    assert [e.value for e in app.error] == []


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_chat_shows_the_past_and_what_was_inside_the_last_answer(app: AppTest) -> None:
    healthy(app)
    page = drawn(app)
    assert "My sister plays the cello." in page
    assert "session s2 · Monday 3 March 2025" in page
    assert "Looked up" in page
    assert "memory=m1_1" in page  # a hit leads to its memory
    assert 'src="data:image/jpeg' in page  # the picture, small, in the page itself


def test_words_are_shown_as_typed_and_never_rendered(app: AppTest) -> None:
    page = drawn(app)
    assert "She plays the &lt;b&gt;cello&lt;/b&gt;." in page
    assert "![x](http://example.org/x.png) *hm*" in page
    assert not any("example.org" in element.value for element in app.markdown)


def test_saying_something_shows_hits_and_what_was_learnt(app: AppTest, home: Path) -> None:
    app.chat_input[0].set_value("Who plays the cello in my family?").run()
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert store.last_turn().text == "Who plays the cello in my family?"  # type: ignore[union-attr]
        assert store.last_turn().time > NOON + timedelta(days=1)  # type: ignore[union-attr]
    import inspector_desk

    inspector_desk.open_desk("Dana").assistant.flush()
    page = drawn(app.run())
    assert "fused" in page
    assert "&quot;cello&quot;" in page.split("turn t5")[1]  # the reason quotes the word that was found
    assert "turn t5" in page
    assert "still to be learnt" not in page


def test_only_asking_stores_nothing_and_knows_only_the_past(app: AppTest, home: Path) -> None:
    app.segmented_control(key="clock").set_value("Only ask, as of …").run()
    app.datetime_input[0].set_value(datetime(2025, 3, 3, 12, 1)).run()
    app.chat_input[0].set_value("Who plays the cello?").run()
    healthy(app)
    assert "only asked, as of 3 Mar 2025" in drawn(app)
    with Store.open(home, "Dana") as store:
        assert store.counts()[0] == 4


def test_traits_for_one_answer_are_only_asked(app: AppTest, home: Path) -> None:
    app.multiselect(key="as if").set_value(["openness"]).run()
    app.slider(key="as if openness").set_value(4.5).run()
    app.chat_input[0].set_value("Who plays the cello?").run()
    healthy(app)
    assert "only asked as if openness 4.5" in drawn(app)
    with Store.open(home, "Dana") as store:
        assert store.counts()[0] == 4


def test_why_this_leads_to_the_memory(app: AppTest) -> None:
    links = [link.proto.label for link in app.get("page_link")]
    assert any(label.startswith("Why this? ") for label in links)
    assert "Its trace" in links


def test_another_model_holds_for_this_tab(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    other = answering(respond="<think>x</think><answer>Quite another voice.</answer>")
    monkeypatch.setattr(loading, "load_model", lambda setting: other if setting == "other" else model())
    next(box for box in app.text_input if box.label == "Model").set_value("other")
    press(app, "Use")
    app.chat_input[0].set_value("Hello?").run()
    healthy(app)
    assert "Quite another voice." in drawn(app)


def test_a_time_before_the_last_turn_is_refused_with_its_remedy(app: AppTest) -> None:
    app.segmented_control(key="clock").set_value("At a set time").run()
    app.datetime_input[0].set_value(datetime(2024, 1, 1, 12, 0)).run()
    app.chat_input[0].set_value("Too early").run()
    assert not app.exception
    assert "lies before the last turn" in app.error[0].value
    assert "Give a later time" in app.error[0].value


# ── memories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_memories_show_cards_history_and_why_not(app: AppTest) -> None:
    go(app, "memories")
    healthy(app)
    assert "sister plays the cello" in drawn(app)
    app.button(key="open m1_1").click().run()
    assert app.query_params["memory"] == "m1_1"
    assert "Came back for" in drawn(app)
    app.text_input(key="question").set_value("Who plays the cello?")
    press(app, "Ask")
    healthy(app)
    assert any("It came back" in element.value for element in app.markdown)
    assert "1 of 1 semantic memories" in drawn(app)


def test_memories_as_of_a_moment_know_nothing_later_and_are_not_changed(app: AppTest) -> None:
    go(app, "memories")
    assert "episodic" in drawn(app)
    app.select_slider[0].set_value(NOON).run()
    healthy(app)
    assert "e1_1" not in drawn(app)
    assert not [button for button in app.button if button.label == "Correct it"]
    go(app, "timeline")
    assert app.select_slider[0].value == NOON  # other pages keep the moment


def test_a_memory_is_corrected_with_a_reason_and_brought_back(app: AppTest, home: Path) -> None:
    go(app, "memories")
    app.button(key="open m1_1").click().run()
    app.text_area(key="right m1_1").set_value("sister plays the viola")
    press(app, "Correct it")
    assert "No reason was given" in app.error[0].value
    app.text_input(key="why right m1_1").set_value("misheard")
    press(app, "Correct it")
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert store.state().memories["m1_1"].status == "superseded"
        assert store.state().memories["h1"].text == "sister plays the viola"
    assert '<span class="pv-gone">cello</span>' in drawn(app)
    app.button(key="back m1_1").click().run()
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert [m.text for m in store.state().current("semantic")] == ["sister plays the cello"]


def test_a_memory_is_retired(app: AppTest, home: Path) -> None:
    go(app, "memories")
    app.button(key="open m1_1").click().run()
    app.text_input(key="why gone m1_1").set_value("she stopped")
    press(app, "Retire it")
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert store.state().memories["m1_1"].status == "retired"


def test_a_contradiction_waits_to_be_decided(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(home, "Dana") as store:
        when = max(edit.time for edit in store.edits())
        liking = {"kind": "preference", "value": "tea"}
        for id, polarity in (("x1", 1), ("x2", -1)):
            said = "likes tea" if polarity == 1 else "dislikes tea"
            memory = Memory(id, "semantic", said, when, ("t1",), attribute="tea", polarity=polarity, **liking)  # type: ignore[arg-type]
            store.record("t1", [Add(when, ("t1",), memory)])
    use(monkeypatch, home)
    app = go(opened(), "memories")
    app.segmented_control(key="view").set_value("To decide").run()
    assert "liked and disliked" in drawn(app)
    press(app, "Keep the newer")
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert {m.id for m in store.state().current() if "tea" in m.text} == {"x2"}
    app.segmented_control(key="view").set_value("Core and habits").run()
    healthy(app)
    assert "name: Dana" in drawn(app)
    finish()


# ── timeline, graph ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_timeline_goes_back_with_the_whole_page(app: AppTest) -> None:
    go(app, "timeline")
    healthy(app)
    assert app.get("plotly_chart")
    assert "4 turns" in drawn(app)
    assert "new episodic" in drawn(app)
    app.select_slider[0].set_value(NOON).run()
    healthy(app)
    assert "1 turn ·" in drawn(app)
    assert "How they came across then" in drawn(app)
    assert app.query_params["moment"] == NOON.isoformat()


def test_the_timeline_is_filtered_by_type_and_words(app: AppTest) -> None:
    go(app, "timeline")
    app.text_input(key="timeline words").set_value("cello").run()
    healthy(app)
    app.button_group(key="timeline types").set_value([]).run()
    healthy(app)


def test_the_graph_names_groups_and_goes_back(app: AppTest) -> None:
    go(app, "graph")
    healthy(app)
    assert "Groups, by size" in drawn(app)
    app.select_slider[0].set_value(NOON).run()
    healthy(app)
    assert "2 memories" in drawn(app)


# ── personality ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_personality_shows_steps_and_takes_the_users_word(app: AppTest, home: Path) -> None:
    go(app, "personality")
    healthy(app)
    assert app.get("plotly_chart")
    assert f"extraversion 3.0 → {evolve(NEUTRAL, Profile(extraversion=5), 1).extraversion:.1f}" in drawn(app)
    app.multiselect[0].set_value(["openness"]).run()
    next(slider for slider in app.slider if slider.label == "openness").set_value(1.5)
    press(app, "Set")
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert dict(store.state().estimate.overrides) == {"openness": 1.5}
    press(app, "Lift all")
    with Store.open(home, "Dana") as store:
        assert store.state().estimate.overrides == ()


def test_personality_under_other_rules_without_a_session_and_beside_the_truth(app: AppTest) -> None:
    go(app, "personality")
    for view, shown in (
        ("Other rules", "Where each rule ends"),
        ("Without a session", "What the session did"),
        ("Ten known persons", "true"),
    ):
        app.segmented_control(key="personality view").set_value(view).run()
        healthy(app)
        assert view == "Ten known persons" or shown in drawn(app)
    app.segmented_control(key="personality view").set_value("Other rules").run()
    app.button_group(key="rules").set_value([]).run()
    healthy(app)


# ── retrieval, trace ─────────────────────────────────────────────────────────────────────────────────────────────


def test_retrieval_lists_candidates_and_turns_with_the_weights(app: AppTest) -> None:
    go(app, "retrieval")
    app.text_input(key="ask Dana").set_value("Who plays the cello?").run()
    healthy(app)
    before = app.dataframe[0].value
    assert set(before["id"]) >= {"m1_1"}
    app.slider(key="weight dense").set_value(0.0).run()
    healthy(app)
    assert not app.dataframe[0].value["fused"].equals(before["fused"])
    press(app, "Back to the defaults")
    assert app.dataframe[0].value["fused"].equals(before["fused"])
    app.text_input(key="missing").set_value("c0_1").run()
    assert "core memory is in every prompt" in drawn(app)
    app.date_input(key="period Dana").set_value((NOON.date(), NOON.date())).run()
    healthy(app)


def test_trace_shows_steps_prompts_and_tells_again(app: AppTest) -> None:
    app.query_params["turn"] = "t4"
    go(app, "trace")
    healthy(app)
    assert "Looked up" in drawn(app)
    app.segmented_control(key="trace view").set_value("Prompts").run()
    healthy(app)
    assert "what the model said" in drawn(app)
    app.segmented_control(key="trace view").set_value("Tell again").run()
    press(app, "Tell again")
    healthy(app)
    assert "As it was" in drawn(app)
    app.segmented_control(key="trace view").set_value("One memory less").run()
    press(app, "Leave one out")
    healthy(app)
    assert "without semantic m1_1" in drawn(app)


# ── benchmark, training ──────────────────────────────────────────────────────────────────────────────────────────


class Right(Steady):
    """A system that is always right."""

    def ask(self, case: Case) -> Trace:
        return Trace(Turn("t1", case.at, case.text), (Step("I know.", Answer(f"({case.gold})")),))


@pytest.fixture
def runs(home: Path) -> Path:
    """Two runs of the bench that disagree, a training run, and one with a group of rollouts."""
    made = home / "runs"
    run_bench(made, "full-system", Right())
    run_bench(made, "breaking", Steady(breaks=["50/0#0"]))
    (made / "full-system" / "baselines.json").write_text(json.dumps({"longest": Figure(26, 24, 28, 3).plain()}))
    for name in ("sft", "grpo"):
        (made / name).mkdir()
    write_log(made / "sft", ["loss"], [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 2.25}])
    write_log(made / "grpo", ["reward"], [{"step": 1, "reward": 0.5}])
    keep(made / "grpo", Kept(1, 0.01, (group(),)))
    return made


def group() -> Group:
    """Two rollouts of one question, one of which could not be scored."""
    question = Question("p/1", "p", NOON, "What does she play?", "open", "cello")
    right = Trace(Turn("t1", NOON, question.text), (Step("I looked.", Answer("The <b>cello</b>.")),))
    scored = Rollout(right, ("x",), Reward(1.0, 0.5, 1.0, cost=0.1), 1.0, 12)
    return Group(question, (scored, Rollout(right, ("x",), None, 0.0, 3, "the judge could not be asked")))


def test_the_benchmark_shows_what_is_right_beside_guessing(runs: Path, app: AppTest) -> None:
    go(app, "benchmark")
    healthy(app)
    assert app.get("plotly_chart")
    assert "“full system” answers" in drawn(app)
    assert "The best blind rule gets 26.0 [24.0, 28.0]" in drawn(app)
    assert [app.selectbox(key="chosen shelf").value, app.selectbox(key="chosen setting").value] == ["runs", "32k"]
    app.segmented_control(key="columns").set_value("by task").run()
    healthy(app)
    app.selectbox(key="chosen setting").set_value("128k").run()
    healthy(app)
    assert app.query_params["setting"] == "128k"
    for view in ("What parts are worth", "Cost", "As published"):
        app.segmented_control(key="benchmark view").set_value(view).run()
        healthy(app)
    assert "not comparable with what was measured here" in drawn(app)


def test_two_runs_are_compared_down_to_both_traces(runs: Path, app: AppTest) -> None:
    app.query_params["view"] = "Compare two"
    app.query_params["from"], app.query_params["to"] = "breaking", "full system"
    go(app, "benchmark")
    healthy(app)
    assert "paired over persons" in drawn(app)
    case = app.dataframe[0].value["case"][0]
    app.query_params["case"] = case
    app.run()
    healthy(app)
    assert "Which drink do I like best" in drawn(app)
    assert "a defect" in drawn(app)
    app.selectbox(key="chosen from").set_value("full system").run()
    assert "Choose two different ones." in drawn(app)


def test_a_damaged_run_is_told(runs: Path, app: AppTest) -> None:
    (runs / "breaking" / "run.json").write_text("{")
    go(app, "benchmark")
    assert not app.exception
    assert "damaged" in app.error[0].value
    (runs / "sft" / "log.csv").write_text("step,loss\n1,x\n")
    app.query_params["run"] = "sft"
    go(app, "training")
    assert not app.exception
    assert "damaged" in app.error[0].value


def test_training_shows_curves_side_by_side(runs: Path, app: AppTest) -> None:
    app.query_params["run"] = "sft"
    go(app, "training")
    healthy(app)
    assert "2 steps: loss 2.5 → 2.25" in drawn(app)
    app.multiselect(key="runs beside").set_value(["grpo"]).run()
    healthy(app)
    app.segmented_control(key="training view").set_value("Rollouts").run()
    assert "kept no rollouts" in drawn(app)
    app.segmented_control(key="training view").set_value("Recipe").run()
    assert "written when the run ends" in drawn(app)


def test_rollouts_stand_side_by_side_with_their_rewards(runs: Path, app: AppTest) -> None:
    app.query_params["run"], app.query_params["view"] = "grpo", "Rollouts"
    go(app, "training")
    healthy(app)
    page = drawn(app)
    assert "reward 0.90 · advantage +1.00" in page  # 1.0 · 0.5 + 0.5 · 1.0 - 0.1
    assert "not scored: the judge could not be asked" in page
    assert "The &lt;b&gt;cello&lt;/b&gt;." in page
    app.button_group(key="side by side").set_value([]).run()
    healthy(app)


def test_without_runs_the_pages_say_how_to_make_some(app: AppTest) -> None:
    for page, command in (("benchmark", "personavlm bench run"), ("training", "lab.train_sft")):
        go(app, page)
        healthy(app)
        assert any(command in code.value for code in app.code)


# ── workspace ────────────────────────────────────────────────────────────────────────────────────────────────────


def view(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="workspace view").set_value(name).run()


def test_a_user_is_taken_out_and_brought_in_under_another_name(app: AppTest, home: Path) -> None:
    go(app, "workspace")
    healthy(app)
    assert "<td>Dana</td><td class=num>4</td><td class=num>2</td>" in drawn(app)
    press(app, "Check")
    assert "Every record and picture is as it was stored." in drawn(app)
    with Store.open(home, "Dana") as store:
        archive = packed(store)
    app.file_uploader(key="brought").set_value(("dana.zip", archive, "application/zip")).run()
    healthy(app)
    assert "lives here already" in drawn(app)
    app.text_input(key="brought name").set_value("Dana the second").run()
    press(app, "Bring in")
    healthy(app)
    assert users(home) == ["Dana", "Dana the second"]
    assert app.selectbox(key="user").value == "Dana the second"


def test_what_was_learnt_only_in_part_is_shown_and_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(home, "Dana") as store:
        bad = Assistant(store, answering(semantic="<i>no decision</i>"), kit=kit())
        bad.say(NOON + timedelta(days=2), "My sister plays the cello, what a party!")
        bad.flush()
    use(monkeypatch, home, answering(semantic=remember("has a boat")))
    app = view(go(opened(), "workspace"), "Learning")
    healthy(app)
    assert "&lt;i&gt;no decision&lt;/i&gt;" in drawn(app)
    assert "<td>semantic</td><td class=num>5</td><td class=num>1</td>" in drawn(app)
    press(app, "Try again")
    import inspector_desk

    store = inspector_desk.open_desk("Dana").store
    wait_until(lambda: not store.jobs("queued") and not store.jobs("failed"))
    app.run()
    healthy(app)
    assert "Everything was learnt." in drawn(app)
    assert [m.text for m in store.state().current("semantic")][-1] == "has a boat"
    assert [edit.op for edit in store.edits("t5")].count("observe") == 1  # the traits are read anew, not twice
    assert store.verify() == []
    finish()


def test_an_erasure_is_looked_at_first_and_reported_afterwards(app: AppTest, home: Path) -> None:
    view(go(app, "workspace"), "Erase")
    app.text_input(key="erase A name").set_value("cello").run()
    healthy(app)
    assert "would go" in drawn(app)
    assert "sister plays the cello" in drawn(app)
    with Store.open(home, "Dana") as store:
        assert store.counts()[0] == 4
    assert next(button for button in app.button if button.label == "Erase").disabled
    app.text_input(key="sure to erase").set_value("Dana").run()
    press(app, "Erase")
    healthy(app)
    assert "nothing was found" in app.success[0].value
    with Store.open(home, "Dana") as store:
        assert not any("cello" in trace.turn.text for trace in store.traces())
    app.text_input(key="erase A name").set_value("!!").run()
    assert not app.exception
    assert "No name was given" in app.error[0].value
    app.segmented_control(key="erase kind").set_value("Some days").run()
    app.date_input[0].set_value((NOON.date(), NOON.date())).run()
    healthy(app)
    assert "would go" in drawn(app)


def test_a_whole_user_is_erased(app: AppTest, home: Path) -> None:
    view(go(app, "workspace"), "Erase")
    app.text_input(key="sure to erase whole").set_value("Dana").run()
    press(app, "Erase the user")
    assert not app.exception
    assert users(home) == []
    assert "nobody lives here yet" in drawn(app).lower()


def test_health_and_tour(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    import inspector_desk

    monkeypatch.setattr(inspector_desk, "examine", lambda model, home: looked_at(home))
    st.cache_data.clear()
    view(go(app, "workspace"), "Health")
    press(app, "Look at this machine")
    healthy(app)
    assert "Something that is needed is missing." in drawn(app)
    assert "<td>✗</td><td>disk</td>" in drawn(app)
    view(app, "Tour")
    healthy(app)
    assert drawn(app).count("<a href=") == 14
    assert 'href="./personality?user=Dana&amp;view=Other+rules"' in drawn(app)
    assert "00_meet_the_assistant" in drawn(app)


def looked_at(home: Path) -> Report:
    return Report(look_at_machine(), (Check("disk", False, str(home), "free some."), Check("home", True, "fine")), ())


def test_the_demo_is_put_back(app: AppTest, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = Dialogue("Dana", "Pip", (GivenTurn(NOON, "I moved to Porto.", "Nice."),))
    monkeypatch.setattr(demo, "conversations", lambda: (OwnConversation("", "", "", False, shipped, (), (), ()),))
    go(app, "workspace")
    app.checkbox(key="sure of the demo").check().run()
    press(app, "Put it back")
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert [trace.turn.text for trace in store.traces()] == ["I moved to Porto."]


def test_an_empty_home_can_look_at_runs_and_bring_somebody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)
    app = go(opened(), "workspace")
    healthy(app)
    assert "Nobody lives here yet." in drawn(app)
    for name in ("Learning", "Erase", "Tour"):
        healthy(view(app, name))
    healthy(go(app, "benchmark"))
    finish()


# ── what all pages share ─────────────────────────────────────────────────────────────────────────────────────────


PAGES = tuple(sorted(path.stem for path in (ROOT / "apps" / "inspector_pages").glob("*.py")))
WITHOUT_MEMORY = {"benchmark": "read_shelf(", "training": "read_history(", "workspace": "residents("}
"""Pages that show no user's memory, with what their snippet calls."""
OF_A_USER = tuple(page for page in PAGES if page not in WITHOUT_MEMORY)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_taken_away_and_projected(runs: Path, app: AppTest, page: str) -> None:
    app.toggle(key="projector").set_value(True).run()
    go(app, page)
    healthy(app)
    shown = "\n".join(block.value for block in app.code)
    assert "user=Dana" in shown or page in ("benchmark", "training")
    assert WITHOUT_MEMORY.get(page, "Store.open(") in shown


def test_only_looking_writes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(home, "Dana") as store:  # a turn whose session is due and whose learning waits
        store.append(store.draft(NOON + timedelta(days=3), "Still talking"), ())
        before, waiting = store.head(), len(store.jobs("queued"))
    use(monkeypatch, home)
    app = AppTest.from_file(str(ROOT / "apps" / "inspector.py"), default_timeout=SECONDS)
    app.session_state["looking"] = True
    app.run()
    healthy(app)
    assert app.chat_input[0].disabled
    go(app, "memories")
    app.button(key="open m1_1").click().run()
    assert not [button for button in app.button if button.label == "Correct it"]
    with Store.open(home, "Dana") as store:
        assert (store.head(), len(store.jobs("queued"))) == (before, waiting)
    finish()


def test_a_link_opens_what_it_names(app: AppTest) -> None:
    app.query_params["turn"] = "t2"
    app.run()
    assert "turn t2" in drawn(app)
    app.query_params["memory"] = "m1_1"
    app.query_params["moment"] = NOON.isoformat()
    go(app, "memories")
    healthy(app)
    assert app.select_slider[0].value == NOON
    app.query_params["memory"] = "m99"
    app.query_params["moment"] = "never"
    go(app, "memories")
    assert not app.exception


@pytest.mark.parametrize("page", OF_A_USER)
def test_damaged_records_are_told(home: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    with Store.open(home, "Dana") as store:
        file = store.folder / DATABASE
    damaged = sqlite3.connect(file)
    damaged.execute("UPDATE ledger SET record = substr(record, 1, 40) WHERE kind = 'edit' AND seq > 3")
    damaged.commit()
    damaged.close()
    use(monkeypatch, home)
    app = go(opened(), page)
    assert not app.exception
    assert "damaged" in app.error[0].value
    finish()


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


# ── other homes, other models ────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_home_offers_to_meet_or_to_run_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)
    app = opened()
    assert "Nobody" in app.title[0].value
    assert "python tasks.py demo" in app.code[0].value
    press(app, "Create")
    assert "cannot be a user's name" in app.error[0].value.replace("\\", "")
    app.text_input[0].set_value("Noor")
    press(app, "Create")
    assert users(tmp_path) == ["Noor"]
    healthy(app)
    for page in PAGES:
        healthy(go(app, page))
    finish()


def test_only_users_of_this_home_can_be_chosen(app: AppTest, home: Path) -> None:
    assert app.selectbox[0].options == ["Dana"]
    create_user(home, "Noor", NOON).close()
    app.run()
    assert app.selectbox[0].options == ["Dana", "Noor"]
    app.selectbox[0].set_value("Noor").run()
    healthy(app)
    assert "cello" not in drawn(app)


def test_malformed_output_is_counted_and_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, home, answering(respond="no tags at all <script>", respond_more="still none"))
    app = opened()
    app.chat_input[0].set_value("Hello?").run()
    healthy(app)
    assert "malformed</div>" in drawn(app)
    assert "<script>" not in drawn(app)
    assert any("malformed" in button.label for button in app.button)
    finish()


def test_a_model_that_is_down_is_told_with_its_remedy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise ModelUnavailable("The server is down.", "start it again.")

    use(monkeypatch, home, Scripted(refuse))
    app = opened()
    app.chat_input[0].set_value("Hello?").run()
    assert not app.exception
    assert "The server is down" in app.error[0].value
    with Store.open(home, "Dana") as store:
        assert store.counts()[0] == 4  # nothing half-said is kept
    finish()


def test_a_model_that_goes_down_while_learning_is_told_and_tried_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = [True]

    def learn(_: object) -> str:
        if down[0]:
            raise ModelUnavailable("The server is down.", "start it again.")
        return remember("has a boat")

    use(monkeypatch, home, answering(semantic=learn))
    app = opened()
    app.chat_input[0].set_value("I have a boat.").run()
    import inspector_desk

    desk = inspector_desk.open_desk("Dana")
    wait_until(lambda: desk.problem is not None)
    app.run()
    assert not app.exception
    assert "The server is down" in app.sidebar.error[0].value
    assert "still to be learnt" in drawn(app)
    down[0] = False
    press(app, "Try again")
    wait_until(lambda: not desk.store.jobs("queued"))
    app.run()
    healthy(app)
    assert "has a boat" in drawn(app)
    finish()


def wait_until(done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = clock.monotonic() + seconds
    while not done():
        assert clock.monotonic() < deadline, "it did not happen in time"
        clock.sleep(0.02)


def test_a_newer_store_is_told_and_the_others_stay_open(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create_user(home, "Noor", NOON) as store:
        file = store.folder / DATABASE
    newer = sqlite3.connect(file)
    newer.execute("PRAGMA user_version = 999")
    newer.close()
    use(monkeypatch, home)
    app = opened()
    healthy(app)
    app.selectbox[0].set_value("Noor").run()
    assert not app.exception
    assert "newer" in app.error[0].value
    app.selectbox[0].set_value("Dana").run()
    healthy(app)
    finish()


def test_pages_import_the_package_and_what_draws_only() -> None:
    files = sorted((ROOT / "apps").rglob("*.py"))
    assert len(files) >= 12
    own = {path.stem for path in files if path.parent.name == "apps"}
    allowed = {"streamlit", "plotly", "PIL", "pydantic", "personavlm", *own, *sys.stdlib_module_names}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert {name.split(".")[0] for name in names} <= allowed, f"{path.name}: {names}"


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────────────────────


def go_to(page: Any, name: str, heading: str) -> None:
    """Open a page by its link. A click that falls into a rerun of a busy app can be lost, so it is tried again."""
    from playwright.sync_api import TimeoutError as Late

    for last in (False, False, True):
        page.get_by_role("link", name=name).click()
        try:
            page.get_by_role("heading", name=heading).wait_for(timeout=30_000)
        except Late:
            if last:
                raise
        else:
            return


def complains(said: Any) -> bool:
    """Whether a line of the console is an error of ours: Streamlit asks for its server under a page's name first."""
    return said.type == "error" and "/_stcore/" not in (said.location or {}).get("url", "")


def correct(page: Any, text: str, reason: str) -> None:
    """Correct the memory that is open, through its form."""
    page.get_by_role("button", name="Correct").first.click()
    page.get_by_label("What is right").fill(text)
    page.get_by_label("Why").first.fill(reason)
    page.get_by_role("button", name="Correct it").click()


@pytest.mark.slow
def test_a_journey_in_a_real_browser(home: Path) -> None:
    pytest.importorskip("playwright", reason="the browser test needs the extra dev")
    sys.path.insert(0, str(ROOT))
    from lab import screenshots

    if not screenshots.find_browser():
        pytest.skip("no Chromium here: set BROWSER_PATH, or apt install chromium")
    outside: list[str] = []
    problems: list[str] = []
    with screenshots.inspector(home) as address, screenshots.page(1400, 900, "light", outside) as page:
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if complains(said) else None)
        page.goto(address)
        screenshots.settle(page)
        screenshots.ask(page, "What does my sister play?")
        page.get_by_text('says "play"').or_(page.get_by_text("close in meaning")).first.wait_for(timeout=60_000)
        assert page.get_by_text("Looked up").first.is_visible()
        assert "cello" in page.locator('[data-testid="stChatMessage"]').last.inner_text().lower()
        page.get_by_role("link", name="Why this?").click()
        page.get_by_role("heading", name="What is remembered of Dana").wait_for(timeout=60_000)
        screenshots.settle(page)
        correct(page, "sister plays the viola", "misheard")
        page.get_by_text("sister plays the viola").first.wait_for(timeout=60_000)
        go_to(page, "Chat", "Talking with Dana")
        screenshots.settle(page)
        screenshots.ask(page, "What does my sister play?")
        page.get_by_text("viola").first.wait_for(timeout=60_000)
        bike = {"name": "bike.png", "mimeType": "image/png", "buffer": photo()}
        page.get_by_test_id("stChatInput").locator("input[type=file]").first.set_input_files(files=[bike])
        page.get_by_text("bike.png").first.wait_for(timeout=60_000)
        screenshots.ask(page, "This is my new bike.")
        page.locator('[data-testid="stChatMessage"] img.pv-pic').last.wait_for(timeout=60_000)
        for name, heading in (
            ("Timeline", "The life of Dana"),
            ("Graph", "What ties Dana's memories together"),
            ("Personality", "How Dana comes across"),
            ("Retrieval", "What a question finds"),
            ("Trace", "Why Dana got that answer"),
            ("Benchmark", "How much of it is right"),
            ("Training", "How models were trained"),
            ("Workspace", "What is behind it"),
            ("Timeline", "The life of Dana"),
        ):
            go_to(page, name, heading)
            screenshots.settle(page)
            assert page.locator('[data-testid="stException"]').count() == 0
        page.get_by_role("slider").first.focus()
        page.keyboard.press("Home")  # back to the first moment
        page.get_by_text("How they came across then").wait_for(timeout=60_000)
        page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=30_000)
    assert outside == []
    assert problems == []
