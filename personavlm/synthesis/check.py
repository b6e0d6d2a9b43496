"""Checks: every question has exactly one right option, given what can be known of the world when it is asked.

    problems(world, question)  ->  () or what is wrong, in words

Each task has a verifier of its own that looks at the ledger, at the looks of things and at what pictures show; it knows
nothing of how the question was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from personavlm.synthesis.questions.behaviour import STATUS
from personavlm.synthesis.questions.draw import UNKNOWN
from personavlm.synthesis.questions.growth import PITCH
from personavlm.synthesis.questions.phrases import part, slot, to_you
from personavlm.synthesis.questions.relationship import KIN_MOVES, MANNERS
from personavlm.synthesis.questions.values import Question, Task
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import Known, known, traits_at
from personavlm.worlds.values import USER, Fact, Look, World

NUMBERS = ("no", "one", "two", "three", "four", "five")


@dataclass(frozen=True)
class View:
    """A world as it can be known when a question is asked."""

    world: World
    question: Question
    ledger: Sequence[Known]

    @cached_property
    def facts(self) -> Mapping[str, Known]:
        """What is known, by the fact's id."""
        return {one.fact.id: one for one in self.ledger}

    @property
    def current(self) -> Iterator[Fact]:
        """What is known and still holds."""
        return (one.fact for one in self.facts.values() if one.standing == "current")

    def fact(self, place: int = 0) -> Fact:
        """Return the known fact that the query is about. Raises ``KeyError`` if it is not known."""
        return self.facts[self.question.about[place]].fact

    def look(self, thing: str) -> Look | None:
        """Return the look of one of the user's things."""
        return next((one.look for one in self.world.person.things if one.id == thing), None)

    def reason(self, fact: Fact) -> str:
        """Return why something is so, as it is said to the user."""
        return to_you(fact.reason, self.world.person.pronoun)


def problems(world: World, question: Question, ledger: Sequence[Known] | None = None) -> tuple[str, ...]:
    """Return what is wrong with a question: options that are true by mistake, evidence that is missing or too late.

    ``ledger`` is what is known when it is asked, if that has been worked out already.
    """
    view = View(world, question, known(world, question.time) if ledger is None else ledger)
    return tuple(f"{question.id} ({question.form}): {problem}" for problem in _problems(view))


def _problems(view: View) -> Iterator[str]:
    question = view.question
    texts = [option.text for option in question.options]
    if len({text.lower() for text in texts}) != len(texts):
        yield "two options read alike"
    yield from _unproved(view)
    try:
        true = [text for text in texts if _TRUE[question.task](view, text)]
    except KeyError as error:
        yield f"is about something that is not known: {error}"
        return
    if true != [question.right]:
        yield f"right by the ledger: {true or 'none'}; by the question: {question.right!r}"


def _unproved(view: View) -> Iterator[str]:
    question = view.question
    times = {turn.id: turn.time for turn in view.world.turns}
    if not question.evidence and question.right != UNKNOWN:
        yield "nothing proves it"
    if any(turn not in times or times[turn] > question.time for turn in question.evidence):
        yield "its evidence does not lie before it"
    for id_ in question.facts:
        one = view.facts.get(id_)
        if one is None or not set(one.evidence) <= set(question.evidence):
            yield f"it rests on {id_}, which is not known by then"
        elif one.fact.replaces and one.fact.replaces not in view.facts:
            yield f"what {id_} took the place of was never told"


def _look(look: Look | None, text: str) -> bool:
    if look is None:
        return False
    name = part(look.shape)
    article = "" if name.endswith("s") else "an " if look.second == "orange" else "a "
    return text == f"{look.colour} with {article}{look.second} {name}"


# ── one verifier a task ──────────────────────────────────────────────────────────────────────────────────────────


def _visual_detail(view: View, text: str) -> bool:
    about, attribute = view.question.about
    if look := view.look(about):
        return text == {"colour": look.colour, "second": look.second, "pattern": look.pattern}[attribute]
    seen = next(shot.seen for shot in view.world.shots if shot.id == about)
    kind, noun = attribute.split(" of ", 1)
    if kind == "position":
        place = next(f.value for f in view.current if f.about == about and f.attribute == attribute)
        return any(one.category == text and one.position == place for one in seen)
    named = [one for one in seen if noun.startswith(one.category[:-1]) and not one.thing]
    return any(text == (NUMBERS[one.count] if kind == "count" else one.colour) for one in named)


def _semantic_information(view: View, text: str) -> bool:
    fact, form = view.fact(), view.question.form
    if form == "look":
        origins = (f for f in view.current if f.matter == "belonging" and f.attribute == "origin")
        rivals = [f for f in origins if f.value == fact.value]
        return len(rivals) == 1 and _look(view.look(fact.about), text)
    if form in ("event", "appointment"):
        day = fact.since.date()
        return any(f.attribute == form and f.since.date() == day and f.value == text for f in view.current)
    if form == "remember":
        return any(f.attribute == "remember" and f.value == f"remember that {text}" for f in view.current)
    same = (f for f in view.current if f.about == fact.about and f.matter == fact.matter)
    return any(f.value == text for f in same if f.attribute == fact.attribute)


def _explicit_intent(view: View, text: str) -> bool:
    fact = view.fact()
    if view.question.form == "look":
        goals = (one.fact for one in view.facts.values() if one.fact.matter == "goal")
        rivals = {f.about for f in goals if f.reason == fact.reason}
        return rivals == {fact.about} and _look(view.look(fact.about), text)
    return view.reason(fact) == text


def _implicit_intent(view: View, text: str) -> bool:
    return view.fact().matter == "aim" and view.fact().value == text


def _latest_preference(view: View, text: str) -> bool:
    tastes = [f for f in view.current if f.matter == "taste"]
    if view.question.form == "look":
        category = view.fact().attribute
        best = [f for f in tastes if f.about != USER and f.attribute == category]
        return len(best) == 1 and _look(view.look(best[0].about), text)
    thread = next(t for t in view.world.person.threads if t.id == view.question.about[0])
    domain, sign = thread.facts[0].attribute, 1 if view.question.form == "like" else -1
    here = [f for f in tastes if f.about == USER and f.attribute == domain and f.value == text]
    return any(f.polarity == sign for f in here)


def _interest_evolution(view: View, text: str) -> bool:
    form = view.question.form
    if form in ("cause", "loss"):
        return view.reason(view.fact()) == text
    if form == "look":
        old, new = (view.look(view.fact(place).about) for place in (0, 1))
        a, b = (f"{'an' if one.colour == 'orange' else 'a'} {one.colour} one" for one in (old, new) if one)
        return text == f"from {a} to {b}"
    fact = view.fact(1)
    return text == f"from {view.facts[fact.replaces].fact.value} to {fact.value}"


def _implicit_recommendation(view: View, text: str) -> bool:
    ones, others = (_suiting(view.fact(place)) for place in (0, 1))
    return any(text == f"{one} and {other}" for one in ones for other in others)


def _suiting(leaning: Fact) -> list[str]:
    axis = next(row for row in bank("leanings")["axes"] if row["axis"] == leaning.attribute)
    pole = axis["poles"].index(leaning.value)
    return [row["options"][pole] for half in axis["choices"].values() for row in half]


def _behavioural_pattern(view: View, text: str) -> bool:
    fact, form = view.fact(), view.question.form
    if form == "look":
        rivals = [f for f in view.current if f.attribute == "use" and f.value == fact.value]
        return len(rivals) == 1 and _look(view.look(fact.about), text)
    routines = [f for f in view.current if f.matter == "routine"]
    day, hour, _ = slot(fact.value)
    if form == "activity":
        return any(f.attribute == text and slot(f.value)[:2] == (day, hour) for f in routines)
    own = [f for f in routines if f.attribute == fact.attribute]
    return any(text == (slot(f.value)[2] if form == "place" else "{} at {}".format(*slot(f.value)[:2])) for f in own)


def _goal_tracking(view: View, text: str) -> bool:
    about = view.question.about
    if view.question.form == "look":
        status = view.fact().value
        there = [f for f in view.current if f.matter == "goal" and f.about != USER and f.value == status]
        return len(there) == 1 and _look(view.look(there[0].about), text)
    thread = next((t for t in view.world.person.threads if t.matter == "goal" and about[0] in (t.id, t.label)), None)
    told = [f for f in thread.facts if f.id in view.facts] if thread else []
    return text == (STATUS[told[-1].value] if told else UNKNOWN)


def _relationship_recognition(view: View, text: str) -> bool:
    fact, form = view.fact(), view.question.form
    people = {kin.name: kin for kin in view.world.person.kin}
    if form == "look":
        rivals = [f for f in view.current if f.attribute == "giver" and f.value == fact.value]
        return len(rivals) == 1 and _look(view.look(fact.about), text)
    if form == "relation":
        return people[fact.about].relation == text
    if form == "name":
        return text in people and people[text].relation == people[fact.about].relation
    if form == "closest":
        return people[text].closeness == 3
    return any(f.matter == "other" and f.about == text and f.value == fact.value for f in view.current)


def _relationship_dynamics(view: View, text: str) -> bool:
    form = view.question.form
    if form == "cause":
        return view.reason(view.fact()) == text
    if form == "look":
        return view.fact(1).value == view.fact().about and _look(view.look(view.fact(1).about), text)
    thread = next(t for t in view.world.person.threads if t.id == view.question.about[0])
    now = next(f for f in view.current if f.id in {fact.id for fact in thread.facts})
    return text == {**KIN_MOVES, **MANNERS}[now.value]


def _tiered_explanation(view: View, text: str) -> bool:
    if view.question.form == "pair":
        one, other = (PITCH[view.fact(place).value] for place in (0, 1))
        return text == f"the first {one}, the second {other}"
    rows = {row["subject"]: row["explain"] for row in bank("expertise")["subjects"]}
    levels = {f.attribute: f.value for f in view.current if f.matter == "expertise"}
    return any(text == f"{rows[subject]['topic']}: {rows[subject][level]}" for subject, level in levels.items())


def _new_scenarios(view: View, text: str) -> bool:
    leaning, trait = view.fact(), view.question.about[1]
    scenes = [scene for half in bank("questions_scenes").values() for scene in half]
    scene = next(scene for scene in scenes if scene["scene"] in view.question.query)
    axis = next(row for row in bank("leanings")["axes"] if row["axis"] == leaning.attribute)
    scores: dict[str, float] = {**dict(traits_at(view.world.person, view.question.time))}
    high = scores[trait] > 3
    return text == f"{scene[leaning.attribute][axis['poles'].index(leaning.value)]}, {scene[trait][0 if high else 1]}"


_TRUE: Mapping[Task, Callable[[View, str], bool]] = {
    "VDR": _visual_detail,
    "SIR": _semantic_information,
    "EII": _explicit_intent,
    "IIR": _implicit_intent,
    "LPR": _latest_preference,
    "IEA": _interest_evolution,
    "IPR": _implicit_recommendation,
    "BPR": _behavioural_pattern,
    "LGT": _goal_tracking,
    "RR": _relationship_recognition,
    "RDC": _relationship_dynamics,
    "TED": _tiered_explanation,
    "GNS": _new_scenarios,
}
