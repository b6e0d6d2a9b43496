"""A box drawn round "this": a picture to be shown with the next message, and the thing in it that is meant."""

from __future__ import annotations

import base64

import plotly.graph_objects as go
import streamlit as st
from inspector_parts import block, soft, told

from personavlm.pictures import Marked, OpenedPicture, open_picture

POINTED, OPENED = "pointed at", "pointing"
GRID = 24
"""Invisible points along each side: a box drawn on a figure is only reported if it can hold some."""


def pointed_at() -> Marked | None:
    """Draw the way to point at something; return what is pointed at until it is taken."""
    pointed: Marked | None = st.session_state.get(POINTED)
    if pointed is None:
        st.button("Point at …", icon=":material/frame_inspect:", type="tertiary", on_click=open_dialog)
    else:
        st.button("Pointing at a thing", icon=":material/close:", on_click=take, help="Take it back")
    if st.session_state.pop(OPENED, False):
        point()
    return pointed


def open_dialog() -> None:
    st.session_state[OPENED] = True


def take() -> None:
    """Forget what was pointed at: it went with a message, or was taken back."""
    st.session_state.pop(POINTED, None)


@st.dialog("Point at a thing", width="medium")
def point() -> None:
    """Draw a picture to draw a box on."""
    block(soft("Show a picture and drag a box round the thing you mean; it goes with the next message."))
    file = st.file_uploader("Picture", ["png", "jpg", "jpeg", "webp"], key="pointed file", label_visibility="collapsed")
    if file is None:
        return
    with told():
        opened = open_picture(file.getvalue())
        event = st.plotly_chart(
            on_a_grid(opened), key=f"box {opened.digest[:12]}", on_select="rerun", selection_mode="box",
            theme=None, alt="The picture to draw a box on", config={"displayModeBar": False},
        )  # fmt: skip
        boxes = event["selection"]["box"]
        if st.button("Point at it", type="primary", disabled=not boxes):
            st.session_state[POINTED] = Marked(opened.data, corners(boxes[-1]))
            st.rerun()


def corners(box: dict[str, list[float]]) -> tuple[int, int, int, int]:
    """Return a drawn box as left, top, right, bottom in whole pixels."""
    x, y = sorted(box["x"]), sorted(box["y"])
    return round(x[0]), round(y[0]), round(x[1]), round(y[1])


def on_a_grid(picture: OpenedPicture) -> go.Figure:
    """Return the picture as a figure whose axes are its pixels."""
    columns = [picture.width * (n + 0.5) / GRID for n in range(GRID)]
    rows = [picture.height * (n + 0.5) / GRID for n in range(GRID)]
    x, y = [c for _ in rows for c in columns], [r for r in rows for _ in columns]
    figure = go.Figure(go.Scatter(x=x, y=y, mode="markers", marker={"opacity": 0}, hoverinfo="skip"))
    source = f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"
    place = {"x": 0, "y": 0, "sizex": picture.width, "sizey": picture.height, "sizing": "stretch", "layer": "below"}
    figure.add_layout_image(source=source, xref="x", yref="y", **place)
    figure.update_xaxes(visible=False, range=[0, picture.width], constrain="domain")
    figure.update_yaxes(visible=False, range=[picture.height, 0], scaleanchor="x")
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return figure.update_layout(dragmode="select", margin=margin, height=420, showlegend=False)
