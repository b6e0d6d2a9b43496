"""What the word banks know beside a fact's words: the kind a domain's values are, the two forms of a goal."""

from __future__ import annotations

from functools import cache
from typing import Any

from personavlm.worlds.banks import bank


@cache
def _domains() -> dict[str, Any]:
    return {entry["domain"]: entry for entry in bank("domains")}


@cache
def _goals() -> dict[str, str]:
    return {goal["ing"]: goal["inf"] for goal in bank("goals")["goals"]}


def domain(name: str) -> dict[str, str]:
    """Return the slots a domain of taste fills: its name, its plural label, "a drink"."""
    entry = _domains().get(name)
    return {"domain": name, "kinds": entry["label"], "kind": entry["kind"]} if entry else {}


def goal(label: str) -> dict[str, str]:
    """Return a goal as -ing form and infinitive, whichever its thread is labelled with."""
    forms = _goals()
    inf = forms.get(label) or (label if label in forms.values() else "")
    ing = label if label in forms or not inf else next(ing for ing, other in forms.items() if other == inf)
    return {"doing": ing, "do": inf}
