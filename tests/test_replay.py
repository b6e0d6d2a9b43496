"""Imports: resumable, dated as in the file, nothing lost, and what was skipped is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from personavlm.assistant import Assistant
from personavlm.datasets.dialogue import Caption, Dialogue, GivenTurn, Imported
from personavlm.errors import BadInput
from personavlm.exchange import from_store, read_user_data, to_traces_and_edits, write_user_data
from personavlm.replay import Report, adopt, replay, spoken_name
from personavlm.store import Store, state_digest, users
from tests.fakes import answering, kit, remember

NOON = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
MODEL = answering(semantic=remember("likes trains"), core='Human\n"home": Leeds', procedural='"habit: run": Runs.')


def dialogue(*texts: str, user: str = "conv-1-Ana") -> Dialogue:
    turns = (GivenTurn(NOON + timedelta(minutes=50 * n), t, f"reply {n}", (), f"D1:{n}") for n, t in enumerate(texts))
    return Dialogue(user, "Ben", tuple(turns))


def run(home: Path, *dialogues: Dialogue) -> Report:
    return replay(home, Imported(tuple(dialogues)), lambda store: Assistant(store, MODEL, kit=kit()))


def test_turns_keep_their_dates_and_replies_and_the_last_session_is_closed(tmp_path: Path) -> None:
    report = run(tmp_path, dialogue("one", "two"))
    assert [(u.user, u.turns, u.sessions) for u in report.users] == [("conv-1-Ana", 2, 1)]
    with Store.open(tmp_path, "conv-1-Ana") as store:
        assert [(t.turn.time, t.reply) for t in store.traces()][1] == (NOON + timedelta(minutes=50), "reply 1")
        assert store.state().name == "Ana"
        assert store.state().core("persona")["name"].value == "Ben"
        assert list(store.state().all("episodic"))
        assert store.jobs("queued") == []


def test_it_can_be_stopped_and_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = dialogue("one", "two", "three", "four")
    run(tmp_path / "a", whole)

    class Stopped(Exception):
        pass

    def stop(_user: str, done: int, _all: int) -> None:
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        replay(tmp_path / "b", Imported((whole,)), lambda s: Assistant(s, MODEL, kit=kit()), stop)
    run(tmp_path / "b", whole)
    run(tmp_path / "b", whole)  # once more changes nothing
    states = []
    for home in ("a", "b"):
        with Store.open(tmp_path / home, "conv-1-Ana") as store:
            states.append((store.counts(), state_digest(store.state()), store.head()))
    assert states[0] == states[1]


def test_another_past_is_not_written_over(tmp_path: Path) -> None:
    run(tmp_path, dialogue("one", "two"))
    with pytest.raises(BadInput, match="t2 differs"):
        run(tmp_path, dialogue("one", "other"))


def test_captions_stand_for_pictures_that_are_not_there(tmp_path: Path) -> None:
    one = dialogue("look")
    given = replace(one.turns[0], pictures=(Caption("a red kite"), tmp_path / "gone.png"))
    report = run(tmp_path, replace(one, turns=(given,)))
    assert [s.where for s in report.skipped] == ["D1:0"]
    assert "gone.png" in report.skipped[0].why
    with Store.open(tmp_path, "conv-1-Ana") as store:
        [picture] = store.trace("t1").turn.pictures
        assert (picture.digest, picture.caption) == ("", "a red kite")


@pytest.mark.parametrize(("user", "name"), [("conv-26-Caroline", "Caroline"), ("Mara", "Mara"), ("user-7", "user-7")])
def test_a_user_id_gives_the_name(user: str, name: str) -> None:
    assert spoken_name(user) == name


def test_a_user_survives_the_released_format(tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (40, 30), "red").save(picture)
    one = dialogue("one", "two", user="Ana")
    run(tmp_path, replace(one, turns=(replace(one.turns[0], pictures=(picture,)), *one.turns[1:])))
    with Store.open(tmp_path, "Ana") as store:
        pictures = {name: data for name in store.picture_names() if (data := store.picture(name))}
        exported = from_store(store.user, store.traces(), store.edits(), pictures, UTC)
        before = store.state()
        turns = [(t.turn.text, t.reply, len(t.turn.pictures)) for t in store.traces()]
    write_user_data(exported.data, tmp_path / "out")
    read = read_user_data(tmp_path / "out")
    assert read.data == exported.data
    with adopt(tmp_path / "other", to_traces_and_edits(read.data, UTC)) as back:
        assert users(tmp_path / "other") == ["Ana"]
        assert [(t.turn.text, t.reply, len(t.turn.pictures)) for t in back.traces()] == turns
        after = back.state()
        assert any(
            "last session's end" in one.why for one in exported.lost
        )  # the format shows it with the next session
        assert {m.text for m in after.current("semantic")} == {m.text for m in before.current("semantic")}
        assert after.name == "Ana"
        assert back.verify() == []
        assert back.jobs("queued") == []
    with pytest.raises(BadInput, match="already"):
        adopt(tmp_path / "other", to_traces_and_edits(read.data, UTC))
