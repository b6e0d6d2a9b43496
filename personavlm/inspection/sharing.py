"""Sharing: the address that opens a view again, the code that does the same in a notebook, values as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from personavlm.errors import BadInput, BadTime
from personavlm.trace import Retrieve, aware, plain


def address(page: str, **named: str | None) -> str:
    """Return a page's relative address with what it shows: user, turn, memory, moment; empty values are left out."""
    asked = urlencode({name: value for name, value in named.items() if value})
    return f"{page}?{asked}" if asked else page


def read_moment(text: str | None) -> datetime | None:
    """Return the moment an address names, None if it names none. Raises ``BadInput`` for what is no moment."""
    if not text:
        return None
    try:
        return aware(datetime.fromisoformat(text))
    except (ValueError, BadTime) as error:
        remedy = "write it like 2025-03-09T20:00:00+00:00."
        raise BadInput(f"The address names the moment {text[:60]!r}, which is none.", remedy) from error


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV text. Cells that a spreadsheet would take for a formula are quoted as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def as_json(value: object) -> str:
    """Return a value as indented JSON."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False)


def _cell(cell: object) -> object:
    if isinstance(cell, datetime):
        return cell.isoformat()
    # Users' words go into the file: a leading sign would be computed when it is opened.
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


# ── snippets ─────────────────────────────────────────────────────────────────────────────────────────────────────
# Each runs as it stands, in a notebook or a file; a test runs every one of them.

_OPEN = """\
from pathlib import Path
from personavlm.store import Store

store = Store.open(Path({home!r}), {user!r})
"""
_ASK = """\
from personavlm.assistant import Assistant
from personavlm.models.loading import load_model

assistant = Assistant(store, load_model({model!r}))
"""
_WHEN = "from datetime import datetime\n\n"


def opened(home: str, user: str) -> str:
    """Return code that opens a user's store."""
    return _OPEN.format(home=home, user=user)


def one_turn(home: str, user: str, turn: str) -> str:
    """Return code for one turn: its steps, hits and edits, and its time line."""
    body = f"""
from personavlm.figures import turn_timeline
from personavlm.inspection import learnt

trace = store.trace({turn!r})
for step in trace.steps:
    print(step.think, step.action, *step.hits, sep="\\n")
print(*learnt(trace.edits, store.state()), sep="\\n")
turn_timeline(trace)
"""
    return opened(home, user) + body


def life(home: str, user: str, moment: datetime | None) -> str:
    """Return code for all turns and memories on a time axis, as of a moment."""
    when = f"datetime.fromisoformat({moment.isoformat()!r})" if moment else "None"
    body = f"""
from personavlm.figures import memory_timeline

moment = {when}
memory_timeline(tuple(store.state(moment).all()), store.traces(until=moment))
"""
    return (_WHEN if moment else "") + opened(home, user) + body


def one_memory(home: str, user: str, memory: str) -> str:
    """Return code for every version of a memory with the turns it rests on."""
    body = f"""
for version in store.state().history({memory!r}):
    print(version.status, version.since.date(), version.text)
    for turn in version.evidence:
        print("   ", turn, store.trace(turn).turn.text)
"""
    return opened(home, user) + body


def profile(home: str, user: str, rule: str) -> str:
    """Return code for the profile's path under a rule."""
    body = f"""
from personavlm.figures import profile_over_turns
from personavlm.inspection import recomputed

profile_over_turns(recomputed(store.edits(), {rule!r}), store.counts()[0])
"""
    return opened(home, user) + body


def looked_up(home: str, user: str, model: str, time: datetime, text: str, asked: Retrieve) -> str:
    """Return code for every candidate of a look-up with its scores."""
    start, end = (f"datetime.fromisoformat({t.isoformat()!r})" if t else "None" for t in (asked.start, asked.end))
    body = f"""
from personavlm.inspection import ranked
from personavlm.trace import Retrieve

asked = Retrieve({asked.keywords!r}, {start}, {end})
ranking = ranked(assistant, datetime.fromisoformat({time.isoformat()!r}), {text!r}, asked)
for one in ranking.placed[:20]:
    print(one.place, one.hit.type, one.hit.id, one.hit.scores, one.hit.text)
"""
    return _WHEN + opened(home, user) + _ASK.format(model=model) + body


def told_again(home: str, user: str, model: str, turn: str) -> str:
    """Return code for a turn's prompts, and its reply without each of its hits."""
    body = f"""
from personavlm.inspection import leaving_out, prompts

trace = store.trace({turn!r})
for prompt in prompts(assistant, trace):
    print(prompt.purpose, prompt.parts)
for left_out in leaving_out(assistant, trace.turn):
    print(left_out.hit.id, left_out.changed, left_out.trace.reply)
"""
    return opened(home, user) + _ASK.format(model=model) + body


def graph(home: str, user: str) -> str:
    """Return code for the memory graph as a map."""
    body = """
from personavlm.figures import memory_map
from personavlm.inspection import chart

drawn = chart(store.state())
memory_map(drawn.spots, drawn.lines, drawn.discs)
"""
    return opened(home, user) + body


def benchmark(paths: Sequence[str], name: str, setting: str) -> str:
    """Return code for runs side by side: every system's figures by task, as a heat map."""
    listed = ", ".join(f"Path({path!r})" for path in paths)
    return f"""\
from pathlib import Path
from personavlm.bench.shelf import Place, by_task, read_shelf
from personavlm.figures import Interval, heat_map

shelf = read_shelf(Place({name!r}, ({listed},)))
rows = {{
    row.name: {{
        task: Interval(figure.value, figure.low, figure.high)
        for task, figure in by_task(shelf.scores(row.name, {setting!r})).items()
    }}
    for row in shelf.rows
}}
heat_map(rows, "% right")
"""


def training(run: str) -> str:
    """Return code for the curves of a training run."""
    return f"""\
from pathlib import Path
from personavlm.figures import training_curves
from personavlm.training.histories import read_history

history = read_history(Path({run!r}))
training_curves({{curve.name: {{{Path(run).name!r}: (curve.steps, curve.values)}} for curve in history.curves}})
"""


def workspace(home: str) -> str:
    """Return code for everybody who lives in a home, and what is still to be learnt of them."""
    return f"""\
from pathlib import Path
from personavlm.inspection import residents, unlearnt
from personavlm.store import Store

home = Path({home!r})
for one in residents(home):
    print(one)
    if not one.problem:
        with Store.open(home, one.user) as store:
            print(*unlearnt(store), sep="\\n")
"""
