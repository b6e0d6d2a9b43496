"""Likeness: pictures that were asked about beside the nearest that are remembered, with how near they are.

likeness([Asked(picture, "duck", (Near(other, "duck", 0.81), …)), …], threshold=0.71)
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from PIL import Image

from personavlm.figures.style import CYCLE, RULE, as_html, styled

SIDE = 96
"""Longest side of a picture in the figure, in pixels."""
QUALITY = 80
ROOM = 0.74
"""Share of its place that a picture fills; the rest is for the words under it."""


@dataclass(frozen=True, slots=True)
class Near:
    """One remembered picture and its cosine with the one that is asked about."""

    picture: Image.Image
    name: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture that is asked about: what it shows (empty: nothing known), and the nearest remembered, best first."""

    picture: Image.Image
    name: str
    nearest: tuple[Near, ...]


def likeness(rows: Sequence[Asked], threshold: float) -> go.Figure:
    """Draw one row for each picture asked about: the picture, then the nearest remembered ones with their cosines.

    What is near enough to be called the same (from ``threshold``) is written bold, with a tick or a cross for whether
    it is; what is not stands in grey.
    """
    figure = go.Figure()
    marks = list(_marks(rows, threshold))
    for colour in dict.fromkeys(colour for *_, colour in marks):
        mine = [(x, y, text) for x, y, text, one in marks if one == colour]
        figure.add_trace(
            go.Scatter(
                x=[x for x, _, _ in mine],
                y=[y + ROOM / 2 + 0.03 for _, y, _ in mine],
                text=[text for *_, text in mine],
                mode="text",
                textposition="bottom center",
                textfont={"size": 11} if colour == "" else {"size": 11, "color": colour},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    figure.update_layout(images=list(_images(rows)))
    columns = 1 + max((len(row.nearest) for row in rows), default=0)
    heads = ["asked about", *(f"{n}. nearest" for n in range(1, columns))]
    hidden = {"showgrid": False, "zeroline": False}
    figure.update_xaxes(
        range=[-0.5, columns - 0.5], tickvals=list(range(columns)), ticktext=heads, side="top", **hidden
    )
    figure.update_yaxes(range=[len(rows) - 0.4, -0.45], showticklabels=False, **hidden)
    figure = styled(figure, height=60 + 120 * len(rows), top=36)
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False)
    return figure.update_layout(margin={"l": 8, "b": 8})


def _marks(rows: Sequence[Asked], threshold: float) -> Iterator[tuple[int, int, str, str]]:
    """Every label: column, row, words, colour (empty: the page's own)."""
    for y, row in enumerate(rows):
        yield 0, y, as_html(row.name or "not remembered"), ""
        for x, one in enumerate(row.nearest, start=1):
            words = f"{as_html(one.name)} {one.cosine:.2f}"
            if one.cosine < threshold:
                yield x, y, words, RULE
            else:
                right = one.name == row.name
                yield x, y, f"<b>{words} {'✓' if right else '✗'}</b>", CYCLE[0] if right else CYCLE[1]


def _images(rows: Sequence[Asked]) -> Iterator[dict[str, object]]:
    for y, row in enumerate(rows):
        for x, picture in enumerate((row.picture, *(one.picture for one in row.nearest))):
            place = {"xref": "x", "yref": "y", "x": x, "y": y, "xanchor": "center", "yanchor": "middle"}
            yield {"source": _uri(picture), "sizex": ROOM, "sizey": ROOM, "sizing": "contain", **place}


def _uri(picture: Image.Image) -> str:
    small = picture.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
