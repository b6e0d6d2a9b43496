"""One person side by side for a terminal: the life, the conversation, and what is true at every turn."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from personavlm.worlds.truth import by_id, facts
from personavlm.worlds.values import Fact, Person, World, WorldTurn

MARKS = {"learnt": "green", "ended": "red", "cue": "magenta", "thing": "cyan"}
"""Colours of what a turn teaches, what it ends, the trait it shows, the things in its picture."""


def show(world: World) -> RenderableType:
    """Return the whole world, drawn: who it is, everything true, and every turn beside its truth."""
    return Group(head(world.person), life(world.person), conversation(world))


def head(person: Person) -> RenderableType:
    """Return who it is: traits, drift, kin, things."""
    traits = "  ".join(f"{trait} {score:.1f}" for trait, score in person.traits)
    drift = person.drift
    moves = f"\n{drift.trait} moves by {drift.amount:+.1f} from {drift.start:%d %b}: {drift.cause}" if drift else ""
    kin = ", ".join(f"{one.relation} {one.name}{' ♥' * (one.closeness - 1)}" for one in person.kin)
    things = ", ".join(thing.name for thing in person.things)
    span = f"{person.start:%d %b %Y} to {person.end:%d %b %Y}"
    return Panel(f"{traits}{moves}\nkin: {kin}\nthings: {things}", title=f"{person.name} ({person.id}), {span}")


def life(person: Person) -> RenderableType:
    """Return every thread but the details of pictures, with what was told of it and when."""
    table = Table("matter", "about", "true", "from", "until", "why", "told", title="Life", expand=True)
    for fact in facts(person):
        if fact.matter != "detail":
            until = f"{fact.until:%d %b}" if fact.until else ""
            told = " ".join(fact.evidence) or "never"
            about = fact.about if fact.about != "user" else ""
            table.add_row(fact.matter, about, _said(fact), f"{fact.since:%d %b %Y}", until, fact.reason, told)
    return table


def conversation(world: World) -> RenderableType:
    """Return the turns, each beside what it teaches."""
    table = Table("turn", "said", "truth", title="Conversation", show_lines=True, expand=True)
    known = by_id(world.person)
    captions = {shot.id: shot.caption for shot in world.shots}
    firsts = {session.turns[0]: session.id for session in world.sessions}
    for turn in world.turns:
        when = f"{turn.id}\n{turn.time:%a %d %b %H:%M}" + (f"\n[{firsts[turn.id]}]" if turn.id in firsts else "")
        said = Text()
        for shot in turn.shots:
            said.append(f"[{shot}: {captions[shot]}] ", style="cyan")
        said.append(turn.text).append(f"\n» {turn.reply}", style="dim")
        table.add_row(Text(when), said, Text("\n").join(_truth(turn, known)))
    return table


def _truth(turn: WorldTurn, known: dict[str, Fact]) -> Iterator[Text]:
    yield Text(" + ".join(beat.act for beat in turn.beats), style="bold")
    for id_ in turn.learnt:
        yield Text(f"+ {_said(known[id_])}", style=MARKS["learnt"])
    for id_ in turn.ended:
        yield Text(f"- {_said(known[id_])}", style=MARKS["ended"])
    for trait, way in turn.cues:
        yield Text(f"~ {trait} {'high' if way > 0 else 'low'}", style=MARKS["cue"])


def _said(fact: Fact) -> str:
    return f"({fact.text})" if fact.implied else fact.text
