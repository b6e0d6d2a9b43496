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
# # 04 · Four memories
#
# **Question.** What should a conversation leave behind, and how much of what was
# told is really there afterwards?
#
# **You will be able to**
# - say what core, semantic, episodic and procedural memory each hold, and read a
#   memory back to the turns it rests on;
# - hold memories against a known truth without asking a judge, and name the ways
#   in which one can be wrong;
# - compute precision and recall of a memory, and say why either alone is easy;
# - tell a figure that was earned from one that was fitted.
#
# **Words.** A *claim* is one thing that was true of a person and was told. A claim
# is *held* if a current memory states it. *Recall* is the share of claims that are
# held, *precision* the share of memories that are true.
#
# The persons below never lived (`data/worlds`): a program invented their lives, so
# everything that can be known of them is known. The last measurement leaves them.

# %%
import re
from collections import Counter
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from personavlm import demo
from personavlm.assistant import Kit
from personavlm.evals import handwritten
from personavlm.evals.lived import judged, live, truth
from personavlm.figures.remembered import Kept, precision_recall
from personavlm.lesson import source, table
from personavlm.memory import MAX_PROCEDURAL, Add, Memory, fold
from personavlm.models.loading import load_model
from personavlm.scoring import match
from personavlm.store import Store
from personavlm.update import close, semantic_edits
from personavlm.worlds.kept import read_world

# %% [markdown]
# ## Three persons and what they told
#
# Each is some dozens of turns long. Here is how the first one begins.

# %%
folders = ("50/0", "50/1", "100/1")
samples = demo.DATA / "worlds" / "bench" / "samples"
worlds = [read_world(samples / folder) for folder in folders]
first = worlds[0]
table(
    ({"turn": t.id, "time": t.time, "says": t.text} for t in first.turns[:6]),
    cut=240,
)

# %% [markdown]
# What could somebody who listened perfectly write down? The world knows: every
# fact of the life carries the turns that told it, and the memory type in which a
# perfect assistant would keep it. What was never said is not asked for.

# %%
told = {world.person.id: truth(world) for world in worlds}
early = {turn.id for turn in first.turns[:6]}
by_id = {f.id: f for th in first.person.threads for f in th.facts}
table(
    {
        "type": claim.memory,
        "claim": claim.text,
        "told in": by_id[claim.id].evidence[:3],
        "holds at the end": claim.current,
    }
    for claim in told[first.person.id]
    if early & set(by_id[claim.id].evidence) and not claim.implied
)

# %%
claims = [c for found in told.values() for c in found if not c.implied]
counted = Counter(c.memory for c in claims if c.current)
table(
    {"type": kind, "claims that hold": n, "what it is": what}
    for kind, n, what in (
        ("core", counted["core"], "who the user is, whom they want to talk to"),
        ("semantic", counted["semantic"], "facts, tastes, people, things"),
        ("procedural", counted["procedural"], "goals and habits"),
    )
)

# %% [markdown]
# Episodic memory is missing from that table. It holds the topics of past sessions,
# each with its turns word for word, so it does not *state* anything; what can be
# wrong with it is where a topic begins and ends. It gets its own measure below.
#
# ## A naive memory
#
# Keep every sentence in which the user says "I" or "my".


# %%
def naive_memories(turns):
    """Return one memory for each sentence with I, I'm, my, we or our."""
    own = re.compile(r"\b(I|I'm|I've|my|we|our)\b", re.IGNORECASE)
    return [
        Memory(f"{t.id}_{n}", "semantic", sentence, t.time, (t.id,))
        for t in turns
        for n, sentence in enumerate(re.split(r"(?<=[.!?]) ", t.text))
        if own.search(sentence)
    ]


naive = {w.person.id: naive_memories(w.turns) for w in worlds}
print(f"{len(naive[first.person.id])} memories of {len(first.turns)} turns")

# %% [markdown]
# ## A scorer without a judge
#
# A claim is a value of its own: whom it is about, what of them, and which value.
# `match` says how a memory in free words stands to it. A few memories that
# somebody could have written, against one claim:

# %%
claim = next(
    c
    for c in told[first.person.id]
    if c.matter == "taste" and c.current and c.polarity > 0
)
print("claim:", claim.text)

# %%
value = claim.value
attempts = (
    claim.text,
    f"They like {value} a lot",
    f"They cannot stand {value}",
    f"They used to like {value}, not any more",
    f"Their brother Tom likes {value}",
    "They like walking in the rain",
)
at = first.turns[-1].time
table(
    {"memory": text, "verdict": match(memory, claim).relation}
    for text in attempts
    for memory in [Memory("m", "semantic", text, at, ("t1",))]
)

# %% [markdown]
# The matcher is rules, and rules err: `python -m lab.matching` holds it against
# hundreds of pairs that a person has judged. Everything else counts its verdicts.

# %%
from personavlm.scoring.facts import SORTS, fidelity, overlap, share

source(fidelity, overlap)

# %%
scored = [fidelity(naive[w.person.id], told[w.person.id]) for w in worlds]
naive_overlap = overlap(scored)
print(f"naive: recall {naive_overlap.recall:.2f}")
print(f"       precision {naive_overlap.precision:.2f}")

# %% [markdown]
# Sentence by sentence, most of it is nobody's fact. And what does it cost? A memory
# has to fit a prompt beside others, so the share of the user's words that is kept
# belongs next to both figures.


# %%
def words_kept(memories, turns):
    """Return the share of the user's words that memories repeat."""
    kept = sum(len(m.text.split()) for m in memories)
    return kept / sum(len(turn.text.split()) for turn in turns)


print(f"naive: {words_kept(naive[first.person.id], first.turns):.2f}")

# %% [markdown]
# ## The real one
#
# After a turn the model is asked for records; `semantic_edits` makes edits of them
# and drops what is known. After a session it is asked three more times, for
# topics, procedural and core memory, in the paper's order.

# %%
source(semantic_edits, close)

# %% [markdown]
# Now the three live through their talks, turn by turn, pictures included.

# %%
home = TemporaryDirectory()
place, model, kit = Path(home.name), load_model("embedded"), Kit.load()
for world in worlds:
    live(world, place, model, kit, lambda *_: None)
lives = [judged(world, place) for world in worlds]

# %% [markdown]
# One memory of each type, the oldest that rests on a turn, with the words of its
# first evidence turn.

# %%
with Store.open(place, first.person.id) as store:
    state = store.state()
said = {turn.id: turn.text for turn in first.turns}
kinds = ("core", "semantic", "episodic", "procedural")
oldest = [
    next((m for m in state.all(kind) if m.evidence), None) for kind in kinds
]
table(
    (
        {"type": m.type, "memory": m.text, "from": said[m.evidence[0]]}
        for m in oldest
        if m is not None
    ),
    cut=150,
)

# %% [markdown]
# ## How much of it is there?

# %%
found = [one.fidelity for one in lives]
typed = {kind: overlap(found, kind) for kind in ("core", "semantic")}
typed["procedural"] = overlap(found, "procedural")
table(
    {
        "type": kind,
        "memories": sum(k.memory.type == kind for p in found for k in p.kept),
        "precision": score.precision,
        "claims": counted[kind],
        "recall": score.recall,
    }
    for kind, score in typed.items()
)

# %% [markdown]
# And the price, in words:

# %%
ours = [m for m in state.all() if m.type in typed and m.evidence]
print(f"ours: {words_kept(ours, first.turns):.2f} of the words of the first")

# %% [markdown]
# Recall counts a claim as held if a memory of **any** type states it, so core and
# procedural claims can be held by semantic memories. A precision over few memories
# says little; look at the column beside it.
#
# What is wrong with the memories that are not right? And which kinds of thing were
# told and not kept?

# %%
table(
    {
        "of what is kept": sort,
        "ours": share(found, sort),
        "naive": share(scored, sort),
    }
    for sort in SORTS
)

# %%
outcomes = [r for person in found for r in person.recalled]
wanted = [r for r in outcomes if r.claim.current and not r.claim.implied]
matters = Counter(r.claim.matter for r in wanted)
table(
    {
        "matter": matter,
        "claims": n,
        "held": fmean(r.held for r in wanted if r.claim.matter == matter),
    }
    for matter, n in matters.most_common()
)

# %% [markdown]
# An *invented* memory need not be a lie. "Nothing told bears it out" also holds for
# a true remark that the world has no fact for, such as a mood.
#
# ## Episodes
#
# Topics are judged by pairs of turns: two turns put into one topic, do they belong
# together? And of pairs that belong together, how many were kept together?

# %%
cuts = [cut for one in lives for cut in one.cuts]
paired = (
    fmean(c.pairs.precision for c in cuts),
    fmean(c.pairs.recall for c in cuts),
)
whole = fmean(c.window_diff for c in cuts)
print(f"{len(cuts)} sessions: pairs precision {paired[0]:.2f}")
print(f"recall {paired[1]:.2f}, WindowDiff {whole:.2f} (0 is perfect)")

# %% [markdown]
# ## The same reader on text that nobody made for it
#
# The rules and tables behind the embedded model were learnt on persons of the same
# generator (other seeds). So its figures above could be fitted. Three talks were
# written by hand, and the facts in them marked, without sight of any rule.

# %%
written = handwritten.evaluate(model, kit)
table([{k: written[k] for k in ("n", "held", "fidelity", "faults")}])

# %%
table(
    {"of type": kind, "held of told": ratio}
    for kind, ratio in written["by_type"].items()
)

# %% [markdown]
# *Fidelity* is the percentage held; a *fault* is a thing that must not be
# remembered and was (a joke, somebody else's taste). Here a fact counts by its
# words alone, which is stricter than `match`, so compare orders of magnitude only.
#
# ## Precision and recall by type
#
# Up and right is better. Filled marks are the assistant's memory types, the hollow
# one is the naive list. Episodic memory stands for its pairs of turns.

# %%
marks = [
    Kept(kind, kind, score.recall, score.precision)
    for kind, score in typed.items()
]
marks.append(Kept("episodic (pairs)", "episodic", paired[1], paired[0]))
marks.append(
    Kept(
        "naive list",
        "semantic",
        naive_overlap.recall,
        naive_overlap.precision,
        rival=True,
    )
)
precision_recall(marks)

# %% [markdown]
# ## What could be wrong with this
#
# - **Three persons.** A type with a handful of claims moves by a lot when one
#   claim flips. `personavlm eval fidelity` runs many persons with intervals.
# - **The matcher decides.** Where it errs, every number here errs with it, and most
#   where wording is odd. Its own error is measured; it is not zero.
# - **A claim is what the generator calls one.** Real talk has facts that nobody
#   listed, so precision is a lower bound.
# - **The reader has read books by the same author.** Its recall on invented lives
#   is higher than on hand-written ones; the second is the honest one.
# - **Not held is not lost.** The raw turns stay, and retrieval finds them: notebook
#   06 asks for them directly.
#
# ## What if …
#
# 1. … a person names seven goals? Procedural memory has room for a few. Predict
#    which are left; the check below holds.
# 2. … the naive list kept whole turns instead of sentences? Predict what happens to
#    recall, to precision and to the words kept. Which of the three was the catch?
# 3. … a memory said half of a claim? Write one that `match` calls "vaguer", and one
#    that it calls "other-value". Which of the two hurts an answer more?

# %%
# Exercise 1, checked: the oldest entries make room, and are not forgotten.
goals = [
    Memory(f"p{n}", "procedural", f"goal {n}", turn.time, (turn.id,))
    for n, turn in enumerate(first.turns[:7], start=1)
]
after = fold(Add(g.since, g.evidence, g) for g in goals)
left = [m.id for m in after.current("procedural")]
assert len(left) == MAX_PROCEDURAL
assert left == [g.id for g in goals[-MAX_PROCEDURAL:]]
assert len(list(after.all("procedural"))) == len(goals)
print("current:", left)

# %%
# Exercise 2, checked: longer memories look better by both shares. The catch is
# that nothing was left out.
longer = [
    Memory(t.id, "semantic", t.text, t.time, (t.id,)) for t in first.turns
]
lists = {"sentences": naive[first.person.id], "whole turns": longer}
shares = {
    n: overlap([fidelity(ms, told[first.person.id])]) for n, ms in lists.items()
}
assert shares["whole turns"].recall >= shares["sentences"].recall
assert words_kept(longer, first.turns) == 1
table(
    {"list": n, "recall": one.recall, "precision": one.precision}
    | {"words kept": words_kept(lists[n], first.turns)}
    for n, one in shares.items()
)

# %% [markdown]
# To look at these memories in the inspector, live a person through into a home of
# your own and open it:
# `personavlm import personavlm data/worlds/bench/samples/50/0 --replay --home DIR`,
# then `python tasks.py lab` and the page *memories*.
#
# ## Sources
#
# - The four types and what each holds: PersonaVLM, arXiv 2604.13074, section 3.1 and
#   appendix A.3. The distinction of episodic and semantic is Tulving's (1972), that
#   of procedural Cohen and Squire's (Science 210, 1980).
# - Topics judged by pairs and by WindowDiff: Pevzner and Hearst, Computational
#   Linguistics 28 (2002).

# %%
home.cleanup()
