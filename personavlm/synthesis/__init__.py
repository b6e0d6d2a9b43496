"""Synthesis: from worlds to benchmark and training data at scale, with the checks that keep both honest.

    World ──questions──> Question (one right option, evidence) ──benchmark──> PersonaWorld-MME in Persona-MME's layout

``questions`` holds one function per task, ``check`` proves that every question has one right answer, ``leaks`` that
nothing but memory finds it.
"""
