"""Style: the palette and the look that all figures share, and users' words made safe for labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from personavlm.memory import Memory
from personavlm.personality import Trait
from personavlm.trace import HitType

TRAIT_COLOURS: Mapping[Trait, str] = {
    "openness": "#8462b8",
    "conscientiousness": "#2277b4",
    "extraversion": "#c07c00",
    "agreeableness": "#2a8f68",
    "neuroticism": "#c9506a",
}
TYPE_COLOURS: Mapping[HitType, str] = {
    "core": "#6a7590",
    "semantic": "#2277b4",
    "episodic": "#c9601e",
    "procedural": "#2a8f68",
    "visual": "#a8559c",
    "turn": "#868c96",
}
CYCLE = ("#2277b4", "#c9601e", "#2a8f68", "#a8559c", "#c07c00")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")
FAINT = "rgba(128, 128, 128, 0.22)"
RULE = "rgba(128, 128, 128, 0.65)"


def kind_of(memory: Memory) -> HitType:
    """Return the type a memory is shown under: its own, or visual for a named thing with pictures."""
    return "visual" if memory.crops else memory.type


def styled(figure: go.Figure, height: int, top: int = 16, right: int = 16) -> go.Figure:
    """Give a figure the house style: no chart junk, quiet grid, transparent ground, text in the template's colour."""
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 64, "r": right, "t": top, "b": 48},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"size": 12},
        title={"font": {"size": 14}, "x": 0, "xanchor": "left", "xref": "paper"},
        hoverlabel={"align": "left"},
        modebar={"bgcolor": "rgba(0, 0, 0, 0)", "color": RULE, "activecolor": CYCLE[0]},
        bargap=0.35,
    )
    figure.update_xaxes(gridcolor=FAINT, zeroline=False, title_font={"size": 12})
    figure.update_yaxes(gridcolor=FAINT, zeroline=False, title_font={"size": 12})
    return figure


def marked_with(ids: Sequence[str]) -> NDArray[np.object_]:
    """Return ids as custom data, one row per mark, for clicks on it. An array is checked faster than rows."""
    return np.array(ids, dtype=object).reshape(-1, 1)


def scatter(**drawn: object) -> dict[str, object]:
    """Return a scatter as a figure takes it fastest: as plain values, its long lists of places and texts as arrays.

    A ``go.Scatter`` is checked when it is made, then copied and checked again when it joins a figure, and lists are
    checked element by element: together about four times the time.
    """
    return {"type": "scatter", **{name: _array(value) for name, value in drawn.items()}}


def _array(value: object) -> object:
    return np.array(value, dtype=object) if isinstance(value, list) and len(value) > 20 else value


def faded(colour: str, share: float) -> str:
    """Return a colour at a share of its strength, 0 to 1."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share})"


def shortened(text: str, length: int) -> str:
    """Return a text on one line, cut to a number of characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def as_html(text: str) -> str:
    """Text as data: plotly renders a little HTML in labels, and a user's words must not become any."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wrapped(text: str, width: int) -> str:
    """Return a text broken into lines of about ``width`` characters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
