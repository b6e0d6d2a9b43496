"""Questions: one function per task of the benchmark, from a world to questions with one right option each.

    World, strangers, rng ──task──> Questions      (``catalogue.TASK_FUNCTIONS``)

What the questions expect of a world, so that nothing but memory finds the answer (``check`` and ``leaks`` name a
breach). "Even" means equally likely and independent of everything the query says.

- Every task needs something to ask about in nearly every person, also in those of 20 to 50 turns: at least one of each
  line below, two or more in longer dialogues.
- taste: values even within a domain, old and new drawn alike; at least one changed taste (fact with ``replaces`` and a
  ``reason``), told before and after; now and then a kin's taste ("other") and an "offered" thing of the same domain.
- goal: last status even over planned, under way, done, dropped; each with a ``reason`` why it is wanted, told once;
  reasons of the bank fit any goal.
- aim: ``attribute`` the subject of the question asked, ``value`` the aim as an infinitive ("impress the in-laws"), even
  over four or more aims of that subject; what was told before makes it known.
- leaning: ``attribute`` an axis of ``banks/leanings.json``, ``value`` one of its two poles, even; two or more a
  person, independent, each shown in three or more "choose" beats and never said.
- routine: day, hour, place even over the banks; three or more a person, one of them changed.
- dynamic: even over its values, with somebody and with the assistant; one that moves twice has two facts.
- kin: relations even, name never hinting at the relation; ``closeness`` told through "relate" beats.
- expertise: levels even over the subjects.
- pictures: a third of the questions must need one. What is asked for is visible and never worded (colour, second
  colour, pattern, material, count, position), and the thing is named by something said, so told facts come with the
  shot of a thing: who gave it (relation, dynamic), what is planned with it and why (goal, with status), which routine
  it is for, that it is the favourite of its kind now (taste, changed), and choices among pictured things.
  ``Fact.about`` is then the thing's id, and the beat that tells the fact names the shot.
"""
