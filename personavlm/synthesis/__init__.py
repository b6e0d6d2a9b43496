"""Synthesis: from worlds to benchmark and training data at scale, with the checks that keep both honest.

    World ──questions──> Question (one right option, evidence) ──benchmark──> PersonaWorld-MME in Persona-MME's layout
    World ──lessons──> Lesson (what is asked, what must be found) ──living──> Samples of every prompt ──training──> JSON

``questions`` holds one function per task, ``check`` proves that every question has one right answer, ``leaks`` that
nothing but memory finds it. ``recall``, ``chains``, ``sights`` and ``exam`` write the lessons, ``teacher`` answers
every prompt of the assistant from a world's truth while the real assistant lives through it.
"""
