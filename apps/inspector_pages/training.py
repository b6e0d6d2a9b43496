"""Training: curves of runs while they go on or afterwards; rollouts of one question side by side, and their rewards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st
from inspector_parts import block, heading, quoted, several, soft, steps, table, told
from inspector_runs import known_histories, runs_folder
from inspector_views import choose, draw, header, take_away, view_of

from personavlm.figures import rewards, training_curves
from personavlm.inspection import sharing
from personavlm.training.histories import History, read_history
from personavlm.training.rollouts import Group, Rollout, read_kept

CURVES, ROLLOUTS, RECIPE = "Curves", "Rollouts", "Recipe"
FIRST = ("reward", "accuracy", "consistency", "format", "retrieved", "kl", "loss", "rate", "gradient")
"""Numbers that are shown first, where a run has them."""
MOST_PANELS = 6
Panels = dict[str, dict[str, tuple[Sequence[int], Sequence[float]]]]
MOST_BESIDE = 4  # rollouts that are read side by side
HEAD = ("rollout", "accuracy", "consistency", "format", "cost", "bonus", "reward", "advantage", "tokens")
Taken = tuple[go.Figure | None, tuple[Sequence[str], Sequence[Sequence[object]]] | None]


# ── curves ───────────────────────────────────────────────────────────────────────────────────────────────────────


def curve_view(shown: Mapping[str, History]) -> Taken:
    """Draw every number of the runs over steps, and what held-out examples come to."""
    panels, held = panelled(shown, probes=False), panelled(shown, probes=True)
    first, more = told_apart(panels)
    figure = training_curves(first or held, shares=not first) if first or held else None
    if first and figure is not None:
        draw(figure, "Numbers of the training runs over steps: " + ", ".join(first), f"curves {len(shown)}")
    else:
        block(soft("No losses yet."))
    if more:
        with st.expander(f"{several(len(more), 'more number')}: {', '.join(more)}"):
            draw(training_curves(more), "More numbers over steps", f"more curves {len(shown)}")
    if held:
        block(heading("Held-out examples that are right from the first to the last token, by kind"))
        draw(
            training_curves(held, shares=True),
            "Share of held-out examples that are right, by kind",
            f"probes {len(shown)}",
        )
    rows = [
        (name, curve.name, step, value)
        for name, one in shown.items()
        for curve in (*one.curves, *one.probes)
        for step, value in zip(curve.steps, curve.values, strict=True)
    ]
    return figure, (("run", "number", "step", "value"), rows)


def told_apart(panels: Panels) -> tuple[Panels, Panels]:
    """Return what tells most of a run, at most ``MOST_PANELS`` numbers, and the rest."""
    ordered = sorted(panels, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    shown = ordered[:MOST_PANELS]
    return {name: panels[name] for name in shown}, {name: panels[name] for name in panels if name not in shown}


def panelled(shown: Mapping[str, History], probes: bool) -> Panels:
    """Return the curves of runs by number, then by run."""
    panels: Panels = {}
    for name, one in shown.items():
        for curve in one.probes if probes else one.curves:
            if curve.steps:
                panels.setdefault(curve.name, {})[name] = (curve.steps, curve.values)
    return panels


# ── rollouts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def rollout_view(run: History) -> Taken:
    """Draw the rollouts of one question in one step: what each earned, and how it got there."""
    if not run.kept:
        block(soft("This run kept no rollouts: only reinforcement learning (lab.train_grpo) has any."))
        return None, None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        step = int(choose("Step", [str(one) for one in run.kept], "step", start=len(run.kept) - 1, width=120))
        kept = read_kept(run.folder, step)
        place = choose("Question", [str(n) for n in range(1, len(kept.groups) + 1)], "question", width=120)
    if kept.kl is not None:
        block(soft(f"KL to the policy before reinforcement learning: {kept.kl:.4f}"))
    return group_view(kept.groups[int(place) - 1])


def group_view(group: Group) -> Taken:
    """Draw a group: its question, the parts of each reward, the advantages, and chosen rollouts side by side."""
    named = {f"rollout {number}": one for number, one in enumerate(group.rollouts, start=1)}
    block(quoted(group.question.text), soft(f"the right answer: {group.question.gold}"))
    scored = {name: dict(one.reward.parts) for name, one in named.items() if one.reward}
    figure = rewards(scored, {name: named[name].advantage for name in scored}) if scored else None
    if figure is not None:
        draw(figure, "What each rollout earned, part on part, and its advantage", "rewards")
    rows = [row(name, one) for name, one in named.items()]
    block(table(HEAD, rows, numbers=range(1, len(HEAD))))
    ordered = sorted(named, key=lambda name: named[name].advantage, reverse=True)
    first = [ordered[0], ordered[-1]] if len(ordered) > 1 else ordered
    chosen = st.pills("Side by side", list(named), selection_mode="multi", default=first, key="side by side")
    beside = [name for name in named if name in chosen][:MOST_BESIDE]
    for column, name in zip(st.columns(max(1, len(beside)), gap="large"), beside, strict=False):
        with column:
            told_of(name, named[name])
    return figure, (HEAD, rows)


def row(name: str, one: Rollout) -> tuple[str, ...]:
    if one.reward is None:
        return (name, *("–" for _ in range(6)), f"{one.advantage:+.2f}", str(one.tokens))
    r = one.reward
    parts = (r.accuracy, r.consistency, r.format, r.cost, r.bonus, r.total)
    return (name, *(f"{part:.2f}" for part in parts), f"{one.advantage:+.2f}", str(one.tokens))


def told_of(name: str, one: Rollout) -> None:
    """Draw one rollout step by step."""
    earned = f"reward {one.reward.total:.2f}" if one.reward else f"not scored: {one.unscored}"
    block(heading(name), soft(f"{earned} · advantage {one.advantage:+.2f} · {several(one.tokens, 'token')}"))
    block(steps(None, one.trace), heading("Its answer"), quoted(one.trace.reply))


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


def recipe_view(run: History) -> Taken:
    """Draw what the run was told to do, and with what it ran."""
    if not run.recipe:
        block(soft("It is written when the run ends."))
        return None, None
    left, right = st.columns(2, gap="large")
    with left:
        block(heading("Recipe"), table(("", ""), run.recipe))
    with right:
        block(heading("Made with"), table(("", ""), run.made_with))
    return None, (("name", "value"), [*run.recipe, *run.made_with])


def point(run: History) -> str:
    """Say in a sentence how far a run came."""
    named = next((curve for name in ("reward", "loss") if (curve := run.curve(name))), None)
    change = f": {named.name} {named.values[0]:.3g} → {named.values[-1]:.3g}" if named else ""
    kept = f" · rollouts kept at {several(len(run.kept), 'step')}" if run.kept else ""
    going = "" if run.recipe else " · still running, or stopped"
    return f"{several(run.steps, 'step')}{change}{kept}{going}"


def page() -> None:
    away = header("How models were trained")
    known: dict[str, Path] = known_histories()
    if not known:
        block(soft(f"There are no training runs in {runs_folder()}. Make one:"))
        st.code("python -m lab.train_sft lab/recipes/sft_smoke.toml --data DIR --out runs/sft", language="bash")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = choose("Run", list(known), "run")
        others = [one for one in known if one != name]
        beside = st.multiselect("beside it", others, key="runs beside", width=360, placeholder="another run")
    run = read_history(known[name])
    block(soft(point(run)))
    view = view_of([CURVES, ROLLOUTS, RECIPE], "training view")
    if view == CURVES:
        figure, rows = curve_view({name: run, **{one: read_history(known[one]) for one in beside}})
    elif view == ROLLOUTS:
        figure, rows = rollout_view(run)
    else:
        figure, rows = recipe_view(run)
    with away:
        asked = {key: st.query_params.get(key) for key in ("run", "step", "question")}
        take_away("training", sharing.training(str(known[name])), figure, rows, **asked)


with told():
    page()
