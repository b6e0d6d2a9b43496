"""The inspector: every page on a scripted model and a small home, and one journey in a real browser."""

from __future__ import annotations

import ast
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

from personavlm.assistant import Assistant, Kit, create_user
from personavlm.errors import ModelUnavailable
from personavlm.inspection import counted, found, learnt, moves, notable, stops, summed, wondered
from personavlm.memory import trajectory
from personavlm.models import Model, loading
from personavlm.models.scripted import Scripted
from personavlm.personality import NEUTRAL, TRAITS, Profile, evolve
from personavlm.prompts import slot
from personavlm.store import DATABASE, Store, users
from personavlm.trace import Malformed
from tests.fakes import NOTHING_NEW, answering, kit, look_up, remember

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
    monkeypatch.syspath_prepend(str(ROOT / "apps"))
    monkeypatch.setattr(loading, "load_model", lambda setting: speaking or model())
    monkeypatch.setattr(Kit, "load", staticmethod(lambda prompts=None: kit()))
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
    assert "semantic m1_1" in page
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


def test_a_time_before_the_last_turn_is_refused_with_its_remedy(app: AppTest) -> None:
    app.segmented_control(key="clock").set_value("At a set time").run()
    app.datetime_input[0].set_value(datetime(2024, 1, 1, 12, 0)).run()
    app.chat_input[0].set_value("Too early").run()
    assert not app.exception
    assert "lies before the last turn" in app.error[0].value
    assert "Give a later time" in app.error[0].value


def test_memory_shows_cards_history_and_why_not(app: AppTest) -> None:
    go(app, "memory")
    healthy(app)
    assert "sister plays the cello" in drawn(app)
    next(box for box in app.selectbox if box.label == "Look closer at").set_value("m1_1").run()
    app.text_input(key="question").set_value("Who plays the cello?")
    press(app, "Ask")
    healthy(app)
    assert any("It came back" in element.value for element in app.markdown)
    assert "1 of 1 semantic memories" in drawn(app)


def test_memory_as_of_a_moment_knows_nothing_later(app: AppTest) -> None:
    go(app, "memory")
    slider = app.select_slider[0]
    assert "episodic" in drawn(app)
    slider.set_value(slider.options[0] if isinstance(slider.options[0], datetime) else NOON).run()
    healthy(app)
    assert "e1_1" not in drawn(app)


def test_profile_shows_steps_and_takes_the_users_word(app: AppTest, home: Path) -> None:
    go(app, "profile")
    healthy(app)
    assert app.get("plotly_chart")
    assert f"extraversion 3.0 → {evolve(NEUTRAL, Profile(extraversion=5), 1).extraversion:.1f}" in drawn(app)
    app.multiselect[0].set_value(["openness"]).run()
    app.slider[0].set_value(1.5)
    press(app, "Set")
    healthy(app)
    with Store.open(home, "Dana") as store:
        assert dict(store.state().estimate.overrides) == {"openness": 1.5}
    press(app, "Lift all")
    with Store.open(home, "Dana") as store:
        assert store.state().estimate.overrides == ()


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
    for page in ("memory", "profile", "chat"):
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


# ── what the pages show, as values ───────────────────────────────────────────────────────────────────────────────


def test_what_a_turn_taught_in_words(home: Path) -> None:
    with Store.open(home, "Dana") as store:
        state = store.state()
        rows = learnt(store.trace("t1").edits, state)
        assert [(row.verb, row.text, row.memory) for row in rows if row.type == "semantic"] == [
            ("remembered", "sister plays the cello", "m1_1")
        ]
        assert any(row.verb == "read" and "extraversion as 5.0" in row.text for row in learnt(store.edits(), state))
        assert summed(store.trace("t1")).learnt == 1
        assert summed(store.trace("t4")).look_ups == 1


def test_steps_of_the_profile_in_words_newest_first(home: Path) -> None:
    with Store.open(home, "Dana") as store:
        rows = moves(trajectory(store.edits()))
    assert [row.turn for row in rows] == ["t2"]
    assert rows[0].moved.startswith("extraversion 3.0 → ")
    assert not any(trait in rows[0].moved for trait in TRAITS if trait != "extraversion")


def test_memories_are_found_by_type_and_words(home: Path) -> None:
    with Store.open(home, "Dana") as store:
        state, edits = store.state(), store.edits()
    assert [m.id for m in found(state, text="CELLO sister")] == ["m1_1"]
    assert found(state, "procedural") == []
    assert counted(state)["semantic"] == (1, 0)
    assert notable(found(state, "semantic")).id == "m1_1"  # type: ignore[union-attr]
    assert notable([]) is None
    assert stops(edits) == sorted({edit.time for edit in edits})
    assert len(stops(edits, most=2)) <= 3
    assert stops(edits, most=2)[-1] == max(edit.time for edit in edits)


def test_wondering_asks_without_storing(home: Path) -> None:
    with Store.open(home, "Dana") as store:
        dana = Assistant(store, model(), kit=kit())
        before = store.head()
        came = wondered(dana, NOON + timedelta(days=2), "Who plays the cello?", "m1_1")
        core = wondered(dana, NOON + timedelta(days=2), "Who plays the cello?", "c0_1")
        assert (came.returned, came.place) == (True, 1)
        assert not core.returned
        assert "core memory is in every prompt" in core.reason
        assert store.head() == before
        assert not any(isinstance(step.action, Malformed) for step in came.trace.steps)


def test_pages_import_the_package_and_what_draws_only() -> None:
    allowed = {"streamlit", "PIL", "personavlm", "inspector_desk", "inspector_parts", *sys.stdlib_module_names}
    files = sorted((ROOT / "apps").rglob("*.py"))
    assert len(files) >= 6
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
        page.goto(address)
        screenshots.settle(page)
        screenshots.ask(page, "What does my sister play?")
        page.get_by_text('says "play"').or_(page.get_by_text("close in meaning")).first.wait_for(timeout=60_000)
        assert page.get_by_text("Looked up").first.is_visible()
        assert "cello" in page.locator('[data-testid="stChatMessage"]').last.inner_text().lower()
        for name, heading in (("Memory", "What is remembered of Dana"), ("Profile", "How Dana comes across")):
            go_to(page, name, heading)
            screenshots.settle(page)
            assert page.locator('[data-testid="stException"]').count() == 0
        page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=30_000)
    assert outside == []
    assert problems == []
