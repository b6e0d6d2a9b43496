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
# # 07 · Remembering pictures
#
# **Question.** Somebody shows a picture and says "this is Biscuit". Months later
# there is another picture. Is it Biscuit, or just some white dog?
#
# **You will be able to**
# - follow a picture from its pixels to a cut-out, a vector and a name;
# - tell "which of the known things is nearest" from "is it one of them at all";
# - choose a threshold by what each kind of mistake costs, and say why the best one
#   rises with the number of things remembered;
# - name what an encoder made by hand cannot do, and where to plug in one that can.
#
# **Words.** A *visual concept* is a thing with a name and cut-outs of pictures that
# show it. To *enrol* a thing is to remember it so. The *cosine* of two vectors is 1
# for equal directions and 0 for nothing in common; here, higher is more alike.
#
# The photographs are of real things, from DreamBooth. They are not generated, and
# the names Biscuit and Captain are ours.

# %%
import json
import os
from pathlib import Path
from random import Random
from statistics import fmean
from tempfile import TemporaryDirectory

import numpy as np
from IPython.display import Image as Shown
from PIL import Image

from personavlm import demo
from personavlm.assistant import Assistant, Kit, create_user
from personavlm.detect import AROUND, cut, detect, enrol, recognise
from personavlm.encoders.picture import describe, load_picture_encoder
from personavlm.evals import pictures
from personavlm.evals.rendered import drawn
from personavlm.figures.curves import Panel, Point, curves
from personavlm.figures.likeness import Asked, Near, likeness

# %%
from personavlm.lesson import source, table
from personavlm.models.loading import load_model
from personavlm.pictures import image, open_picture, store_form
from personavlm.worlds.pictures import render

encoder = load_picture_encoder()
album = demo.DATA / "pictures"
photos = {
    path.stem: image(open_picture(path).data)
    for path in sorted(album.glob("*.jpg"))
}
credits = json.loads((album / "pictures.json").read_text(encoding="utf-8"))
table(
    {"file": one["file"], "photographer": one["photographer"]}
    | {"licence": one["licence"].split(",")[0], "changes": one["changes"]}
    for one in credits
)

# %% [markdown]
# ## A naive comparison
#
# Shrink both to a few pixels and subtract. Two pictures of the dog against the dog
# and the husky toy:


# %%
def naive_difference(one, two, side=16):
    """Return the mean difference of two shrunken pictures, 0 to 255."""
    small = [np.asarray(p.resize((side, side)), float) for p in (one, two)]
    return float(np.abs(small[0] - small[1]).mean())


table(
    {
        "against": name,
        "biscuit-1": naive_difference(photos["biscuit-1"], photos[name]),
    }
    for name in ("biscuit-2", "biscuit-3", "husky-toy", "sneaker", "duck-1")
)

# %% [markdown]
# Small is alike, and nothing here is far from anything. It compares **pictures**, not
# things: the ground under the dog counts as much as the dog. Whoever wants the thing
# has to find it first.
#
# ## From a picture to a thing to a vector
#
# `detect` finds where the thing is: with a detector that knows words if one is
# there, else by what stands out. It is cut out with a margin, and the encoder
# turns the cut-out into one vector.

# %%
source(detect, cut)

# %%
picture = photos["duck-2"]
box = enrol(picture)
print(f"{picture.size} pixels, the thing in {box.corners}, by {box.source}")
found = store_form(cut(picture, box, AROUND))
Shown(found.data, width=220, alt="A yellow rubber duck, cut out")

# %%
source(describe)

# %% [markdown]
# Which colours it has, which lie beside which, which way its edges run. No weights,
# no download, and no idea what a dog is: it answers "is this the same thing?" and
# never "what is this?". The same interface takes CLIP, where its weights are:
# `load_picture_encoder("openai/clip-vit-large-patch14")`.
#
# ## Enrolled from one photograph each
#
# Five things get a name and one photograph. All other photographs are asked about.

# %%
names = {
    "biscuit": "Biscuit",
    "duck": "the duck",
    "husky-toy": "the husky",
    "monster": "the monster",
    "car": "the car",
}


def thing(stem):
    """Return which thing a file shows, by its name; empty if nobody's."""
    return next((v for k, v in names.items() if stem.startswith(k)), "")


def vector(picture):
    """Return the vector of the thing that stands out in a picture."""
    return encoder.encode([cut(picture, enrol(picture), AROUND)])[0]


# %%
known = {"biscuit-1", "duck-1", "husky-toy", "monster-1", "car-1"}
memory = {thing(stem): vector(photos[stem]) for stem in sorted(known)}
unknown = [stem for stem in photos if stem not in known]

# %% [markdown]
# Two questions hide in "do you know this one?". **Which** of the known things is
# nearest? That always has an answer. **Is it** one of them? That needs a threshold,
# and "no" must be among the answers.

# %%
source(recognise)

# %%
table(
    {
        "photograph": stem,
        "shows": thing(stem),
        "nearest": seen.nearest,
        "cosine": seen.score,
        "ahead by": seen.margin,
        "said": seen.name,
    }
    for stem in unknown
    for seen in [recognise(vector(photos[stem]), memory, encoder.same_from)]
)

# %% [markdown]
# The shoe is the honest test: something is nearest, and it must not be named. These
# photographs were chosen so that the story can be followed, so their score means
# nothing. The next ones were not chosen.
#
# ## Forty things, and a threshold
#
# The worlds' pictures are drawn by a program, so that it is known what each shows.
# Forty things are drawn from a seed, three views each: other rooms, other light,
# other sides. Half are enrolled from one view; the rest are strangers.

# %%
things = drawn(seed=7, count=40, views=3)
views = [
    [vector(image(render(scene).data)) for scene in one.scenes]
    for one in things
]
enrolled = {str(n): views[n][0] for n in range(0, len(views), 2)}
asked = [
    (str(n) if n % 2 == 0 else None, one)
    for n, row in enumerate(views)
    for one in row[1:]
]
print(len(enrolled), "things enrolled,", len(asked), "pictures asked about")


# %%
def rates(memory, threshold):
    """Return shares: known things named right, strangers named at all."""
    said = [(true, recognise(v, memory, threshold).name) for true, v in asked]
    known = [true == name for true, name in said if true in memory]
    strangers = [name is not None for true, name in said if true is None]
    return fmean(known), fmean(strangers)


steps = [round(0.4 + 0.05 * n, 2) for n in range(11)]
swept = {step: rates(enrolled, step) for step in steps}
table(
    {
        "threshold": step,
        "known, named right": right,
        "strangers, named": wrong,
    }
    for step, (right, wrong) in swept.items()
)

# %%
curves(
    [
        Panel(
            "",
            {
                "known, named right": [
                    Point(s, a) for s, (a, _) in swept.items()
                ],
                "strangers, named": [
                    Point(s, b) for s, (_, b) in swept.items()
                ],
            },
        )
    ],
    "threshold (cosine)",
    "share of pictures",
    span=(0, 1.03),
)

# %% [markdown]
# Every threshold is a bargain. Calling a stranger "Biscuit" and failing to know
# Biscuit are different embarrassments; only whoever uses the thing can price them.
# Ours sits where both shares are about equal on photographs:

# %%
print("same_from =", encoder.same_from)

# %% [markdown]
# ### More friends, more look-alikes
#
# With more things enrolled, a stranger has more chances to look like one of them.

# %%
order = list(enrolled)
Random(7).shuffle(order)
table(
    {"enrolled": n, "known, named right": right, "strangers, named": wrong}
    for n in (5, 10, 20)
    for right, wrong in [
        rates({k: enrolled[k] for k in order[:n]}, encoder.same_from)
    ]
)

# %% [markdown]
# So a threshold that was right for ten things is too low for a hundred. The released
# code has one bound for all; so have we, and it is a weakness of both.
#
# ## Measured on photographs that nobody chose
#
# The whole of DreamBooth's development half: leave one out, nearest of all others.
# If you have the set, `PERSONAVLM_DATA` may name the folder that holds
# `dreambooth/`, and the next cell measures instead of reading what was measured.

# %% tags=["varies"]
place = Path(os.environ.get("PERSONAVLM_DATA", "-")) / "dreambooth"
results = demo.DATA.parent / "lab" / "results"
stored = json.loads((results / "evals.json").read_text(encoding="utf-8"))
result = (
    pictures.evaluate(place, encoder).plain()
    if place.is_dir()
    else stored["pictures"]
)
table(
    [
        {k: result[k] for k in ("n", "things", "hit@1", "hit@5")}
        | {"histogram hit@1": result["baseline"]["hit@1"]}
        | {k: result[k] for k in ("known_accuracy", "unknown_rejected")}
    ]
)

# %% [markdown]
# *hit@1* is the percentage of photographs whose nearest other photograph shows the
# same thing; the last two are the open set, each thing enrolled from one photograph.
#
# And look-alikes, of the same shape and colours, among which chance would be one in
# four:

# %%
alike = json.loads((results / "rendered_pictures.json").read_text())
table(
    {"told apart by": by, "percent": row["mean"]}
    | {"95 % from": row["interval"][0], "to": row["interval"][1]}
    for by, row in alike["look-alikes"].items()
    if isinstance(row, dict)
)

# %% [markdown]
# The intervals overlap: against look-alikes the encoder is not shown to be better
# than colour alone. That is a negative result, and it stays in.
#
# ## In the assistant
#
# Two turns: Mara shows Biscuit and names him; later she shows another photograph,
# and then a shoe.

# %%
home = TemporaryDirectory()
story = next(c for c in demo.conversations() if c.dialogue.user == "Mara")
shows = [t for t in story.dialogue.turns if t.pictures][:1]
store = create_user(Path(home.name), "Mara", shows[0].time, {"name": "Mara"})
assistant = Assistant(store, load_model("embedded"), kit=Kit.load())
for turn in shows:
    assistant.given(turn.time, turn.text, turn.reply, turn.pictures)
later = shows[-1].time + 2 * assistant.config.gap
assistant.tick(later)
table(
    {"memory": m.text, "kind": m.kind, "cut-outs": len(m.crops)}
    for m in store.state().all("semantic")
    if m.crops
)

# %%
table(
    {
        "picture": name,
        "reply": assistant.ask(later, "Who is this?", [album / name]).reply,
    }
    for name in ("biscuit-3.jpg", "sneaker.jpg")
)

# %% [markdown]
# ### What are pictures worth?
#
# On the benchmark, pictures not seen cost so many points of multiple choice, paired
# over persons. With *captions alone* the pictures themselves are hidden and their
# captions kept; these have none, so it is the same.

# %%
ours = json.loads((results / "bench_32k_ours.json").read_text())
rows = ours["32k, multiple choice"]
table(
    {"variant": name, "points": rows[name]["difference"]["value"]}
    | {"95 % from": rows[name]["difference"]["low"]}
    | {"to": rows[name]["difference"]["high"], "score": rows[name]["value"]}
    for name in ("captions alone", "no pictures")
)

# %% [markdown]
# ## Queries and their nearest memories
#
# Left, what is asked about. Then what is remembered, nearest first, with the cosine.
# Bold is what passes the threshold, with a tick if it is right.

# %%
cuts = {
    thing(stem): cut(photos[stem], enrol(photos[stem]), AROUND)
    for stem in sorted(known)
}
rows = []
for stem in ("biscuit-3", "duck-2", "car-2", "sneaker"):
    v = vector(photos[stem])
    near = sorted(memory, key=lambda name: -float(v @ memory[name]))[:3]
    found = [Near(cuts[name], name, float(v @ memory[name])) for name in near]
    rows.append(Asked(photos[stem], thing(stem), tuple(found)))
likeness(rows, encoder.same_from)

# %% [markdown]
# ## What could be wrong with this
#
# - **Chosen photographs.** The figure is an illustration; the measurements are the
#   tables before it.
# - **What stands out need not be the thing.** In a busy room the cut-out misses it, and
#   then a perfect encoder fails too. `python -m lab.rendered_pictures` measures that.
# - **Drawn pictures are easy.** Plain shapes, clean edges: there, a histogram already
#   does well.
# - **No words for pictures.** "The mug with the chip" finds nothing here: this encoder
#   knows no language, and captions are compared as text. CLIP would join the two.
# - **Faces.** Nobody is recognised as a person here, on purpose. A system that does so
#   needs the consent of people who never talked to it.
#
# ## What if …
#
# 1. … a thing is enrolled from two views instead of one? Predict which of the two
#    shares rises. The check below holds for the best score of every picture.
# 2. … you compare whole pictures instead of cut-outs? Replace `vector` by
#    `encoder.encode([picture])[0]` and run on from "Forty things".
# 3. … the photograph is mirrored? Text on a mug would be unreadable to you. Is it to
#    this encoder?

# %%
# Exercise 1, checked: one more view can only bring a thing nearer.
first = {str(n): views[n][0] for n in range(0, 40, 2)}
both = {str(n): np.stack(views[n][:2]) for n in range(0, 40, 2)}
for n in range(0, 40, 2):
    probe = views[n][2]
    one = recognise(probe, {str(n): first[str(n)]}, 0).score
    two = recognise(probe, {str(n): both[str(n)]}, 0).score
    assert two >= one - 1e-6
gain = [
    recognise(views[n][2], pile, encoder.same_from).name == str(n)
    for pile in (first, both)
    for n in range(0, 40, 2)
]
print("named right, one view and two:", sum(gain[:20]), sum(gain[20:]))

# %%
# Exercise 3, looked at: how alike is a photograph to its own mirror image?
mirrored = {
    stem: photos[stem].transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for stem in sorted(known)
}
table(
    {"photograph": stem, "with its mirror": float(vector(one) @ v)}
    for stem, one in mirrored.items()
    for v in [vector(photos[stem])]
)

# %% [markdown]
# In the inspector, the page *memories* takes a picture of yours and shows which named
# things look like it, nearest first.
#
# ## Sources
#
# - Named things, cut out and recognised: PersonaVLM, arXiv 2604.13074, appendix A.2 (CLIP
#   and Grounding DINO there).
# - Photographs: DreamBooth, Ruiz et al., CVPR 2023; those shown by Yael Pritch, Nataniel
#   Ruiz and Varun Jampani, CC BY 4.0, made smaller and cut out here.
# - Colours that lie beside each other: Huang et al., CVPR 1997. Open sets: Scheirer et
#   al., IEEE TPAMI 35 (2013).

# %%
store.close()
home.cleanup()
