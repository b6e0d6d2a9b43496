"""The inspector's look: one style sheet, and what a projector changes. Types and traits have the figures' colours."""

from __future__ import annotations

STYLE = """<style>
.stMainBlockContainer { padding: 2.2rem 3rem 1.2rem; max-width: 1400px; }
.stMainBlockContainer h1 { font-size: 1.8rem; }
.stMainBlockContainer h3 { font-size: 1.35rem; padding: 0.2rem 0 0.4rem; }
[data-testid="stColumn"] { min-width: min(100%, 13rem); }
[data-testid="stChatMessage"] { padding: 0.6rem 0.8rem; gap: 0.6rem; }
[data-testid="stChatMessage"] [data-testid="stVerticalBlock"] { gap: 0.25rem; }
.pv { font-size: 0.93rem; line-height: 1.45; }
.pv-soft { color: color-mix(in srgb, currentColor 62%, transparent); font-size: 0.84rem; }
.pv-said { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.97rem; line-height: 1.5; }
.pv-day { text-align: center; font-size: 0.78rem; letter-spacing: 0.02em; margin: 0.3rem 0 0.1rem;
  color: color-mix(in srgb, currentColor 58%, transparent); }
.pv-step { margin: 0.75rem 0 0.25rem; display: flex; gap: 0.55rem; align-items: baseline; }
.pv-step b { font-weight: 600; }
.pv-n { font-size: 0.72rem; min-width: 1.35rem; height: 1.35rem; border-radius: 50%; display: inline-grid;
  place-items: center; background: color-mix(in srgb, currentColor 10%, transparent); flex: none; }
.pv-think { font-style: italic; color: color-mix(in srgb, currentColor 72%, transparent); overflow-wrap: anywhere; }
.pv-body { margin-left: 1.9rem; }
.pv-key { display: inline-block; padding: 0.02rem 0.5rem; margin: 0.1rem 0.2rem 0.1rem 0; border-radius: 1rem;
  background: color-mix(in srgb, currentColor 8%, transparent); font-size: 0.84rem; overflow-wrap: anywhere; }
.pv-card { border-left: 3px solid var(--c); padding: 0.3rem 0 0.3rem 0.7rem; margin: 0.55rem 0; }
.pv-card.former { border-left-style: dashed; }
.pv-card.former .pv-text { color: color-mix(in srgb, currentColor 62%, transparent); }
.pv-row { display: flex; gap: 0.6rem; align-items: flex-start; justify-content: space-between; }
.pv-text { overflow-wrap: anywhere; flex: 1; }
.pv-type { font-size: 0.76rem; font-weight: 600; white-space: nowrap;
  color: color-mix(in srgb, var(--c) 78%, currentColor); }
.pv-bars { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; font-size: 0.76rem; margin: 0.15rem 0;
  color: color-mix(in srgb, currentColor 66%, transparent); }
.pv-bar { display: inline-block; width: 44px; height: 5px; border-radius: 3px; margin: 0 0.35rem 0.1rem;
  background: color-mix(in srgb, currentColor 12%, transparent); overflow: hidden; }
.pv-bar i { display: block; height: 100%; background: var(--c); }
.pv details { font-size: 0.84rem; }
.pv-turns { display: flex; flex-wrap: wrap; gap: 0 1.1rem; }
.pv-turns details[open] { flex-basis: 100%; }
.pv summary { cursor: pointer; color: color-mix(in srgb, currentColor 62%, transparent); }
.pv summary:hover { color: inherit; }
.pv blockquote { margin: 0.3rem 0 0.5rem; padding: 0.45rem 0.7rem; border-radius: 0.5rem; white-space: pre-wrap;
  overflow-wrap: anywhere; background: color-mix(in srgb, currentColor 5%, transparent); }
.pv-bad { border: 1px solid #c9506a; border-radius: 0.5rem; padding: 0.4rem 0.7rem; margin: 0.35rem 0; }
.pv-bad b { color: #c9506a; }
.pv-pic { height: 64px; border-radius: 0.4rem; margin: 0.2rem 0.4rem 0.1rem 0; vertical-align: middle; }
.pv-head { font-size: 0.78rem; font-weight: 600; margin: 1.1rem 0 0.2rem; padding-top: 0.55rem;
  border-top: 1px solid color-mix(in srgb, currentColor 12%, transparent);
  color: color-mix(in srgb, currentColor 66%, transparent); }
.pv-learnt { display: grid; grid-template-columns: 6.6rem 1fr; gap: 0.15rem 0.6rem; }
.pv-learnt > span:nth-child(odd) { color: color-mix(in srgb, currentColor 62%, transparent); }
.pv-learnt span { overflow-wrap: anywhere; }
.pv td:first-child { white-space: nowrap; padding-right: 1.2rem; }
.pv table { border-collapse: collapse; width: 100%; font-size: 0.86rem; }
.pv td, .pv th { text-align: left; padding: 0.22rem 0.7rem 0.22rem 0; font-weight: 400; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 9%, transparent); overflow-wrap: anywhere; }
.pv th { color: color-mix(in srgb, currentColor 62%, transparent); font-size: 0.78rem; }
.pv td.num, .pv th.num { text-align: right; font-variant-numeric: tabular-nums; }
.pv td.num + td:not(.num), .pv th.num + th:not(.num) { padding-left: 1.4rem; }
.pv a { color: inherit; text-decoration: underline; text-decoration-color: color-mix(in srgb, currentColor 35%,
  transparent); text-underline-offset: 2px; }
.pv a:hover { text-decoration-color: currentColor; }
.pv-gone { text-decoration: line-through; color: color-mix(in srgb, currentColor 55%, transparent); }
.pv-new { background: color-mix(in srgb, #2a8f68 20%, transparent); border-radius: 0.25rem; padding: 0 0.15rem; }
.pv-list { display: grid; grid-template-columns: 8.4rem 1fr; gap: 0.22rem 0.7rem; font-size: 0.9rem; }
.pv-list > span:nth-child(odd) { color: color-mix(in srgb, currentColor 62%, transparent); font-size: 0.82rem; }
.pv-list span { overflow-wrap: anywhere; }
.pv-list.short { grid-template-columns: 3.6rem 1fr; }
.pv-vs { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.2rem; }
.pv-vs .pv-card { margin: 0.3rem 0; }
.pv pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.8rem; line-height: 1.45; margin: 0.3rem 0;
  padding: 0.5rem 0.7rem; border-radius: 0.5rem; background: color-mix(in srgb, currentColor 5%, transparent); }
</style>"""

PROJECTOR = """<style>
html { font-size: 20px; }
.stMainBlockContainer { max-width: none; padding: 1.4rem 2rem; }
.pv, .pv-said { font-size: 1.05rem; }
.pv-soft, .pv details, .pv-type, .pv-bars, .pv-key { font-size: 0.95rem; }
</style>"""
"""For the back row: larger type, the whole width."""
PROJECTOR_FONT = 17
"""Size of a figure's text on a projector (pixels)."""
