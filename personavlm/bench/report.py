"""Reports: finished runs side by side, as tables and figures, with blind baselines and what answering cost.

    report([read_run(OUT), …])  ──>  Report(sheets, figures)  ──>  terminal | Markdown | one HTML page

Measured rows come first; what guessing gets stands apart from them. Each value is a percentage with its 95 % interval
over persons. The two averages bear the names of the published tables: multiple choice alone, and with alignment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group
from rich.text import Text

from personavlm.bench.compare import Comparison, Flip
from personavlm.bench.folders import Finished
from personavlm.bench.published import TableId, published
from personavlm.bench.scores import Figure, Scores, figure, scores_of
from personavlm.bench.sheets import Sheet, html, markdown, shown, terminal
from personavlm.bench.values import ALIGNMENT, Spend
from personavlm.figures.benchmark import Interval, forest, grouped
from personavlm.figures.style import as_html, shortened
from personavlm.synthesis.questions.values import TASKS
from personavlm.trace import Retrieve

NOTE = (
    "Percent with 95 % intervals (bootstrap over persons). Multiple choice alone is the paper's average of Table 1, "
    "with alignment that of its Table 4. PersonaWorld-MME is our own: not comparable with published numbers."
)

PUBLISHED: tuple[TableId, ...] = ("table1", "table11")
"""The paper's tables that stand behind every report."""
SHORT = {info.name: code for code, info in TASKS.items()} | {ALIGNMENT: "PA"}
"""Tasks by the codes of the published tables."""
ORDER = {
    name: number for number, name in enumerate(dict.fromkeys((*SHORT.values(), *(t.aspect for t in TASKS.values()))))
}
"""Tasks and aspects in the published order."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is shown of some runs."""

    sheets: tuple[Sheet, ...]
    figures: tuple[tuple[str, Any], ...]
    """Titles with plotly figures."""
    parts: tuple[Part, ...] = ()
    """The numbers behind the tables."""
    blind: Mapping[str, Figure] = field(default_factory=dict)

    @property
    def measured(self) -> tuple[Sheet, ...]:
        """The tables of what was measured here."""
        return tuple(sheet for sheet in self.sheets if sheet.apart != 0)

    def markdown(self) -> str:
        """Return the tables as Markdown."""
        return "\n".join(markdown(sheet) for sheet in self.sheets)

    def plain(self) -> dict[str, Any]:
        """Return the numbers as JSON-ready values."""
        runs = {part.name: part.scores.plain() | {"alignment": part.alignment.plain()} for part in self.parts}
        return {"runs": runs, "blind": {name: one.plain() for name, one in self.blind.items()}}

    def html(self) -> str:
        """Return one page that needs no network: figures, then tables."""
        drawn = []
        for number, (title, one) in enumerate(self.figures):
            shown = one.to_html(full_html=False, include_plotlyjs=number == 0)
            drawn.append(f"<section><h2>{as_html(title)}</h2>{shown}</section>")
        return PAGE.format(body="".join([*drawn, *map(html, self.sheets)]))


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Bench</title><style>
body{{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}}
table{{border-collapse:collapse;margin:.5rem 0;display:block;overflow-x:auto}}
th,td{{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #8884;font-variant-numeric:tabular-nums}}
th:first-child,td:first-child{{text-align:left}}
tr.apart td{{font-style:italic;opacity:.7}}p{{max-width:48rem;opacity:.8}}
</style><body>{body}</body></html>
"""


def report(runs: Sequence[Finished], blind: Mapping[str, Figure] | None = None) -> Report:
    """Return the report of some runs; ``blind`` are baselines on the same questions."""
    rows = [part for run in runs for part in parts(run)]
    return Report(
        (
            _overall(rows, blind or {}),
            _by("By aspect (multiple choice)", rows, lambda scores: scores.by_aspect),
            _by("By task", rows, lambda scores: {SHORT.get(name, name): one for name, one in scores.by_task.items()}),
            _permuted(rows),
            _cost(runs),
            *map(published_sheet, PUBLISHED),
        ),
        (
            ("Multiple choice", forest(_intervals(rows, blind or {}), "accuracy (%)")),
            ("By aspect", grouped({row.name: _plain(row.scores.by_aspect) for row in rows}, "accuracy (%)")),
        ),
        tuple(rows),
        blind or {},
    )


def published_sheet(table: TableId) -> Sheet:
    """Return one of the paper's tables, all of it drawn as what was not measured here, with its caveats."""
    found = published(table)
    names = list(dict.fromkeys(name for row in found.rows for name, _ in row.values))
    cells = []
    for row in found.rows:
        values = dict(row.values)
        where = " ".join(filter(None, (row.model, row.setting, row.context)))
        cells.append((where, *(f"{values[name]:g}" if name in values else "–" for name in names)))
    note = " ".join(("Other questions, other persons: not comparable with what was measured here.", *found.caveats))
    return Sheet(f"As published: {found.title} ({found.unit})", ("row", *names), tuple(cells), 0, note)


@dataclass(frozen=True, slots=True)
class Part:
    """A run on one setting."""

    name: str
    setting: str
    scores: Scores
    alignment: Figure


def parts(run: Finished) -> Iterator[Part]:
    """Yield a run's figures setting by setting."""
    for setting in dict.fromkeys(one.setting for one in run.answered):
        found = [one for one in run.answered if one.setting == setting]
        aligned = [one for one in found if one.task == ALIGNMENT and not one.twin]
        yield Part(f"{run.name} · {setting}" if setting else run.name, setting, scores_of(found), figure(aligned))


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _overall(rows: Sequence[Part], blind: Mapping[str, Figure]) -> Sheet:
    columns = ("run", "persons", "n", "multiple choice", "with alignment", "alignment", "unparsed", "failed")
    measured = [
        (
            row.name,
            str(row.scores.persons),
            f"{row.scores.mcq} + {row.scores.alignment}",
            shown(row.scores.overall_mcq),
            shown(row.scores.overall_with_alignment),
            shown(row.alignment),
            str(row.scores.unparsed),
            str(row.scores.failed),
        )
        for row in rows
    ]
    guessed = [(name, "", str(one.n), shown(one), "", "", "", "") for name, one in blind.items()]
    return Sheet("Overall", columns, (*measured, *guessed), len(measured) if guessed else None, NOTE)


def _by(title: str, rows: Sequence[Part], of: Callable[[Scores], Mapping[str, Figure]]) -> Sheet:
    found = dict.fromkeys(name for row in rows for name in of(row.scores))
    names = sorted(found, key=lambda name: (ORDER.get(name, len(ORDER)), name))
    cells = [(row.name, *(shown(of(row.scores).get(name)) for name in names)) for row in rows]
    return Sheet(title, ("run", *names), tuple(cells))


def _permuted(rows: Sequence[Part]) -> Sheet:
    cells = [
        (row.name, str(found.after.n), shown(found.before), shown(found.after), shown(found.same))
        for row in rows
        if (found := row.scores.permuted)
    ]
    note = "The same questions with their options in another order: whoever answers by place picks another option."
    return Sheet("Options permuted", ("run", "n", "as printed", "permuted", "same option"), tuple(cells), None, note)


def _cost(runs: Sequence[Finished]) -> Sheet:
    columns = ("run", "stage", "model calls", "tokens in", "tokens out", "seconds", "per")
    replays = {(run.plan.mode, str(run.plan.made)): run for run in reversed(runs)}  # the first run of each
    cells = [row for run in runs for row in _case_cost(run)]
    cells += [row for run in reversed(replays.values()) for row in _turn_cost(run)]
    note = (
        "Means; a whole answer is what the paper's Table 11 counts, the update stage left out of it. "
        "Tokens as the model counts them (embedded: words). Seconds of a stage are those of its model calls; in "
        "a pass of several runs a later one finds encoded what an earlier one had encoded."
    )
    return Sheet("Cost", columns, tuple(cells), None, note)


def _case_cost(run: Finished) -> Iterator[tuple[str, ...]]:
    asked = [one for one in run.answered if not one.failed]
    spent = [spend for one in asked for spend in one.spends]
    yield from _spent(run.name, spent, len(asked), "case")
    whole = sum(one.seconds for one in asked) / max(1, len(asked))
    yield (run.name, "whole answer", *_means(spent, max(1, len(asked))), f"{whole:.3f}", "case")


def _turn_cost(run: Finished) -> Iterator[tuple[str, ...]]:
    turns = sum(one.turns for one in run.prepared)
    if turns:
        yield from _spent(run.name, [spend for one in run.prepared for spend in one.spends], turns, "turn")
        kept = sum(one.bytes for one in run.prepared) / turns
        yield (run.name, f"stored: {kept:,.0f} bytes", "", "", "", "", "turn")


def _spent(name: str, spent: Sequence[Spend], over: int, per: str) -> Iterator[tuple[str, ...]]:
    for stage in dict.fromkeys(one.stage for one in spent):
        same = [one for one in spent if one.stage == stage]
        yield (name, stage, *_means(same, over), f"{sum(one.seconds for one in same) / over:.3f}", per)


def _means(spent: Sequence[Spend], over: int) -> tuple[str, str, str]:
    """Mean model calls, tokens in and tokens out."""
    calls = sum(one.calls for one in spent) / over
    tokens = (sum(one.tokens_in for one in spent) / over, sum(one.tokens_out for one in spent) / over)
    return f"{calls:.2f}", f"{tokens[0]:,.0f}", f"{tokens[1]:,.0f}"


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _intervals(rows: Sequence[Part], blind: Mapping[str, Figure]) -> dict[str, Interval]:
    measured = {row.name: _interval(row.scores.overall_mcq) for row in rows}
    return measured | {name: _interval(one, measured=False) for name, one in blind.items()}


def _interval(one: Figure, measured: bool = True) -> Interval:
    return Interval(one.value, one.low, one.high, measured)


def _plain(figures: Mapping[str, Figure]) -> dict[str, Interval]:
    return {name: _interval(one) for name, one in figures.items()}


# ── two runs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def comparison(a: Finished, b: Finished, found: Comparison, show: int = 3) -> Group:
    """Return a comparison for the terminal, with ``show`` flips each way and what both systems did in them."""
    columns = ("", "value", "n")
    rows = (
        (a.name, shown(found.a), str(found.a.n)),
        (b.name, shown(found.b), str(found.b.n)),
        ("difference", f"{shown(found.difference)}, p = {found.p:g}", str(found.difference.n)),
        ("wrong to right", str(len(found.gained)), ""),
        ("right to wrong", str(len(found.lost)), ""),
        ("only in one run", str(found.alone), ""),
    )
    note = "Difference in percentage points with its 95 % interval; p of a paired permutation test over persons."
    flips = [*found.gained[:show], *found.lost[:show]]
    told = [Text("\n" + flip_text(run, flip)) for flip in flips for run in (a, b)]
    return Group(terminal(Sheet(f"{a.name} and {b.name}", columns, rows, None, note)), *told)


def flip_text(run: Finished, flip: Flip) -> str:
    """Return what one run did in a flipped case: its steps, its hits and its reply, in lines."""
    entry = run.entry(flip.person, flip.case)
    one = entry.answered
    assert one is not None  # ``entry`` finds lines with an answer only
    state = one.why if one.failed else f"said ({one.said or '–'}), right is ({one.gold})"
    lines = [f"{run.name} · {flip.case} · {flip.task}: {state}"]
    for step in entry.trace.steps if entry.trace else ():
        if isinstance(step.action, Retrieve):
            lines.append(f"  looked up {', '.join(step.action.keywords)}: {len(step.hits)} hits")
            lines += [f"    {hit.type} {hit.id}: {shortened(hit.text, 100)}" for hit in step.hits]
    return "\n".join([*lines, *(f"  {line}" for line in one.reply.splitlines())])
