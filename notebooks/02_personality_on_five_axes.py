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
# # 02 · Personality on five axes
#
# **Question.** How much of a person does one message show, and how much do fifty?
#
# **You will be able to**
# - say what the five traits are, and what a score of 3 means;
# - read traits from text with a reader that quotes its evidence, and name what it
#   cannot see;
# - measure a reader against people whose traits are known: error, correlation,
#   test and retest;
# - tell a neutral reading from a missing one, and say what mixing them up costs.
#
# The persons here never lived. They come from `personavlm.worlds`, which writes a
# life from a seed and keeps its truth; of real people nobody can look the truth up.

# %%
from statistics import fmean

from personavlm.embedded.personality import cues, observed
from personavlm.encoders.text import load_text_encoder
from personavlm.figures import read_against_true
from personavlm.lesson import source, table
from personavlm.personality import NEUTRAL, TRAITS, Profile, describe
from personavlm.prompts.update import parse_personality
from personavlm.scoring.traits import correlation
from personavlm.worlds.make import make_world

encoder = load_text_encoder()

# %% [markdown]
# ## Five numbers
#
# The Big Five is what is left when thousands of words for people are asked about
# and their answers are sorted by what goes together: five directions in which
# people differ. A profile is one number for each, from 1 to 5.

# %%
source(Profile)

# %% [markdown]
# Scores are for programs. A prompt gets words, and so does a reader:

# %%
for profile in (NEUTRAL, Profile(openness=4.6, neuroticism=1.3)):
    print(describe(profile), end="\n\n")

# %% [markdown]
# ## A naive reader
#
# The oldest idea is to count words. Here are ten, two for each trait's high end,
# and every one of them is an honest choice.


# %%
WORDS = {
    "openness": ("wonder", "imagine"),
    "conscientiousness": ("list", "planned"),
    "extraversion": ("party", "everyone"),
    "agreeableness": ("thank", "kind"),
    "neuroticism": ("worried", "afraid"),
}


def naive_reader(text):
    """Count the words: 3 if there is none, 5 if there is one."""
    said = text.lower()
    found = {t: any(w in said for w in ws) for t, ws in WORDS.items()}
    return Profile(**{t: 5.0 if hit else 3.0 for t, hit in found.items()})


# %%
messages = (
    "I'm worried about the party, I planned it for everyone.",
    "I'm not worried at all.",
    "My brother is afraid of dogs.",
    "The shop had a list of kinds of bread.",
)
table(
    {"message": m, **{t: s for t, s in naive_reader(m) if s != 3.0}}
    | {t: naive_reader(m)[t] for t in TRAITS}
    for m in messages
)

# %% [markdown]
# The first is fair. The second says the opposite of what it is read as, the third
# is about somebody else, the fourth has "kind" in "kinds" and a list that nobody
# made. And it can never read a low score: it waits for a person to say what they
# are not.
#
# ## A reader that quotes
#
# Ours works clause by clause: is it the writer's own, does it deny, does it state
# a way of being, or does one clear word in it say something? Every cue keeps its
# words, so that whoever doubts a score can look.

# %%
source(observed, cues)

# %%
table(
    {
        "message": message,
        "trait": cue.trait,
        "towards": "high" if cue.sign > 0 else "low",
        "weight": cue.weight,
        "words": cue.words,
    }
    for message in messages
    for cue in cues(message, encoder)
)

# %% [markdown]
# ## Neutral is not missing
#
# A model is asked for five lines. Sometimes it gives four, or prose. What should a
# program do? A tempting answer is to fill in 3. Look at what then comes out:

# %%
answers = {
    "good": "\n".join(f'"{t}": 3' for t in TRAITS),
    "one missing": "\n".join(f'"{t}": 4' for t in TRAITS[:4]),
    "prose": "The user seems open and calm.",
    "out of range": "\n".join(f'"{t}": 9' for t in TRAITS),
}
table(
    {"answer": name, "read as": type(parse_personality(text)).__name__}
    | {"why": getattr(parse_personality(text), "reason", "")}
    for name, text in answers.items()
)

# %% [markdown]
# A reading of 3 is a statement: "this message shows nothing". No reading is the
# absence of one. With 3 filled in, a broken model looks like a calm world, and the
# share of broken answers can never be counted. Here it can: `Malformed` is a value
# of its own, it changes nothing, and it is shown.
#
# ## How often does a message show anything?
#
# Now people. Sixteen persons are made, with half a hundred messages at most; every
# message is read by both readers, the truth set aside.

# %%
worlds = [make_world(2, "train", "50", number) for number in range(16)]
read = {
    world.person.id: [observed(turn.text, encoder) for turn in world.turns]
    for world in worlds
}
naive = {
    world.person.id: [naive_reader(turn.text) for turn in world.turns]
    for world in worlds
}


def telling(readings, trait):
    """Return the readings that say something of a trait."""
    return [one[trait] for one in readings if one[trait] != 3.0]


# %%
everything = [one for readings in read.values() for one in readings]
table(
    {
        "trait": trait,
        "messages": len(everything),
        "of these with a cue, %": 100
        * len(telling(everything, trait))
        / len(everything),
    }
    for trait in TRAITS
)

# %% [markdown]
# Most messages say nothing of most traits: people talk about buses. So a single
# message is hardly ever a portrait, and a portrait is an average.
#
# ## One message, many messages
#
# How well does an average go with the truth? Take the first two messages of every
# person, the first ten, and all of them; average what was read; correlate with the
# true scores over the sixteen persons, trait by trait.


# %%
def averaged(readings, first=None):
    """Average the telling readings of the first messages; 3 if none."""
    scores = {t: telling(readings[:first], t) or [3.0] for t in TRAITS}
    return Profile(**{t: fmean(found) for t, found in scores.items()})


def r_by_trait(reader, first):
    """Return the correlation with the truth for each trait."""
    people = [(w.person.traits, reader[w.person.id]) for w in worlds]
    return {
        t: correlation(
            [true[t] for true, _ in people],
            [averaged(found, first)[t] for _, found in people],
        )
        for t in TRAITS
    }


# %%
rows = [
    {"reader": name, "messages": first or "all", **r_by_trait(reader, first)}
    for name, reader in (("naive", naive), ("ours", read))
    for first in (2, 10, None)
]
table(row | {"mean": fmean(row[t] for t in TRAITS)} for row in rows)

# %% [markdown]
# Read the last column downwards. Two messages tell next to nothing, with any
# reader; the whole conversation tells something. With sixteen persons each r is
# itself uncertain by a quarter or so: the mean over traits is what to look at.
#
# ## Test and retest
#
# Is what is left an error of chance, or is the reader wrong about some people in
# the same way each time? Read the even messages and the odd ones separately. If
# the two halves agree with each other better than with the truth, the reader sees
# *something* steady that is not the trait.

# %%
halves = {
    w.person.id: (read[w.person.id][::2], read[w.person.id][1::2])
    for w in worlds
}
table(
    {
        "trait": trait,
        "halves with each other": correlation(
            [averaged(even)[trait] for even, _ in halves.values()],
            [averaged(odd)[trait] for _, odd in halves.values()],
        ),
        "all with the truth": r_by_trait(read, None)[trait],
    }
    for trait in TRAITS
)

# %% [markdown]
# ## Read against true
#
# One dot is one person. On the dashed line the reader would be perfect; a cloud
# along it is a reader that orders people well, a flat cloud one that sees nothing.

# %%
read_against_true(
    [
        (w.person.name, w.person.traits, averaged(read[w.person.id]))
        for w in worlds
    ]
)

# %% [markdown]
# The dots spread wider than the truth does: a few cues, each worth a point or two,
# average to extremes. That is the noise which the next notebook takes on.
#
# ## What could be wrong with this
#
# - **These people were written by a program** whose signs of character follow
#   published findings on language and traits, and so does the reader. On real people
#   such correlations are a fraction of these: about 0.15 for small talk against
#   self-reports (`lab/LOG.md` says what was read in real messages: mostly nothing).
# - **A score is not a person.** Self-reports, the usual truth, are themselves repeated
#   with an r of about 0.8.
# - **Averages of cues forget how many there were.** One cue and thirty give the same 4.
#   What would an honest reader show beside the score?
# - **Profiling people is not harmless.** A system that guesses character must let its
#   user see, correct and switch off the guess. Ours does; see notebook 03 and the
#   inspector.
#
# ## What if …
#
# 1. … a missing answer were read as 3? Replace every fifth person's readings by
#    neutral ones and average *all* readings instead of the telling ones. Which way do
#    the dots move? The check below has to hold.
# 2. … you add ten words to the naive reader? Choose them before you look at the
#    messages, then after. Compare the two gains: the second is what fitting looks like.
# 3. … a person changes in the middle of the conversation? Say which of the tables
#    above would notice, then go on to notebook 03.

# %%
# Exercise 1, checked: averaging in 3s pulls every score towards the middle.
plain = averaged(read[worlds[0].person.id])
diluted = Profile(
    **{t: fmean(one[t] for one in read[worlds[0].person.id]) for t in TRAITS}
)
assert all(abs(diluted[t] - 3) <= abs(plain[t] - 3) + 1e-9 for t in TRAITS)
print("diluted scores lie nearer to 3 on all five traits")

# %% [markdown]
# ## Sources
#
# - The five traits, scores from 1 to 5, and the reading of each turn: PersonaVLM, arXiv
#   2604.13074, section 3.1.
# - Language and traits: Tausczik and Pennebaker, Journal of Language and Social
#   Psychology 29 (2010); Schwartz et al., PLOS ONE 8 (2013). The lists of words are ours
#   (`personavlm/embedded/words`).
# - How weak the signal is: Azucar, Marengo and Settanni, Personality and Individual
#   Differences 124 (2018), a meta-analysis.
