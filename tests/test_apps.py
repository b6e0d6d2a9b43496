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
from personavlm.memory import Add, Memory
from personavlm.models import Model, loading
from personavlm.models.scripted import Scripted
from personavlm.personality import NEUTRAL, Profile, evolve
from personavlm.prompts import slot
from personavlm.store import DATABASE, Store, users
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


# ── what all pages share ─────────────────────────────────────────────────────────────────────────────────────────


PAGES = tuple(sorted(path.stem for path in (ROOT / "apps" / "inspector_pages").glob("*.py")))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_taken_away_and_projected(app: AppTest, page: str) -> None:
    app.toggle(key="projector").set_value(True).run()
    go(app, page)
    healthy(app)
    shown = "\n".join(block.value for block in app.code)
    assert "user=Dana" in shown
    assert "Store.open(" in shown


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


@pytest.mark.parametrize("page", PAGES)
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
        for name, heading in (
            ("Timeline", "The life of Dana"),
            ("Graph", "What ties Dana's memories together"),
            ("Personality", "How Dana comes across"),
            ("Retrieval", "What a question finds"),
            ("Trace", "Why Dana got that answer"),
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
