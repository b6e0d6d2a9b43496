"""Graph: memories by what ties them, each group named, bridges between groups; the slider shows it as it grew."""

from __future__ import annotations

from html import escape as esc

import streamlit as st
from inspector_desk import here, home
from inspector_parts import block, card, heading, memory_link, plainly, several, soft
from inspector_views import MEMORIES, draw, header, looking_from, take_away

from personavlm.figures import memory_map
from personavlm.inspection import Chart, as_of, sharing

HEAD = ("id", "type", "what", "group", "x", "y", "current")
MOST_GROUPS = 8

desk = here()


def groups(drawn: Chart) -> str:
    """Return the largest groups with their sizes, and the bridges between them."""
    shown = {spot.id for spot in drawn.spots}
    sizes = [(name, len(shown & set(members))) for name, members in drawn.groups]
    rows = [(name, size) for name, size in sizes if size > 1][:MOST_GROUPS]
    listed = "".join(f"<span>{size}</span><span>{esc(name)}</span>" for name, size in rows)
    bridges = "".join(
        f"<span>{memory_link(desk.user, bridge.memory.id)}</span><span>{esc(', '.join(bridge.groups[:4]))}</span>"
        for bridge in drawn.bridges[:6]
    )
    return (
        f'{heading("Groups, by size")}<div class="pv-list short">{listed}</div>'
        f'{heading("Bridges: what ties groups together")}<div class="pv-list short">{bridges}</div>'
    )


def page() -> None:
    away = header(f"What ties {plainly(desk.store.state().name or desk.user)}'s memories together")
    then = looking_from(desk)
    whole = desk.chart()
    if not whole.spots:
        block(soft("Nothing is remembered yet."))
        return
    state = desk.state(then)
    drawn = whole if then is None else as_of(whole, state)
    current = sum(spot.current for spot in drawn.spots)
    block(soft(f"{several(len(drawn.spots), 'memory')} · {several(len(drawn.lines), 'tie')} · {current} hold"))
    left, right = st.columns([9, 4], gap="large")
    figure = memory_map(drawn.spots, drawn.lines, drawn.discs)
    with left:
        picked = draw(figure, f"{len(drawn.spots)} memories in groups", f"map {desk.user}", picks=True)
        block(soft("filled: holds · open: over · ring: ties groups together · click to open, drag to move"))
    with right:
        for id in picked[:1]:
            block(heading("Chosen"), card(desk.store, state.memories[id]))
            st.page_link(
                MEMORIES, label="Open its card", icon=":material/inventory_2:",
                query_params={"user": desk.user, "memory": id},
            )  # fmt: skip
        block(groups(drawn))
    with away:
        group = {member: name for name, members in drawn.groups for member in members}
        rows = [(s.id, s.type, s.text, group[s.id], round(s.x, 2), round(s.y, 2), s.current) for s in drawn.spots]
        take_away(
            "graph", sharing.graph(str(home()), desk.user), figure, (HEAD, rows), user=desk.user,
            moment=then.isoformat() if then else None,
        )  # fmt: skip


page()
