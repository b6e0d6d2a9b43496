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
# # 11 · What matters
#
# **Question.** Take one part away and measure again. What is each part worth, and how
# sure can you be that it is worth anything?
#
# **You will be able to**
# - write an ablation as one changed field of a frozen value;
# - compare two systems on the same cases, paired, and say why unpaired intervals
#   mislead;
# - count how often a difference shows up when there is none, and correct for having
#   looked many times;
# - say of a claim that it held, that it was contradicted, or that it was not shown.
#
# **Words.** An *ablation* is the system with one thing changed. A *paired* difference
# compares person by person. *Power* is the chance to see a difference that is there.
#
# The answers are those kept in `lab/results`: every variant was asked the same
# questions of the same hundred invented persons.

# %%
from collections import Counter
from dataclasses import fields, replace

import numpy as np

from personavlm import demo
from personavlm.assistant import Config
from personavlm.bench.axes import axes_of
from personavlm.bench.compare import compare, permutation_test
from personavlm.bench.report import published_sheet
from personavlm.bench.shelf import differences_by_task, places, read_shelf
from personavlm.bench.values import ALIGNMENT
from personavlm.figures.benchmark import Interval, forest
from personavlm.lesson import source, table

# %%
results = demo.DATA.parent / "lab" / "results"
shelves = {
    p.name: read_shelf(p) for p in places(results) if p.paths[0].is_file()
}
shelf = shelves["bench_32k"]
FULL, SETTING = "full system", "32k"

# %% [markdown]
# ## One field at a time
#
# Everything that can be taken away is a field of `Config`, with the paper's choice as
# the default. A variant is `replace(config, …)`; nothing else differs.

# %%
default = Config()
table(
    {"field": f.name, "the paper's choice": axes_of(default)[f.name]}
    for f in fields(Config)
)

# %%
variants = {
    "without episodic": replace(
        default, memories=default.memories - {"episodic"}
    ),
    "without reasoning": replace(default, reasoning="off"),
    "without PEM": replace(default, pem="off"),
    "3 topics": replace(default, limits=replace(default.limits, topics=3)),
}
for name, config in variants.items():
    changed = [
        axis
        for axis, value in axes_of(config).items()
        if value != axes_of(default)[axis]
    ]
    print(f"{name:18} changes {changed}")

# %% [markdown]
# `lab/recipes/paper.toml` holds the paper's ablations in that form, one line each. One
# thing is a choice: a memory type that is taken away is still *made* and only not
# *used*, so that one replay serves every variant.
#
# ## A naive comparison
#
# Two scores, two intervals: if they overlap, there is no difference. Or is there?


# %%
def multiple_choice(name):
    """Return a system's answers that count for multiple choice."""
    found = shelf.answers(name, SETTING)
    return [one for one in found if not one.twin and one.task != ALIGNMENT]


def naive_verdict(one, two):
    """Say that two systems differ if their intervals do not overlap."""
    a = shelf.scores(one, SETTING).overall_mcq
    b = shelf.scores(two, SETTING).overall_mcq
    return "differ" if a.high < b.low or b.high < a.low else "same"


# %%
against = shelf.against(FULL, SETTING)
chosen = ("without episodic", "1 topic", "3 topics", "without reasoning")
table(
    {
        "variant": name,
        "naive": naive_verdict(FULL, name),
        "difference": against[name].difference.value,
        "95 % from": against[name].difference.low,
        "to": against[name].difference.high,
        "p": f"{against[name].p:.4f}",
    }
    for name in chosen
)

# %% [markdown]
# The naive verdict would call everything the same that is closer than two half-widths.
# But both systems answered the same questions, and hard persons are hard for both: that
# part is in each interval and cancels in the difference. Compare the widths:

# %%
table(
    {
        "variant": name,
        "its own interval is wide": c.b.high - c.b.low,
        "that of the difference": c.difference.high - c.difference.low,
        "wrong to right": len(c.gained),
        "right to wrong": len(c.lost),
    }
    for name in chosen
    for c in [against[name]]
)

# %% [markdown]
# The more two systems share, the more is gained by pairing: a topic more or less
# changes few answers. Where a whole memory goes, little is shared, and nothing is gained.

# %%
source(compare, permutation_test)

# %% [markdown]
# ## Every part
#
# The paper's table 8 and figure 13 beside ours: what is lost (or won) in points when a
# part goes. A claim **held** if our interval is clear of zero on the paper's side, is
# **contradicted** if it is clear of zero on the other, else it was **not shown**.

# %%
published = {
    row[0].removesuffix(" 32k rag").replace(" memory", ""): float(row[-1])
    for row in published_sheet("table8").rows
    if row[0].endswith("32k rag") and row[0].startswith("without")
}


def verdict(paper, difference):
    """Say what became of a claim with the sign of the paper's number."""
    if difference.low <= 0 <= difference.high:
        return "not shown"
    return "held" if difference.value * paper > 0 else "contradicted"


# %%
table(
    {
        "variant": name,
        "paper": paper,
        "ours": d.value,
        "95 % from": d.low,
        "to": d.high,
        "sign of the paper": verdict(paper, d),
    }
    for name, paper in published.items()
    for d in [against[name].difference]
)

# %% [markdown]
# Episodic memory is worth much, as in the paper. But so is semantic memory here, far
# more than there: these rules choose by short sentences and read long quotes poorly,
# and a vision-language model reads both. Core and procedural memory are worth nothing
# *to this model*, which hardly writes any and never reads core for a choice. That is a
# finding about rules, and none about memory.
#
# ### Two topics are enough
#
# The paper looks up two topics; more brought nothing there.

# %%
table(
    {
        "topics a look-up": name,
        "right, %": c.b.value,
        "difference to two": c.difference.value,
        "95 % from": c.difference.low,
        "to": c.difference.high,
    }
    for name in ("without episodic", "1 topic", "3 topics", "4 topics")
    for c in [against[name]]
)

# %% [markdown]
# Up, then nearly level: the shape held. Three are not told apart from two. Four are a
# little ahead, which one of so many looks can be by chance: see below.
#
# ### What multiple choice cannot see
#
# The profile changes the manner of a reply, not which option is true. With the tests of
# manner counted, PEM's worth appears.

# %%
with_manner = shelf.against(FULL, SETTING, alignment=True)
table(
    {
        "without PEM": name,
        "difference": c.difference.value,
        "95 % from": c.difference.low,
        "to": c.difference.high,
    }
    for name, c in (
        ("multiple choice", against["without PEM"]),
        ("with manner", with_manner["without PEM"]),
    )
)

# %%
tasks = differences_by_task(
    shelf.answers(FULL, SETTING), shelf.answers("without episodic", SETTING)
)
table(
    {
        "without episodic, task": task,
        "n": c.a.n,
        "difference": c.difference.value,
        "95 % from": c.difference.low,
        "to": c.difference.high,
    }
    for task, c in tasks.items()
)

# %% [markdown]
# ## Many looks
#
# The last table has a row for every task. If nothing mattered at all, how often would
# the *smallest* p of so many look convincing? Play it: take the persons' differences,
# flip each person's sign at random, so that no system is better, and look.

# %%
LOOKS, ROUNDS = len(against), 40
rng = np.random.default_rng(11)


def by_person(one, two):
    """Return each person's difference in right answers."""
    sums = Counter()
    for answer in multiple_choice(one):
        sums[answer.person] -= answer.score
    for answer in multiple_choice(two):
        sums[answer.person] += answer.score
    return np.array(list(sums.values()))


# %%
spread = by_person(FULL, "without reasoning")
smallest = [
    min(
        permutation_test(spread * rng.choice([-1, 1], len(spread)))
        for _ in range(LOOKS)
    )
    for _ in range(ROUNDS)
]
fooled = np.mean([p < 0.05 for p in smallest])
print(f"{LOOKS} looks, no difference: p < 0.05 in {fooled:.0%} of rounds")

# %% [markdown]
# So a single p of that size among so many is what chance looks like. Holm's correction
# sorts them, multiplies the smallest by the number of looks, the next by one less, and
# stops at the first that fails.


# %%
def holm(ps):
    """Return the corrected p of each name."""
    ordered, worst, found = sorted(ps, key=ps.get), 0.0, {}
    for rank, name in enumerate(ordered):
        worst = max(worst, min(1.0, ps[name] * (len(ps) - rank)))
        found[name] = worst
    return found


parts = [n for n in against if n.startswith("without") or "topic" in n]
raw = {name: against[name].p for name in parts}
corrected = holm(raw)
table(
    {"variant": n, "p": f"{raw[n]:.4f}", "corrected": f"{corrected[n]:.4f}"}
    for n in sorted(parts, key=raw.get)
)

# %% [markdown]
# ## How many persons would it take?
#
# A difference that was not shown may still be there. The interval shrinks with the root
# of the number of persons; here is its half-width from samples of our hundred.

# %%
people = sorted({one.person for one in multiple_choice(FULL)})
order = list(np.random.default_rng(5).permutation(people))
widths = []
for n in (10, 20, 40, 80, len(people)):
    some = set(order[:n])
    pair = [
        [o for o in multiple_choice(name) if o.person in some]
        for name in (FULL, "without reasoning")
    ]
    d = compare(*pair).difference
    widths.append((n, d.value, (d.high - d.low) / 2))
needed = widths[-1][0] * (widths[-1][2] / 1.0) ** 2
table({"persons": n, "difference": v, "give or take": h} for n, v, h in widths)

# %%
print(f"to see one point, about {needed:.0f} persons would be needed")

# %% [markdown]
# ## What each part is worth
#
# Each row is the system with one thing changed, less the full system, in points of
# multiple choice, with the 95 % interval over persons. Left of the line the part helps.

# %%
rows = {
    name: Interval(c.difference.value, c.difference.low, c.difference.high)
    for name in sorted(parts, key=lambda n: against[n].difference.value)
    for c in [against[name]]
}
forest(rows, "difference to the full system (points)", line=0.0)

# %% [markdown]
# ## What could be wrong with this
#
# - **One model, of rules.** What a part is worth depends on who uses it. A trained model
#   is the next row of every table here.
# - **Parts stand in for each other.** Without semantic memory, topics hold the same
#   facts. One at a time, two useful parts can both look useless.
# - **Taken away late.** A withheld memory is not one that was never made
#   (`lab/recipes/withheld.toml` asks that question; it has not been run).
# - **The persons are ours**, and so are the questions that decide what can matter.
#
# ## What if …
#
# 1. … you compare a system with itself? Predict the interval and the p. Checked below.
# 2. … you take the aspect in which a part helps most, and report only that? Use the
#    table by task, and Holm with its own number of rows. What is left?
# 3. … two parts go at once? Write the `Config`, and a line for the recipe, and say what
#    each outcome would mean.

# %%
# Exercise 1, checked: no difference, no flips, and a p of one.
itself = compare(shelf.answers(FULL, SETTING), shelf.answers(FULL, SETTING))
assert itself.difference.value == itself.difference.low == 0
assert itself.p == 1
assert not itself.gained
assert not itself.lost
print("a system does not differ from itself")

# %%
# Exercise 2, checked: fewer survive the correction than look convincing.
by_task = {task: c.p for task, c in tasks.items()}
looked = sum(p < 0.05 for p in by_task.values())
left = sum(p < 0.05 for p in holm(by_task).values())
assert left <= looked
print(f"of {len(by_task)} tasks {looked} look convincing, {left} stay so")

# %% [markdown]
# Your own ablation: write a recipe, then
# `python -m lab.ablate RECIPE --data BENCH --out RUNS`. The inspector's page
# *benchmark* opens what comes of it, traces and all.
#
# ## Sources
#
# - Tables 8 and 9 and figure 13: PersonaVLM, arXiv 2604.13074.
# - Holm, Scandinavian Journal of Statistics 6 (1979). Permutation tests: Good (2005).
# - Why ablations mislead: Lipton and Steinhardt, *Troubling Trends* (2018).
