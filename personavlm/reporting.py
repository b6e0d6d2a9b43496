"""What programs and people are shown of traces and states: JSON objects of the CLI contract, and rich text beside them.

    Trace ──ask_object──> {"answer", "steps": [{"think", "action", "keywords", "start", "end", "hits"}], "profile", …}
    State ──state_object──> {"profile": {trait: {"score", "low", "high"}}, "core", "semantic", …}

Times are ISO 8601 with offset, or null. Pure: nothing here reads a store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from personavlm.doctor import Check, Fit, Report
from personavlm.memory import Memory, MemoryType, State
from personavlm.personality import TRAITS, Profile, describe_trait
from personavlm.trace import Answer, Hit, Retrieve, Step, Trace


def ask_object(trace: Trace, profile: Profile) -> dict[str, Any]:
    """Return a turn's answer with every step and hit."""
    return {
        "answer": trace.reply,
        "steps": [step_object(step) for step in trace.steps],
        "profile": {trait: round(score, 4) for trait, score in profile},
        "calls": len(trace.calls),
        "seconds": round(sum(call.seconds for call in trace.calls), 4),
    }


def step_object(step: Step) -> dict[str, Any]:
    """Return one step; a Malformed one carries the reason in place of the thought."""
    action = step.action
    query = action if isinstance(action, Retrieve) else None
    named = "retrieve" if query else "answer" if isinstance(action, Answer) else "malformed"
    return {
        "think": step.think,
        "action": named,
        "keywords": list(query.keywords) if query else [],
        "start": spelled(query.start) if query else None,
        "end": spelled(query.end) if query else None,
        "hits": [hit_object(hit) for hit in step.hits],
        "forced": step.forced,
        **({"malformed": action.reason} if named == "malformed" else {}),  # type: ignore[union-attr]
    }


def hit_object(hit: Hit) -> dict[str, Any]:
    """Return one hit with its scores and why."""
    scores = hit.scores
    return {
        "id": hit.id,
        "type": hit.type,
        "time": spelled(hit.time),
        "text": hit.text,
        "scores": {
            "dense": scores.dense,
            "lexical": scores.lexical,
            "picture": scores.picture,
            "fused": scores.fused,
        },
        "why": hit.why,
        "evidence": list(hit.evidence),
        "quotes": [
            {"turn": q.turn, "time": spelled(q.time), "text": q.text, "reply": q.reply, "score": q.score}
            for q in hit.quotes
        ],
    }


def state_object(state: State) -> dict[str, Any]:
    """Return all that is known of a user: profile with 90 % intervals, and memory by type."""
    intervals = {trait: state.estimate.interval(trait) for trait in TRAITS}
    return {
        "profile": {
            t: {"score": round(i.score, 4), "low": round(i.low, 4), "high": round(i.high, 4)}
            for t, i in intervals.items()
        },
        "core": {block: [record(m) for m in state.all("core") if m.block == block] for block in ("human", "persona")},
        "semantic": [record(m) for m in state.all("semantic") if not m.crops],
        "episodic": [record(m) for m in state.all("episodic")],
        "procedural": [record(m) for m in state.all("procedural")],
        "visual": [record(m) for m in state.all("semantic") if m.crops],
    }


def record(memory: Memory) -> dict[str, Any]:
    """Return one memory."""
    return {
        "id": memory.id,
        "text": memory.text,
        "from": spelled(memory.since),
        "until": spelled(memory.until),
        "status": memory.status,
        "evidence": list(memory.evidence),
        **({"attribute": memory.attribute, "value": memory.value} if memory.attribute else {}),
    }


def timeline_object(traces: Sequence[Trace], sessions: Sequence[str]) -> list[dict[str, Any]]:
    """Return turns with their session and what each taught."""
    return [
        {
            "id": t.turn.id,
            "session": session,
            "time": spelled(t.turn.time),
            "text": t.turn.text,
            "reply": t.reply,
            "edits": [f"{e.op}: {e.memory.text}" if hasattr(e, "memory") else e.op for e in t.edits],
        }
        for t, session in zip(traces, sessions, strict=True)
    ]


def spelled(time: datetime | None) -> str | None:
    """Return a time as ISO 8601 with offset."""
    return time.isoformat() if time else None


# ── for people ───────────────────────────────────────────────────────────────────────────────────────────────────


def answer_view(trace: Trace) -> RenderableType:
    """Return a reply with, under it, what was looked up and found."""
    lines: list[RenderableType] = [Text(trace.reply, style="bold")]
    for step in trace.steps:
        if isinstance(step.action, Retrieve):
            lines.append(Text.from_markup(f"  [cyan]looked up[/] {escape(_asked(step.action))}", overflow="fold"))
            lines += [Text.from_markup(f"    {line}") for line in _found(step.hits)]
        elif not isinstance(step.action, Answer):
            lines.append(Text.from_markup(f"  [red]malformed[/] {escape(step.action.reason)}"))
    return Group(*lines)


def _asked(query: Retrieve) -> str:
    period = f" from {query.start:%Y-%m-%d %H:%M}" if query.start else ""
    period += f" to {query.end:%Y-%m-%d %H:%M}" if query.end else ""
    return ", ".join(query.keywords)[:120] + period


def _found(hits: Sequence[Hit]) -> Iterator[str]:
    for hit in hits:
        text = hit.text if len(hit.text) <= 90 else hit.text[:89] + "…"
        yield f"[dim]{hit.id:>6} {hit.type:<10}[/] {escape(text)} [dim]({escape(hit.why)})[/]"


def state_view(state: State, most: int = 8) -> RenderableType:
    """Return tables of what is remembered, per type, and the profile."""
    parts: list[RenderableType] = []
    types: tuple[MemoryType, ...] = ("core", "semantic", "procedural", "episodic")
    for type in types:
        memories = list(state.all(type))
        if not memories:
            continue
        current = sum(m.status == "current" for m in memories)
        table = Table(title=f"{type} memory: {current} current, {len(memories) - current} former", title_justify="left")
        for column in ("id", "what", "since", "status", "from turn"):
            table.add_column(column, overflow="fold")
        for m in sorted(memories, key=lambda m: (m.status != "current", m.since))[:most]:
            turns = ", ".join(m.evidence[:3]) + (" …" if len(m.evidence) > 3 else "")
            table.add_row(m.id, escape(m.text), f"{m.since:%Y-%m-%d}", m.status, turns)
        if len(memories) > most:
            table.add_row("…", f"{len(memories) - most} more", "", "", "")
        parts.append(table)
    parts.append(profile_view(state))
    return Group(*parts)


def profile_view(state: State) -> Table:
    """Return the five traits with their intervals."""
    table = Table(title=f"profile after {state.estimate.turns} readings", title_justify="left")
    for column in ("trait", "score", "90 % interval", "in words"):
        table.add_column(column)
    for trait in TRAITS:
        interval = state.estimate.interval(trait)
        words = describe_trait(trait, interval.score)
        table.add_row(trait, f"{interval.score:.2f}", f"{interval.low:.2f} to {interval.high:.2f}", words)
    return table


# ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────────


def doctor_object(report: Report) -> dict[str, Any]:
    """Return what the doctor found."""
    return {
        "ok": report.ok,
        "memory_gb": report.machine.memory_gb,
        "gpu": report.machine.gpu or None,
        "checks": [
            {"name": c.name, "ok": c.ok, "needed": c.needed, "detail": c.detail, "remedy": c.remedy}
            for c in report.checks
        ],
        "models": [
            {
                "hardware": f.choice.hardware,
                "model": f.choice.setting,
                "memory_gb": f.memory_gb,
                "fits": f.fits,
                "run_here": f.choice.ran_here,
                "line": f.line,
            }
            for f in report.fits
        ],
    }


def doctor_view(report: Report) -> RenderableType:
    """Return the checks, and which models have room here."""
    verdict = (
        "[green]Everything that is needed is there.[/]" if report.ok else "[red]Something that is needed is missing.[/]"
    )
    return Group(_checks(report.checks), _fits(report.fits), Text.from_markup(verdict))


def _checks(checks: Sequence[Check]) -> Table:
    table = Table("", "what", "found", "remedy", title="this machine", title_justify="left")
    for check in checks:
        mark = "[green]✓[/]" if check.ok else "[red]✗[/]" if check.needed else "[yellow]–[/]"
        table.add_row(mark, check.name, escape(check.detail), escape(check.remedy))
    return table


def _fits(fits: Sequence[Fit]) -> Table:
    table = Table("room", "model", "hardware", "GB", "", title="models", title_justify="left")
    for fit in fits:
        mark = "[green]✓[/]" if fit.fits else "[red]✗[/]"
        ran = "" if fit.choice.ran_here else "not run here"
        table.add_row(mark, escape(fit.choice.setting), fit.choice.hardware, f"{fit.memory_gb:.1f}", ran)
    return table
