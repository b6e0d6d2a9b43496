"""Erasure: what is erased is found nowhere, what rests on it goes, what does not stays, and the ledger folds again."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lab.trust.lives import parrot
from lab.trust.residue import campaign
from personavlm.assistant import Assistant, create_user
from personavlm.erasure import (
    ERASED,
    Mentioned,
    Period,
    Remembered,
    Shown,
    Turns,
    check,
    erase,
    erase_user,
    preview,
)
from personavlm.errors import BadInput, StoreError, UnknownUser
from personavlm.memory import Add, Edit, Link, Memory, MemoryLink, Merge, Observe, Replace, Retire, fold
from personavlm.refit import refit
from personavlm.store import Store, state_digest, user_folder, users
from personavlm.trace import Trace, canonical
from tests.fakes import answering, kit

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
SECRET = "My sister Ottilie moved to Reykjavik in spring"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def photo(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (48, 48), colour).save(out, "PNG")
    return out.getvalue()


def meet(home: Path) -> Assistant:
    return Assistant(create_user(home, "Dana", NOON), parrot(), kit=kit())


@pytest.fixture
def dana(tmp_path: Path) -> Assistant:
    """Three sessions: a secret in the first, beside something else; a question about it in the third."""
    assistant = meet(tmp_path)
    assistant.say(at(0), SECRET + ".")
    assistant.say(at(5), "I keep bees behind the house.", [photo("red")])
    assistant.tick(at(300))
    assistant.say(at(1500), "The lectures on glaciers were dull.")
    assistant.tick(at(1800))
    assistant.say(at(3000), "Where does my sister live now?")
    assistant.tick(at(3300))
    return assistant


def words_of(store: Store) -> str:
    return "\n".join(canonical(row.value) for row in store.rows())


def test_a_turn_goes_with_everything_that_rests_on_it(dana: Assistant, tmp_path: Path) -> None:
    assert "Ottilie" in dana.store.trace("t4").reply  # the reply was made of the erased turn
    report = erase(tmp_path, "Dana", Turns(("t1",)))
    assert (report.turns, report.residue) == (1, 0)
    assert report.probes > 0
    assert "Ottilie" not in words_of(dana.store)
    assert "Reykjavik" not in words_of(dana.store)
    assert dana.store.trace("t4").reply == ERASED
    assert [trace.turn.id for trace in dana.store.traces()] == ["t2", "t3", "t4"]
    assert check(report, tmp_path) == []


def test_what_else_the_session_taught_is_learnt_again_in_its_place(dana: Assistant, tmp_path: Path) -> None:
    report = erase(tmp_path, "Dana", Turns(("t1",)))
    assert "s1" in report.again
    assert not any(memory.turns == ("t2",) for memory in dana.store.state().all("episodic"))
    assert dana.flush() == len(report.again)
    topic = next(memory for memory in dana.store.state().all("episodic") if memory.turns == ("t2",))
    assert "bees" in topic.text
    assert "Ottilie" not in words_of(dana.store)
    times = [row.time for row in dana.store.rows() if not isinstance(row.value, Trace)]
    assert times == sorted(times)  # it stands where it was learnt, not at the end
    assert "bees" in "".join(memory.text for memory in dana.store.state(at(400)).all("episodic"))
    assert dana.store.verify() == []


def test_malformed_output_that_was_kept_goes_too(tmp_path: Path) -> None:
    secretive = Assistant(
        create_user(tmp_path, "Dana", NOON), answering(episodic=f"no topics, but {SECRET}"), kit=kit()
    )
    secretive.say(at(0), SECRET + ".")
    secretive.say(at(5), "I keep bees behind the house.")
    secretive.tick(at(300))
    assert any(SECRET in call.raw for call in secretive.store.calls())
    report = erase(tmp_path, "Dana", Turns(("t1",)))
    assert report.residue == 0
    assert not any(call.raw for call in secretive.store.calls())


def test_the_profile_is_folded_anew_without_the_reading(dana: Assistant, tmp_path: Path) -> None:
    readings = [edit for edit in dana.store.edits() if isinstance(edit, Observe)]
    before = preview(tmp_path, "Dana", Turns(("t1",)))
    erase(tmp_path, "Dana", Turns(("t1",)))
    wanted = fold(edit for edit in readings if edit.evidence != ("t1",)).estimate
    assert len(readings) == 4
    assert dana.store.state().estimate == wanted
    assert before.profile_after == wanted.profile != before.profile


def test_a_preview_writes_nothing_and_says_what_goes(dana: Assistant, tmp_path: Path) -> None:
    head, state = dana.store.head(), state_digest(dana.store.state())
    shown = preview(tmp_path, "Dana", Mentioned("ottilie"))
    assert (dana.store.head(), state_digest(dana.store.state())) == (head, state)
    assert [turn.id for turn in shown.turns] == ["t1"]
    assert shown.replies == ("t3", "t4")  # both had it among their hits
    report = erase(tmp_path, "Dana", Mentioned("ottilie"))
    assert (report.turns, report.replies, report.memories) == (1, len(shown.replies), len(shown.memories))
    assert (report.edits, report.again) == (shown.edits, shown.again)


def test_an_open_assistant_forgets_too(dana: Assistant, tmp_path: Path) -> None:
    assert any("Ottilie" in hit.text for hit in dana.ask(at(4000), "Where is my sister Ottilie?").hits)
    erase(tmp_path, "Dana", Turns(("t1",)))
    trace = dana.ask(at(4000), "Where is my sister Ottilie?")
    assert not any("Ottilie" in hit.text for hit in trace.hits)


def test_a_reply_begun_before_an_erasure_is_not_stored_after_it(dana: Assistant, tmp_path: Path) -> None:
    replying = dana.stream(dana.draft(at(4000), "Where is my sister Ottilie?"))
    next(replying)
    erase(tmp_path, "Dana", Turns(("t1",)))
    with pytest.raises(BadInput, match="erased while"):
        list(replying)
    assert dana.store.counts()[0] == 3


def test_a_memory_goes_with_the_turns_that_say_it(dana: Assistant, tmp_path: Path) -> None:
    memory = next(m for m in dana.store.state().all("semantic") if "bees" in m.text)
    report = erase(tmp_path, "Dana", Remembered(memory.id))
    assert (report.turns, report.residue) == (1, 0)
    assert "bees" not in words_of(dana.store)
    assert "Ottilie" in words_of(dana.store)


def test_a_picture_goes_and_its_words_stay(dana: Assistant, tmp_path: Path) -> None:
    digest = dana.store.trace("t2").turn.pictures[0].digest
    report = erase(tmp_path, "Dana", Shown(digest))
    assert (report.turns, report.pictures, report.residue) == (0, 1, 0)
    assert dana.store.picture(digest) is None
    turn = dana.store.trace("t2").turn
    assert (turn.text, turn.pictures) == ("I keep bees behind the house.", ())
    assert digest not in words_of(dana.store)
    dana.flush()
    assert any("bees" in memory.text for memory in dana.store.state().all("semantic"))  # learnt again from the words


def test_a_picture_that_another_turn_shows_stays(tmp_path: Path) -> None:
    dana = meet(tmp_path)
    dana.say(at(0), "My kite in the garden.", [photo("blue")])
    dana.say(at(90), "And here once more.", [photo("blue")])
    dana.flush()
    digest = dana.store.trace("t1").turn.pictures[0].digest
    erase(tmp_path, "Dana", Turns(("t1",)))
    assert dana.store.picture(digest) is not None
    assert erase(tmp_path, "Dana", Turns(("t2",))).pictures == 1
    assert list((dana.store.folder / "pictures").iterdir()) == []


def test_a_period_goes(dana: Assistant, tmp_path: Path) -> None:
    report = erase(tmp_path, "Dana", Period(at(0), at(10)))
    assert report.turns == 2
    assert [trace.turn.id for trace in dana.store.traces()] == ["t3", "t4"]
    assert {job.subject for job in dana.store.jobs()} == {"t3", "t4", "s2", "s3"}
    assert dana.store.counts() == (2, 2)


@pytest.mark.parametrize("name", ["Ottilie", "OTTILIE", "ottilie", "Ｏttilie"])
def test_a_name_is_found_in_any_spelling(dana: Assistant, tmp_path: Path, name: str) -> None:
    assert [turn.id for turn in preview(tmp_path, "Dana", Mentioned(name)).turns] == ["t1"]


def test_a_name_inside_another_word_is_another_word(dana: Assistant, tmp_path: Path) -> None:
    assert preview(tmp_path, "Dana", Mentioned("see")).turns == ()


def test_what_a_remaining_turn_says_too_stays(tmp_path: Path) -> None:
    dana = meet(tmp_path)
    dana.say(at(0), "My brother Anselm rides a unicycle.")
    dana.say(at(90), "Anselm came by on his unicycle.")
    dana.tick(at(300))
    erase(tmp_path, "Dana", Turns(("t1",)))
    assert any("unicycle" in memory.text for memory in dana.store.state().all("semantic"))
    assert "brother" not in words_of(dana.store)


def test_forks_lose_the_shared_past_and_keep_their_own(dana: Assistant, tmp_path: Path) -> None:
    with dana.store.fork(tmp_path, "Dana-b", at(2000)) as fork:
        other = Assistant(fork, parrot(), kit=kit())
        other.say(at(2100), "I went sailing.")
        other.flush()
        assert preview(tmp_path, "Dana", Turns(("t1",))).forks == ("Dana-b",)
        report = erase(tmp_path, "Dana", Turns(("t1", "t4")))
        assert [one.user for one in report.forks] == ["Dana-b"]
        assert "Ottilie" not in words_of(fork)
        assert [trace.turn.id for trace in fork.traces()] == ["t2", "t3", "t4"]  # its own t4 is another turn
        assert "sailing" in words_of(fork)
        assert check(report, tmp_path) == []


def test_a_fork_holds_no_picture_of_what_it_has_not_seen(tmp_path: Path) -> None:
    dana = meet(tmp_path)
    dana.say(at(0), "Hello there.")
    dana.say(at(90), "My kite in the garden.", [photo("blue")])
    dana.flush()
    with dana.store.fork(tmp_path, "Dana-b", at(10)) as fork:
        assert fork.picture_names() == []
        assert list((fork.folder / "pictures").iterdir()) == []


def test_a_whole_user_leaves_no_file(dana: Assistant, tmp_path: Path) -> None:
    with create_user(tmp_path, "Eve", NOON):
        pass
    dana.store.close()
    report = erase_user(tmp_path, "Dana")
    assert (report.turns, report.residue) == (4, 0)
    assert users(tmp_path) == ["Eve"]
    assert not user_folder(tmp_path, "Dana").exists()
    with pytest.raises(UnknownUser):
        erase_user(tmp_path, "Dana")


def test_an_erasure_that_was_cut_off_on_disk_is_finished_when_the_store_opens(
    dana: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "scrub", lambda self: False)
    with pytest.raises(StoreError, match="still reads"):
        erase(tmp_path, "Dana", Turns(("t1",)))
    dana.store.close()
    monkeypatch.undo()
    with Store.open(tmp_path, "Dana") as store:
        held = b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())
    assert b"Ottilie" not in held


def test_nothing_is_erased_by_a_wrong_name(dana: Assistant, tmp_path: Path) -> None:
    head = dana.store.head()
    for what in (Turns(("t9",)), Turns(()), Remembered("m99"), Shown("0" * 64), Mentioned("  ")):
        with pytest.raises(BadInput):
            erase(tmp_path, "Dana", what)
    assert dana.store.head() == head


def test_a_report_that_no_longer_holds_is_told(dana: Assistant, tmp_path: Path) -> None:
    report = erase(tmp_path, "Dana", Turns(("t1",)))
    dana.say(at(5000), "Something new.")
    assert check(report, tmp_path) == []
    erase(tmp_path, "Dana", Turns(("t2",)))
    assert check(report, tmp_path) != []


def test_residue_is_seen_where_there_is_some(dana: Assistant, tmp_path: Path) -> None:
    """The probes find what was left on purpose: the report is not green by itself."""
    (dana.store.folder / "notes.txt").write_text(f"copied: {SECRET}.", encoding="utf-8")
    assert erase(tmp_path, "Dana", Turns(("t1",))).found == ("notes.txt: words",)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_erasures_leave_nothing(seed: int) -> None:
    result = campaign(6, 1, 12, seed, parrot(), kit())
    assert result["found"] == []


# ── refit ────────────────────────────────────────────────────────────────────────────────────────────────────────


def fact(number: int, text: str = "", **changes: object) -> Memory:
    memory = Memory(f"m{number}", "semantic", text or f"fact {number}", at(number), (f"t{number}",))
    return replace(memory, **changes)  # type: ignore[arg-type]


@st.composite
def ledgers(draw: st.DrawFn) -> list[Edit]:
    """Ledgers that fold: every edit fits what comes before it."""
    edits: list[Edit] = []
    current: list[str] = []
    for number in range(1, draw(st.integers(1, 14)) + 1):
        evidence = (f"t{number}",)
        kind = draw(st.sampled_from(["add", "replace", "retire", "merge", "link"]))
        if kind == "replace" and current:
            target = current.pop(draw(st.integers(0, len(current) - 1)))
            edits.append(Replace(at(number), evidence, target, fact(number, sources=(target,))))
            current.append(f"m{number}")
        elif kind == "retire" and current:
            edits.append(Retire(at(number), evidence, current.pop(), "over"))
        elif kind == "merge" and len(current) > 1:
            targets = (current.pop(0), current.pop(0))
            edits.append(Merge(at(number), evidence, targets, fact(number, sources=targets)))
            current.append(f"m{number}")
        elif kind == "link" and len(current) > 1:
            edits.append(Link(at(number), evidence, MemoryLink(current[0], current[1], "thing", "it")))
        else:
            edits.append(Add(at(number), evidence, fact(number)))
            current.append(f"m{number}")
    return edits


@given(ledgers())
def test_a_ledger_that_folds_is_left_as_it_is(edits: list[Edit]) -> None:
    assert list(refit(edits)) == edits


@given(ledgers(), st.randoms())
def test_whatever_is_taken_out_the_rest_folds(edits: list[Edit], rng: random.Random) -> None:
    left = [edit for edit in edits if rng.random() < 0.6]
    fitted = [edit for edit in refit(left) if edit is not None]
    state = fold(fitted)
    assert all(source in state.memories for memory in state.all() for source in memory.sources)
    for memory in state.all():
        state.history(memory.id)


def test_what_replaced_an_erased_memory_replaces_the_one_before_it() -> None:
    edits: list[Edit] = [
        Add(at(1), ("t1",), fact(1)),
        Replace(at(3), ("t3",), "m2", fact(3, sources=("m2",))),
    ]
    _, second = refit(edits, {"m2": "m1"})
    assert isinstance(second, Replace)
    assert (second.target, second.memory.sources) == ("m1", ("m1",))
