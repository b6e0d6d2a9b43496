# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 · Closing the loop
#
# **Question.** Both stages, a hundred turns. What does it cost to remember, and is
# it cheaper than putting the whole talk into every prompt?
#
# **You will be able to**
# - run response and update stage over months of talk, and stop and go on in between;
# - separate what a reply costs from what learning costs, and say who waits for which;
# - find the turn from which memory is cheaper than the whole talk, and what moves it;
# - name what grows without end and what does not.
#
# **Words.** *Tokens* are what a model reads and writes and what one pays for; the
# embedded model counts words, so every figure here is in words. The *budget* is the
# most that each part of a prompt may take.

# %%
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from time import perf_counter

from personavlm import demo
from personavlm.assistant import Assistant, IdleWorker, Kit
from personavlm.evals.lived import live
from personavlm.figures.curves import Panel, Point, curves
from personavlm.lesson import source, table
from personavlm.models.loading import load_model
from personavlm.personality import NEUTRAL
from personavlm.prompts import Budget
from personavlm.prompts.respond import Context, render_answer
from personavlm.prompts.text import Exchange
from personavlm.store import Store
from personavlm.worlds.kept import read_world

# %% [markdown]
# ## A long acquaintance
#
# One of the invented persons that ship with the project. A longer one, with more than
# twice as many turns, is a change of one word in the next cell (and a minute more).

# %%
folder = demo.DATA / "worlds" / "bench" / "samples" / "200" / "0"
world = read_world(folder)
last = world.turns[-1]
words = sum(len(f"{t.text} {t.reply}".split()) for t in world.turns)
print(f"{world.person.name}: {len(world.turns)} turns, {words} words")
print(f"{len(world.sessions)} sessions to {last.time:%d %B %Y}")

# %% [markdown]
# ## A naive assistant with a perfect memory
#
# Put everything that was ever said into the prompt.


# %%
def naive_prompt(turns, message):
    """Return the whole talk and the new message."""
    said = [f"User: {t.text}\nAssistant: {t.reply}" for t in turns]
    return "\n".join([*said, f"User: {message}"])


sizes = [
    len(naive_prompt(world.turns[:n], world.turns[n].text).split())
    for n in range(len(world.turns))
]
table(
    {"turn": n, "words in the prompt": sizes[n - 1]}
    | {"words so far, all prompts": sum(sizes[:n])}
    for n in (1, 10, 50, 100)
)

# %% [markdown]
# Nothing is lost, nothing has to be learnt, nothing can be looked up wrongly. But each
# turn reads all turns before it, so what is paid in total grows with the **square** of
# the talk. And a model does not read a long prompt as well as a short one.
#
# ## Both stages
#
# Here is who waits for what. The reply is given, the turn is stored, and a job for the
# update stage is stored with it. Whoever has time does the jobs: a thread beside the
# conversation, or a call to `flush`.

# %%
source(Assistant.given, IdleWorker._run)

# %% [markdown]
# Now the long talk is lived through, in three sittings. A replay that is begun again
# compares what is stored and goes on behind it, so a broken run loses nothing.

# %%
home = TemporaryDirectory()
place, model, kit = Path(home.name), load_model("embedded"), Kit.load()
thirds = [len(world.sessions) * n // 3 for n in (1, 2, 3)]
ends = [int(world.sessions[n - 1].turns[-1][1:]) for n in thirds]


def until(turn):
    """Return the world up to a turn."""
    return replace(world, turns=world.turns[:turn])


live(until(ends[0]), place, model, kit, lambda *_: None)
print("turns lived through:", ends[0])

# %%
live(until(ends[1]), place, model, kit, lambda *_: None)
print("turns lived through:", ends[1])

# %%
live(world, place, model, kit, lambda *_: None)
store = Store.open(place, world.person.id)
turns, sessions = store.counts()
print(f"{turns} turns, {sessions} sessions, {len(store.edits())} edits")

# %% [markdown]
# ## What grows?

# %%
state_at = {n: store.state(world.turns[n - 1].time) for n in (*ends,)}
table(
    {
        "after turn": n,
        "semantic": len(list(state.all("semantic"))),
        "topics": len(list(state.all("episodic"))),
        "procedural, current": len(list(state.current("procedural"))),
        "core, current": len(list(state.current("core"))),
        "links": len(state.links),
    }
    for n, state in state_at.items()
)

# %% [markdown]
# Semantic and episodic memory grow with the talk; procedural memory is bounded, and
# core memory hardly moves. The prompt, however, holds only what a look-up brings back,
# a few of each type, each part within a budget:

# %%
table(
    {"part": k, "tokens at most": getattr(Budget(), k)}
    for k in ("profile", "history", "query", "memories", "known")
)

# %% [markdown]
# ## What is paid, turn by turn
#
# Every so many turns the message is answered again, as of the moment before it, and
# nothing of that is stored. The whole talk goes through the same prompt file, with room
# for all of it; so does no memory at all, which is the least a reply can cost.

# %%
STRIDE = 6
assistant = Assistant(store, model, kit=kit)
marks = list(range(STRIDE, len(world.turns) + 1, STRIDE))
traces = store.traces()


def rendered(turn, exchanges):
    """Return the words of one prompt that holds these exchanges."""
    context = Context(turn, (), NEUTRAL, tuple(exchanges))
    roomy = Budget(history=1_000_000)
    asked = render_answer(kit.prompts, context, (), roomy, lambda _: None)
    return sum(len(m.text.split()) for m in asked)


said = [Exchange(t.turn, t.reply) for t in traces]
whole = {n: rendered(traces[n - 1].turn, said[: n - 1]) for n in marks}
bare = {n: rendered(traces[n - 1].turn, ()) for n in marks}

# %% tags=["varies"]
replies, seconds = {}, {}
for n in marks:
    began = perf_counter()
    trace = assistant.again(traces[n - 1].turn)
    seconds[n] = perf_counter() - began
    replies[n] = sum(call.tokens_in for call in trace.calls)
early, late = marks[: len(marks) // 3], marks[-len(marks) // 3 :]
table(
    {"replies": name, "seconds each": fmean(seconds[n] for n in which)}
    for name, which in (("first third", early), ("last third", late))
)

# %% [markdown]
# (Seconds are those of this machine, and include making the index of that past day
# anew, which a running assistant need not. The embedded model does not read a prompt
# as a language model does; tokens are what carries over.)
#
# ### Learning is not free
#
# Every call is in the ledger, in order. A turn's learning begins with the reading of its
# traits; what closes a session is counted with the session's last turn.

# %%
per_turn, turn = [0] * len(world.turns), -1
for call in store.calls():
    turn += call.purpose == "personality"
    per_turn[turn] += call.tokens_in
learnt = {n: fmean(per_turn[n - STRIDE : n]) for n in marks}
table(
    {
        "turn": n,
        "no memory": bare[n],
        "memory, the reply": replies[n],
        "memory, with learning": replies[n] + learnt[n],
        "the whole talk": whole[n],
    }
    for n in marks[::3]
)

# %% [markdown]
# ### Where do the lines cross?

# %%
total = list(accumulate((replies[n] + learnt[n]) - whole[n] for n in marks))
reply = next((n for n in marks if replies[n] < whole[n]), None)
both = next((n for n in marks if replies[n] + learnt[n] < whole[n]), None)
paid = next((n for n, d in zip(marks, total, strict=True) if d < 0), None)
print("the reply alone is cheaper from turn", reply)
print("with learning, a turn is cheaper from turn", both)
print("all that was paid so far is less from turn", paid)

# %% [markdown]
# Who pays when is as important as how much. The whole talk is read **while the user
# waits**; learning is read when nobody does, and a smaller model may do it. Until the
# crossing, the naive assistant is simply the better buy, and the paper's own tables
# agree: with short talks, a long context leads.
#
# ## Tokens per turn


# %%
def line(values):
    """Return a line of the figure."""
    return [Point(n, values[n]) for n in marks]


# %%
curves(
    [
        Panel(
            "",
            {
                "the whole talk": line(whole),
                "memory, with learning": line(
                    {n: replies[n] + learnt[n] for n in marks}
                ),
                "memory, the reply": line(replies),
                "no memory": line(bare),
            },
        )
    ],
    "turn (number)",
    "words read by the model",
)

# %% [markdown]
# ## What could be wrong with this
#
# - **Price is not worth.** Which of the three answers *right* is notebook 10's question.
# - **One person.** Somebody who writes longer messages crosses earlier, and the other
#   way round; exercise 2 moves it.
# - **Caches change the bill.** Servers that keep the read prefix of a growing prompt make
#   the whole talk cheaper than its length; memory's prompts change at the front.
# - **Pictures are not counted.** A picture costs hundreds of tokens each time it is shown;
#   in the whole talk they stand as captions here.
#
# ## What if …
#
# 1. … the talk went on for ever? Predict which of the four lines stay bounded. The check
#    below holds for the replies.
# 2. … everybody wrote twice as much? Double `whole` and the learning, leave the replies,
#    and find the crossing again. Why is that unfair to one of them?
# 3. … learning were done by a model a tenth as dear? Weigh `learnt` by it: from which turn
#    is everything that was paid less?

# %%
# Exercise 1, checked: the whole talk only grows; a reply stays within budgets.
grown = [whole[n] - len(traces[n - 1].turn.text.split()) for n in marks]
assert all(a < b for a, b in pairwise(grown))
room = sum(getattr(Budget(), k) for k in ("profile", "history", "memories"))
calls = [
    call.tokens_in
    for n in marks[-3:]
    for call in assistant.again(traces[n - 1].turn).calls
]
assert max(calls) < 4 * room
print("most words in one call:", max(calls))

# %% [markdown]
# To walk through this acquaintance yourself: `personavlm import personavlm
# data/worlds/bench/samples/200/0 --replay --home DIR`, then the inspector's page
# *timeline*; its page *chat* shows what fills each prompt.
#
# ## Sources
#
# - The two stages, and learning in idle time: PersonaVLM, arXiv 2604.13074, section 3.1 and
#   algorithm 1. Long contexts against retrieval: its tables 1 and 2.
# - Reading long prompts: Liu et al., *Lost in the Middle*, TACL 12 (2024).

# %%
store.close()
home.cleanup()
