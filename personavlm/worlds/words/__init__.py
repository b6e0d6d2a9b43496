"""Words: the grammar that turns beats into what a person types and what the assistant replies.

    Slot(beats) + Person + Context ──utter──> Utterance(text, reply, skeletons, cues)

Patterns live in the JSON files beside this one; ``grammar`` expands them, ``frames`` fills their slots from facts,
``manner`` gives them the person's way of speaking, ``replies`` answers.

What the patterns expect of facts (the laws in tests/test_worlds_words.py name a breach):

- Texts and reasons are in the third person, with the person's own pronoun and everybody else by name, so that they can
  be turned into the first: "the dentist told her off" ──> "the dentist told me off".
- identity: attribute "name", "age", "work", "town", "home"; values "Mara Lindqvist", "34", "welder", "Leeds",
  "a flat above a bakery with two housemates".
- relation: about the kin's name, attribute the relation ("sister"), value the name.
- other: about the kin's name; attribute and value as for the user's own ("work", "welder"; "drink", "ginger beer").
- dynamic: about the kin's name or "assistant"; value "closer", "cooler", "made up", "fell out", …; reason the cause.
- belonging: about the thing's id; attribute its category, value what it is called ("grandma's kettle").
- taste: attribute the domain ("drink", "film genre"), value the bare thing, polarity -1 or 1, strength 1 to 3.
- routine: attribute the activity as an -ing form or noun ("climbing"), value "Tuesday 19:30 at the climbing hall".
- goal: the thread's label is an -ing form ("learning to sail"), value the status.
- event: value a clause without subject in the past for what happened ("passed the driving test") and an infinitive for
  what will ("move to a bigger flat"); ``since`` its date.
- expertise: attribute the subject, value "beginner", "handy" or "expert"; aim: implied, never worded.
- request: value an imperative to the assistant ("keep answers short"), attribute "tone", "remember", "avoid".
- a beat "ask" takes its ``subject`` from ``subjects()``, for which replies know real advice; "chat" takes its own from
  ``smalltalk()``.
"""

from __future__ import annotations

import random

from personavlm.worlds.values import Person, Slot, Utterance
from personavlm.worlds.words.context import MOODS, Context, Mood
from personavlm.worlds.words.replies import reply
from personavlm.worlds.words.speak import speak

__all__ = ["MOODS", "Context", "Mood", "utter"]


def utter(slot: Slot, person: Person, context: Context, rng: random.Random) -> Utterance:
    """Put a slot's beats into what the person types and what the assistant replies.

    The same arguments, ``rng`` included, give the same words. Raises ``LookupError`` for a beat that fits no pattern.
    """
    text, draft = speak(slot, person, context, rng)
    answer, ids = reply(draft)
    return Utterance(text, answer, (*draft.ids, *ids), tuple(draft.cues))
