"""Retrieval: everything a question could have brought back, with every score; turn the weights and watch it re-rank."""

from __future__ import annotations

from datetime import date

import streamlit as st
from inspector_desk import here, home, model_setting, now
from inspector_parts import block, heading, memory_link, period, plainly, several, soft, told, turn_link
from inspector_views import header, say, take_away

from personavlm.inspection import DIALS, Ranking, dialled, ranked, reason, sharing, whole_days
from personavlm.retrieval import WEIGHTS, Placed, Weights
from personavlm.trace import Retrieve

SHOWN = 300  # rows of the table; the CSV holds all
HEAD = ("id", "type", "what", "time", "place", "returned", "fused", "dense", "lexical", "picture", "why")
NAMES = {
    "own": "own words",
    "window": "words nearby",
    "dense": "meaning",
    "picture": "picture",
    "recency": "newest first",
    "hop": "ties",
}
SCORES = ("fused", "dense", "lexical", "picture")

desk = here()


def asked() -> tuple[str, Retrieve, bytes | None]:
    """Draw the question with its keywords, period and picture."""
    last = desk.store.last_turn()
    told_last = last.text[:200] if last else ""
    text = st.text_input("Question", st.query_params.get("ask") or told_last, key=f"ask {desk.user}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input("Keywords", placeholder="Bob, guitar", key="keywords", width=280)
        days = st.date_input(
            "Period", (), key=f"period {desk.user}", width=240, min_value=date(1970, 1, 2), max_value=date(2200, 1, 1)
        )
        with st.popover("Picture", icon=":material/image_search:", type="tertiary"):
            file = st.file_uploader(
                "Picture", ["png", "jpg", "jpeg", "webp"], key="shown", label_visibility="collapsed"
            )
    keywords = tuple(word.strip() for word in words.split(",") if word.strip())
    chosen = days if isinstance(days, tuple) else (days,) if days else ()
    period_of = whole_days(chosen, now().tzinfo)
    return text, Retrieve(keywords or (text,), *period_of), file.getvalue() if file else None


def weights() -> Weights:
    """Draw the sliders of the weights."""
    block(heading("Weights"))
    chosen = [
        st.slider(NAMES[dial], 0.0, 1.0, getattr(WEIGHTS, dial), 0.01, key=f"weight {dial}", help=f"Weights.{dial}")
        for dial in DIALS
    ]
    st.button("Back to the defaults", on_click=reset, type="tertiary", icon=":material/restart_alt:")
    return dialled(chosen)


def reset() -> None:
    for dial in DIALS:
        st.session_state[f"weight {dial}"] = getattr(WEIGHTS, dial)


def row(one: Placed) -> dict[str, object]:
    hit = one.hit
    return {
        "": "●" if one.returned else "",
        "place": f"{one.place}. {hit.type}",
        "what": hit.text,
        **{part: getattr(hit.scores, part) for part in SCORES},
        "from": hit.time.date(),
        "id": hit.id,
    }


def candidates(ranking: Ranking) -> Placed | None:
    """Draw the table of candidates; return the one whose row was chosen."""
    shown = ranking.placed[:SHOWN]
    parts = {
        part: st.column_config.ProgressColumn(part, min_value=0.0, max_value=1.0, format="%.2f", width=78)
        for part in SCORES
        if part == "fused" or any(getattr(one.hit.scores, part) is not None for one in shown)
    }
    columns = ["", "place", "what", *parts, "from", "id"]
    event = st.dataframe(
        [row(one) for one in shown],
        column_order=columns,
        column_config={"": st.column_config.TextColumn("", width=24), "what": {"width": 250}, **parts},
        hide_index=True,
        height=560,
        on_select="rerun",
        selection_mode="single-row",
        key="candidates",
        alt="Every candidate with its scores; the dot marks what comes back",
    )
    rows = event["selection"]["rows"]
    return shown[rows[0]] if rows and rows[0] < len(shown) else None


def why(ranking: Ranking, one: Placed) -> None:
    """Draw why one candidate did or did not come back."""
    block(heading("It comes back" if one.returned else "Why not this one?"))
    link = turn_link if one.hit.type == "turn" else memory_link
    told_why = reason(desk.assistant, ranking, one.hit.id).reason
    block(f"{soft(told_why)}{soft(one.hit.why)}{link(desk.user, one.hit.id)}")


def why_missing(ranking: Ranking) -> None:
    """Draw the box that says of any memory or turn why it is no candidate."""
    with st.popover("Why not … ?", icon=":material/help:", type="tertiary"):
        id = st.text_input("Id of a memory or a turn", placeholder="m12_1, e3_1, t7", key="missing").strip()
        if id:
            block(soft(reason(desk.assistant, ranking, id).reason))


@st.fragment
def ranking_view(text: str, query: Retrieve, picture: bytes | None) -> None:
    """Draw the weights and the ranking; turning a weight draws this alone anew."""
    left, right = st.columns([11, 3], gap="large")
    with right:
        chosen = weights()
    with left, told():
        ranking = ranked(desk.assistant, now(), text, query, chosen, picture)
        back = sum(one.returned for one in ranking.placed)
        lines = f"{several(len(ranking.placed), 'candidate')} of {ranking.known} · {back} come back"
        took = f"{1000 * ranking.ranking:.0f} ms to rank, {1000 * ranking.preparing:.0f} ms to prepare"
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            block(soft(f"{lines} · {period(query.start, query.end)} · {took}"))
            why_missing(ranking)
        one = candidates(ranking)
        if one is not None:
            with right:
                why(ranking, one)
        st.session_state["ranking"] = ranking


def page() -> None:
    away = header(f"What a question finds in {plainly(desk.store.state().name or desk.user)}'s memory")
    text, query, picture = asked()
    if not text.strip():
        block(soft("Ask something."))
        return
    say("ask", text)
    ranking_view(text, query, picture)
    ranking: Ranking | None = st.session_state.get("ranking")
    with away:
        rows = [cells(one) for one in ranking.placed] if ranking else []
        code = sharing.looked_up(str(home()), desk.user, model_setting(), now(), text, query)
        take_away("retrieval", code, None, (HEAD, rows), user=desk.user, ask=text)


def cells(one: Placed) -> tuple[object, ...]:
    hit, scores = one.hit, one.hit.scores
    parts = (getattr(scores, part) for part in SCORES)
    return (hit.id, hit.type, hit.text, hit.time, one.place, one.returned, *parts, hit.why)


page()
