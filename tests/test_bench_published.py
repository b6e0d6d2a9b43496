"""The published rows: every figure that can be computed from others is, so that a wrong digit shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.bench.published import (
    OVERALL,
    TABLE_IDS,
    PublishedRow,
    PublishedTable,
    parts,
    published,
    rederived,
    right_answers,
)
from personavlm.errors import BadInput

AVERAGED = [published(name) for name in TABLE_IDS if published(name).average]
ROWS = [(table, row) for table in AVERAGED for row in table.rows]


@pytest.mark.parametrize(("table", "row"), ROWS, ids=lambda one: getattr(one, "model", getattr(one, "id", "")))
def test_overall_follows_from_the_parts_where_all_questions_were_scored(
    table: PublishedTable, row: PublishedRow
) -> None:
    found = rederived(table, row)
    if row.scored == "all":
        assert found == pytest.approx(row.value(OVERALL), abs=0.005)
    elif row.scored == "fewer":
        assert found is None, "its shares fit the full counts: why is it marked?"


def test_counts_are_those_of_the_paper() -> None:
    table1, table4 = published("table1"), published("table4")
    assert [sum(parts(table1, setting).values()) for setting in ("32k", "128k")] == [1129, 905]
    assert sum(parts(table4, "128k").values()) == 905 + 360


def test_chance_is_a_quarter_of_the_choices_and_half_of_the_tests() -> None:
    table = published("table4")
    row = table.row("Random")
    weighted = sum((row.value(name) or 0) * n for name, n in parts(table, "128k").items())
    assert weighted / 1265 == pytest.approx(row.value(OVERALL), abs=0.005)


def test_table_4_and_table_1_tell_the_same_of_their_common_rows() -> None:
    """An aspect of table 1 is the average of its tasks in table 4."""
    tasks = {"Memory Recall": ("VDR", "SIR"), "Personalized Growth Modeling": ("TED", "GNS")}
    fourth, first = published("table4"), published("table1")
    counts = parts(fourth, "128k")
    for model, other, context in (("PersonaVLM", "PersonaVLM-RL", "rag"), ("Qwen2.5-VL-7B", "Qwen2.5-VL-7B", "full")):
        for aspect, codes in tasks.items():
            right = sum(right_answers(fourth.row(model).value(code), counts[code]) or 0 for code in codes)
            share = 100 * right / sum(counts[code] for code in codes)
            assert share == pytest.approx(first.row(other, "128k", context).value(aspect), abs=0.005)


def test_deltas_of_the_ablations_are_differences_to_the_full_system() -> None:
    table = published("table8")
    for row in table.rows:
        if (delta := row.value("Delta")) is not None:
            full = table.row("PersonaVLM", row.setting).value(OVERALL)
            assert (row.value(OVERALL) or 0) - (full or 0) == pytest.approx(delta, abs=0.005)


def test_alignment_shares_that_fit_no_count_are_marked_unsure() -> None:
    for row in published("table2").rows:
        share = row.value("Alignment 128k")
        fits = share is None or right_answers(share, 360) is not None
        assert fits == (row.scored != "unsure"), row.model
        assert row.value("Alignment 32k") is None or right_answers(row.value("Alignment 32k"), 452) is not None


def test_p_soups_is_the_mean_of_its_sides() -> None:
    for table in (published("table2"), published("table9")):
        for row in table.rows:
            mean = sum(row.value(side) or 0 for side in ("Expertise", "Informativeness", "Style")) / 3
            assert mean == pytest.approx(row.value("P-SOUPS"), abs=0.07), row.model


def test_what_the_caveats_say_of_printed_differences_holds() -> None:
    cost = published("table11")
    base, quick = cost.row("Qwen2.5-VL-7B"), cost.row("PersonaVLM without reasoning")
    assert (base.value("Seconds") or 0) / (quick.value("Seconds") or 1) == pytest.approx(4.0, abs=0.05)
    assert 1 - (quick.value("Tokens") or 0) / (base.value("Tokens") or 1) == pytest.approx(0.937, abs=0.001)
    with_pem, without = (published("table9").row(name).value("Style") or 0 for name in ("with PEM", "without PEM"))
    assert with_pem - without == pytest.approx(5.7)


def test_shares_are_percentages_and_every_table_has_caveats() -> None:
    for table in map(published, TABLE_IDS):
        assert table.caveats
        assert table.rows
        for row in table.rows:
            assert row.values
            if table.unit == "percent":
                assert all(0 <= value <= 100 for name, value in row.values if name != "Delta")


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_a_rounded_share_gives_back_its_count(drawn: tuple[int, int]) -> None:
    n, right = drawn
    found = right_answers(round(100 * right / n, 2), n)
    assert found == right


@pytest.mark.parametrize(("percent", "n"), [(52.27, 360), (33.33, 4), (None, 5)])
def test_a_share_of_no_whole_number_gives_none(percent: float | None, n: int) -> None:
    assert right_answers(percent, n) is None


def test_unknown_tables_and_rows_are_refused() -> None:
    with pytest.raises(BadInput, match="no published table"):
        published("table3")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no row GPT-9"):
        published("table1").row("GPT-9")
