"""Peers: every adapter keeps the same few laws, and the program that measures them can tell when one does not."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab import bench_peers
from lab.bench_peers import interval, run_size, times_ours
from lab.peers import KINDS, Item, Peer, kind
from lab.peers.remains import forms, present, probe
from lab.peers.rows import PeerFinder, items
from lab.peers.timing import Looked
from personavlm.datasets.dialogue import Said
from personavlm.errors import BadInput, MissingPackage
from tests.fakes import HashingEncoder

START = datetime(2025, 3, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORDS = "lake tram violin harbour onion saddle chess fjord canvas walnut".split()  # noqa: SIM905
SAID = [
    Item(f"t{n + 1}", "ann", START + 3 * n * HOUR, "Ann", f"I saw the {w} again today") for n, w in enumerate(WORDS)
]
LATE = SAID[-1].time + timedelta(days=1)


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Peer]:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        peer = kind(name).open_peer(folder, HashingEncoder())
    except MissingPackage as error:
        pytest.skip(str(error))
    yield peer
    peer.close()


@pytest.fixture(params=KINDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def filled(name: str, folder: Path) -> None:
    with opened(name, folder) as peer:
        for item in (*SAID, Item("t1", "bob", START, "Bob", "I repair clocks by the river")):
            peer.add(item)


# ── adapters ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_added_is_found_in_another_process_and_by_its_user_alone(name: str, tmp_path: Path) -> None:
    filled(name, tmp_path)
    with opened(name, tmp_path) as peer:
        assert peer.search("ann", "violin", LATE, 3)[0] == "t3"
        assert len(peer.search("ann", "walnut", LATE, 4)) == 4
        assert list(peer.search("bob", "violin", LATE, 5)) == ["t1"]


def test_a_period_keeps_to_itself_where_it_is_respected(name: str, tmp_path: Path) -> None:
    filled(name, tmp_path)
    period = (SAID[5].time, SAID[7].time)
    with opened(name, tmp_path) as peer:
        found = set(peer.search("ann", "violin today", LATE, 3, period))
    inside = {item.id for item in SAID if period[0] <= item.time <= period[1]}
    assert (found == inside) == kind(name).RESPECTS_PERIOD


def test_ours_returns_nothing_said_later_and_forgets_without_a_trace(tmp_path: Path) -> None:
    filled("ours", tmp_path)
    with opened("ours", tmp_path) as peer:
        assert set(peer.search("ann", "violin", SAID[3].time, 9)) == {"t1", "t2", "t3", "t4"}
        peer.forget("ann")
        assert list(peer.search("bob", "clocks", LATE, 5)) == ["t1"]
    assert present(SAID, tmp_path, HashingEncoder()) == {"texts": 0, "vectors": 0}


def test_the_official_style_filters_after_it_has_chosen_and_cannot_forget(tmp_path: Path) -> None:
    filled("official_style", tmp_path)
    with opened("official_style", tmp_path) as peer:
        assert len(peer.search("ann", "walnut canvas fjord", SAID[-3].time, 3)) < 3
        with pytest.raises(BadInput, match="no deletion"):
            peer.forget("ann")


def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(BadInput, match="no peer"):
        kind("somebody")


# ── as a row of the bench ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["ours", "plain"])
def test_a_store_finds_messages_for_the_bench_and_takes_them_in_once(name: str, tmp_path: Path) -> None:
    said = [Said(n % 2 == 0, item.text, item.time, item.id) for n, item in enumerate(SAID)]
    finder = PeerFinder(name, HashingEncoder())
    with finder.open(said, tmp_path) as find:
        first = list(find("violin", LATE, 4))
    with finder.open(said, tmp_path) as find:
        assert list(find("violin", LATE, 4)) == first
    assert [score for _, score in first] == [1, 1 / 2, 1 / 3, 1 / 4]
    assert first[0][0] == 2
    assert [item.speaker for item in items(said)][:2] == ["User", "Assistant"]


# ── measuring ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_size_is_measured_for_all_in_turn(tmp_path: Path) -> None:
    told: list[str] = []
    found = run_size(60, ["ours", "plain", "official_style"], tmp_path, 0, lambda what, done, whole: told.append(what))
    assert set(found["search"]) == {"ours", "plain", "official_style"}
    assert found["search"]["ours"]["inside_period"] == found["search"]["plain"]["inside_period"] == 1
    assert found["search"]["official_style"]["inside_period"] < 0.5
    assert all(one["cpu_ms"] > 0 for one in found["ingest"].values())
    assert set(told) == {"ingest", "search"}
    json.dumps(found)


def test_ratios_are_those_of_the_measured_medians(tmp_path: Path) -> None:
    found = run_size(40, ["ours", "plain"], tmp_path, 0, lambda *_: None)
    ratios = times_ours(found)
    assert set(ratios) == {"plain"}
    mine, theirs = found["search"]["ours"]["free"]["cpu_ms"], found["search"]["plain"]["free"]["cpu_ms"]
    assert ratios["plain"]["search free"] == pytest.approx(theirs / mine, abs=0.005)
    assert times_ours({"ingest": {"plain": found["ingest"]["plain"]}}) == {}


def test_nobody_is_asked_beyond_what_they_bear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.peers.plain.LARGEST", 10)
    found = run_size(40, ["ours", "plain"], tmp_path, 0, lambda *_: None)
    assert found["not_asked"] == ["plain"]
    assert set(found["search"]) == {"ours"}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text("abcdefgh ,.'\"\\é\n", min_size=30, max_size=80))
def test_a_probe_is_spelled_alike_in_plain_text_and_in_json(tmp_path: Path, text: str) -> None:
    item = Item("t1", "ann", START, "Ann", text)
    found = probe(item)
    assert found in text
    assert found in json.dumps(text)


def test_vectors_are_found_as_floats_and_in_a_pickle() -> None:
    import pickle

    vector = HashingEncoder().encode(["the violin"])[0]
    table, pickled = forms(vector)
    assert table in b"row" + vector.tobytes()
    assert pickled in pickle.dumps([float(x) for x in vector])
    assert struct.pack(">d", float(vector[0])) in pickled


def test_an_unknown_text_is_an_error_and_not_a_new_vector() -> None:
    with pytest.raises(KeyError):
        Looked("n", ["a"], np.ones((1, 4), np.float32)).encode(["b"])


def test_the_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few, many = (np.tile([0.0, 100.0], n) for n in (20, 2_000))
    (low, high), (lower, higher) = interval(few, 1), interval(many, 1)
    assert low <= 50 <= high
    assert higher - lower < (high - low) / 5


def test_stages_already_measured_with_the_same_peers_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "peers.json"
    arguments = ["bench_peers", "--out", str(out), "--work", str(tmp_path), "--peers", "ours", "--stages", "40"]
    monkeypatch.setattr("sys.argv", arguments)
    bench_peers.main()
    first = json.loads(out.read_text())["stages"]["40"]
    bench_peers.main()
    assert json.loads(out.read_text())["stages"]["40"] == first
