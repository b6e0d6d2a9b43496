"""Benchmark: what each system gets right, task by task; two of them compared answer by answer; what parts are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st
from inspector_parts import block, heading, said, several, soft, steps, table, told
from inspector_runs import against, known_places, runs_folder, scores_at, shelf_at, two_at
from inspector_views import choose, draw, header, say, take_away, view_of

from personavlm.bench.compare import Comparison, Flip
from personavlm.bench.published import TableId
from personavlm.bench.report import NOTE, published_sheet
from personavlm.bench.scores import Figure, Scores
from personavlm.bench.sheets import shown
from personavlm.bench.shelf import Place, Row, Shelf, by_aspect, by_task
from personavlm.figures import Interval, forest, heat_map, worth
from personavlm.inspection import sharing

MAP, TWO, PARTS, COST, PUBLISHED = "What is right", "Compare two", "What parts are worth", "Cost", "As published"
TABLES: tuple[TableId, ...] = ("table1", "table4", "table8", "table9", "table11")
ALL = "all"
CHANGES = {"gained": "wrong → right", "lost": "right → wrong"}
COSTS = (
    "Means per case; what taking a talk in costs is not among them. The embedded model counts words as tokens. Seconds "
    "are those of the machine as busy as it was; of several runs made together, a later one finds encoded what an "
    "earlier one had."
)
Taken = tuple[go.Figure | None, tuple[Sequence[str], Sequence[Sequence[object]]] | None]


def interval(one: Figure, measured: bool = True) -> Interval:
    return Interval(one.value, one.low, one.high, measured)


# ── what is right ────────────────────────────────────────────────────────────────────────────────────────────────


def whole_map(shelf: Shelf, found: Mapping[str, Scores], setting: str) -> Taken:
    """Draw every system's figures by aspect or task, the baselines apart."""
    block(soft(point(shelf, found)))
    split = view_of(["by aspect", "by task"], "columns", name="columns")
    parts = by_aspect if split == "by aspect" else by_task
    rows = {
        row.name: {
            name: interval(one, not row.guesses)
            for name, one in {ALL: found[row.name].overall_mcq, **parts(found[row.name])}.items()
        }
        for row in shelf.rows
        if row.name in found
    }
    rows |= {f"rule: {name}": {ALL: interval(one, False)} for name, one in best_rule(shelf).items()}
    figure = heat_map(rows, "% right")
    draw(figure, f"Share of questions that each system answers rightly, {split}", f"heat {split}")
    two_way = " PA is a choice of two, the others of four." if split == "by task" else ""
    block(soft(f"Below, apart: what those get who know nothing of the person.{two_way} {NOTE}"))
    overall = [
        (name, shown(one.overall_mcq), shown(one.overall_with_alignment), shown(shelf.alignment(name, setting)),
         str(one.mcq + one.alignment), str(one.unparsed), str(one.failed))
        for name, one in found.items()
    ]  # fmt: skip
    head = ("system", "multiple choice", "with alignment", "alignment alone", "n", "unparsed", "failed")
    block(heading("Averages"), table(head, overall, numbers=range(1, 7)))
    return figure, (
        ("system", "column", "value", "low", "high"),
        [(name, column, one.value, one.low, one.high) for name, cells in rows.items() for column, one in cells.items()],
    )


def best_rule(shelf: Shelf) -> dict[str, Figure]:
    """Return the best of the rules that see the question alone."""
    best = max(shelf.blind.items(), key=lambda item: item[1].value, default=None)
    return dict([best]) if best else {}


def point(shelf: Shelf, found: Mapping[str, Scores]) -> str:
    """Say in a sentence what the map shows."""
    first = shelf.rows[0].name
    told_of = found[first]
    rule = "".join(f" The best blind rule gets {shown(one)}." for one in best_rule(shelf).values())
    asked = f"{several(told_of.mcq, 'question')} about {several(told_of.persons, 'person')}"
    return f"Of {asked}, “{first}” answers {shown(told_of.overall_mcq)} % rightly.{rule}"


# ── two of them ──────────────────────────────────────────────────────────────────────────────────────────────────


def two(place: Place, shelf: Shelf, names: Sequence[str], setting: str) -> Taken:
    """Draw how one system stands to another: by task, and every answer that flipped."""
    if len(names) < 2:
        block(soft("There is one system here; a comparison needs two."))
        return None, None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        a = choose("From", names, "from", start=1)
        b = choose("to", names, "to")
    if a == b:
        block(soft("Choose two different ones."))
        return None, None
    whole, parts = two_at(place, a, b, setting)
    block(soft(verdict(a, b, whole)))
    left, right = st.columns(2, gap="large")
    figure = forest({name: interval(one.difference) for name, one in parts.items()}, f"{b} less {a} (points)", 0.0)
    with left:
        draw(figure, f"Difference between {a} and {b} by task", f"two {a} {b}")
    flips = [(kind, flip) for kind, found in (("gained", whole.gained), ("lost", whole.lost)) for flip in found]
    with right:
        chosen = flip_table(flips)
    if chosen is not None:
        flipped(shelf.row(a), shelf.row(b), chosen)
    rows = [(kind, flip.case, flip.person, flip.task) for kind, flip in flips]
    return figure, (("change", "case", "person", "task"), rows)


def verdict(a: str, b: str, whole: Comparison) -> str:
    """Say a comparison in a sentence."""
    certain = "" if whole.difference.low * whole.difference.high > 0 else " They are not told apart."
    return (
        f"From “{a}” {shown(whole.a)} to “{b}” {shown(whole.b)}: {signed(whole.difference)} points, p = {whole.p:g}, "
        f"paired over persons; {len(whole.gained)} answers became right, {len(whole.lost)} wrong.{certain}"
    )


def signed(one: Figure) -> str:
    return f"{one.value:+.1f} [{one.low:+.1f}, {one.high:+.1f}]"


def flip_table(flips: Sequence[tuple[str, Flip]]) -> Flip | None:
    """Draw the answers that flipped; return the one whose row was chosen, or that the address names."""
    named = st.query_params.get("case")
    event = st.dataframe(
        [{"": CHANGES[kind], "case": flip.case, "task": flip.task} for kind, flip in flips],
        hide_index=True,
        height=380,
        on_select="rerun",
        selection_mode="single-row",
        key="flips",
        alt="Every question that one of the two has right and the other wrong; choose a row to see both answers",
    )
    rows = event["selection"]["rows"]
    chosen = flips[rows[0]][1] if rows and rows[0] < len(flips) else None
    chosen = chosen or next((flip for _, flip in flips if flip.case == named), None)
    block(soft("choose a row to see what both did"))
    say("case", chosen.case if chosen else None)
    return chosen


def flipped(a: Row, b: Row, flip: Flip) -> None:
    """Draw both answers to one question, with their traces where these are here."""
    block(heading(f"{flip.case}: {flip.task}"))
    if a.run is None or b.run is None:
        picked = {row.name: next(one for one in row.answered if one.case == flip.case) for row in (a, b)}
        block(*(soft(f"“{name}” said ({one.said or '–'}); right is ({one.gold})") for name, one in picked.items()))
        block(soft("Only ids and numbers of these runs are kept here; traces lie in a run's own folder."))
        return
    entries = [(row.name, row.run.entry(flip.person, flip.case)) for row in (a, b) if row.run]
    question = next((entry.trace.turn.text for _, entry in entries if entry.trace), "")
    said(question)
    for column, (name, entry) in zip(st.columns(2, gap="large"), entries, strict=True):
        with column:
            one = entry.answered
            state = "" if one is None else one.why if one.failed else f"said ({one.said or '–'}), right is ({one.gold})"
            block(heading(name), soft(state), steps(None, entry.trace) if entry.trace else "")
            said(one.reply if one else "")


# ── what parts are worth, and what they cost ─────────────────────────────────────────────────────────────────────


def worths(place: Place, shelf: Shelf, names: Sequence[str], setting: str) -> Taken:
    """Draw how much is lost with each part taken away: paired differences to one system."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = choose("Against", names, "against")
        kind = st.segmented_control(
            "Average", ["multiple choice", "with alignment"], default="multiple choice", key="average", required=True
        )
        kin = st.toggle("only its own variants", value=True, key="kin", help="Leaves out systems of another kind.")
    mode = shelf.row(reference).mode
    found = against(place, reference, setting, kind == "with alignment")
    found = {name: one for name, one in found.items() if not kin or shelf.row(name).mode == mode}
    if not found:
        block(soft("Nothing here is a variant of it."))
        return None, None
    figure = forest(
        {name: interval(one.difference) for name, one in found.items()}, f"difference to {reference} (points)", 0.0
    )
    draw(figure, f"Differences to {reference}", f"worth {reference} {kind} {kin}")
    rows = [
        (name, shown(one.b), signed(one.difference), f"{one.p:.4g}", str(len(one.gained)), str(len(one.lost)))
        for name, one in found.items()
    ]  # fmt: skip
    head = ("variant", "value", "difference", "p", "became right", "became wrong")
    note = f"Paired over persons; p is not corrected for there being {several(len(found), 'comparison')}."
    block(table(head, rows, numbers=range(1, 6)), soft(note))
    return figure, (head, rows)


def costs(shelf: Shelf, found: Mapping[str, Scores], setting: str) -> Taken:
    """Draw what an answer takes beside how often it is right."""
    spent = {name: shelf.cost(name, setting) for name in found}
    tokens = {name: one.tokens_in + one.tokens_out for name, one in spent.items()}
    figure = worth(
        {name: (tokens[name], interval(one.overall_mcq, not shelf.row(name).guesses)) for name, one in found.items()},
        "tokens an answer takes", "right (%)",
    )  # fmt: skip
    draw(figure, "Share of right answers against tokens per answer", "cost")
    rows = [
        (name, str(one.cases), f"{one.seconds:.3f}", f"{one.calls:.2f}", f"{one.tokens_in:,.0f}",
         f"{one.tokens_out:,.0f}")
        for name, one in spent.items()
    ]  # fmt: skip
    head = ("system", "cases", "seconds", "model calls", "tokens in", "tokens out")
    block(table(head, rows, numbers=range(1, 6)), soft(COSTS))
    return figure, (head, rows)


def as_published() -> Taken:
    """Draw the paper's own tables: other questions, other persons, never beside ours in one figure."""
    for id in TABLES:
        sheet = published_sheet(id)
        block(heading(sheet.title), table(sheet.columns, sheet.rows, numbers=range(1, len(sheet.columns))))
        block(soft(sheet.note))
    return None, None


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


def page() -> None:
    away = header("How much of it is right")
    found = known_places()
    if not found:
        block(soft(f"There are no runs in {runs_folder()}. Make one:"))
        st.code(
            "personavlm bench run --data persona-mme data/worlds/bench --setting 32k --out runs/full", language="bash"
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = choose("Runs", list(found), "shelf")
        shelf = shelf_at(found[name])
        setting = choose("Setting", list(shelf.settings), "setting", width=120)
    block(soft(shelf.made_with))
    view = view_of([MAP, TWO, PARTS, COST, PUBLISHED], "benchmark view")
    scores = scores_at(found[name], setting)
    names = [row.name for row in shelf.rows if row.name in scores]
    if view == MAP:
        figure, rows = whole_map(shelf, scores, setting)
    elif view == TWO:
        figure, rows = two(found[name], shelf, names, setting)
    elif view == PARTS:
        figure, rows = worths(found[name], shelf, names, setting)
    else:
        figure, rows = costs(shelf, scores, setting) if view == COST else as_published()
    with away:
        code = sharing.benchmark([str(path) for path in found[name].paths], name, setting)
        asked = {
            key: st.query_params.get(key) for key in ("shelf", "setting", "columns", "from", "to", "against", "case")
        }
        take_away("benchmark", code, figure, rows, **asked)


with told():
    page()
