"""The pictures of a plan: which scene shows a thing this time, and what can be seen in it that nobody says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from personavlm.worlds.banks import bank
from personavlm.worlds.life_things import photographed
from personavlm.worlds.pictures import compose
from personavlm.worlds.pictures.looks import shapes, some_look
from personavlm.worlds.values import Fact, Half, Look, Person, Scene, Seen, Shot, Thing, Thread

NUMBERS = ("no", "one", "two", "three", "four", "five")

ALONE = 0.55
"""Share of pictures of a thing that show nothing else."""


@dataclass(slots=True)
class Album:
    """Collects the shots of one plan in order of time, with the facts that only they show."""

    person: Person
    rng: random.Random
    shots: list[Shot] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)

    @property
    def half(self) -> Half:
        """The half that bystanders are drawn from."""
        return self.person.half

    def show(self, thing: Thing | None, time: datetime) -> str:
        """Take a picture of a thing, or of a scene without one; return the shot's id."""
        id_ = f"p{len(self.shots) + 1}"
        if thing is not None and thing.look is None:
            self.shots.append(self._photograph(id_, thing))
            return id_
        self.shots.append(compose.shot(id_, self._scene(thing, time)))
        self.threads.extend(_details(self.shots[-1], thing, time))
        return id_

    def _photograph(self, id_: str, thing: Thing) -> Shot:
        """Return the next photograph of a thing that has some."""
        taken = sum(shot.photo in thing.photos for shot in self.shots)
        row = photographed(thing)
        photo = thing.photos[taken % len(thing.photos)]
        seen = Seen(thing.category, thing.id, tuple(row["photos"][photo]), row["colour"])
        return Shot(id_, (seen,), None, photo, f"a photograph of a {thing.category}")

    def _scene(self, thing: Thing | None, time: datetime) -> Scene:
        """Compose the thing, turned and lit another way each time, alone or beside others; or only others."""
        rng = self.rng
        place = rng.choice(compose.places())
        light = _light(place, time.hour)
        if thing is not None and thing.look is not None:
            if rng.random() < ALONE:
                return compose.close_up(thing.look, place, light, rng, thing.id)
            row = [(thing.look, thing.id), *((look, "") for look in self._others(rng.choice((1, 2)), thing.look.shape))]
            rng.shuffle(row)
            return compose.group([look for look, _ in row], place, light, rng, [name for _, name in row])
        if rng.random() < 0.5:
            return compose.several(some_look(rng, self.half), rng.randint(2, 5), place, light, rng)
        return compose.group(self._others(rng.choice((2, 3)), ""), place, light, rng)

    def _others(self, count: int, shape: str) -> list[Look]:
        """Draw looks of different shapes, none of them ``shape``."""
        kinds = [kind for kind in sorted(shapes()) if kind != shape]
        return [some_look(self.rng, self.half, kind) for kind in self.rng.sample(kinds, k=count)]


def _light(place: str, hour: int) -> str:
    indoors = place in compose.places(indoors=True)
    if indoors and (hour >= 19 or hour < 6):
        return "lamp"
    return "morning" if hour < 11 else "noon" if hour < 17 else "evening"


def _details(shot: Shot, thing: Thing | None, time: datetime) -> list[Thread]:
    """Return what only this picture shows: how many of what, in which colour and pattern, and where all stand."""
    rows: list[tuple[str, str, str]] = []
    for one in shot.seen:
        mine = thing is not None and one.thing == thing.id
        noun = thing.name if thing and mine else f"the {_noun(one)}"
        are = "are" if one.count > 1 else "is"
        if len(shot.seen) > 1 and one.position:
            text = f"{noun} {are} {_where(one.position)} of the picture"
            rows.append((f"position of {_noun(one)}", one.position, text))
        if mine:
            continue
        if one.count > 1:
            count = NUMBERS[one.count]
            rows.append((f"count of {_noun(one)}", count, f"there are {count} {_noun(one)} in the picture"))
        rows.append((f"colour of {_noun(one)}", one.colour, f"{noun} {are} {one.colour}"))
        rows.append((f"pattern of {_noun(one)}", one.pattern, f"{noun} {are} {one.pattern}"))
    return [_seen(shot.id, at, row, time) for at, row in enumerate(rows, start=1)]


def _seen(shot: str, at: int, row: tuple[str, str, str], time: datetime) -> Thread:
    attribute, value, text = row
    fact = Fact(f"{shot}d{at}", "detail", shot, attribute, value, text, time, implied=True)
    return Thread(f"{shot}h{at}", "detail", shot, (fact,))


def _where(position: str) -> str:
    return "in the middle" if position == "middle" else f"on the {position}"


def _noun(one: Seen) -> str:
    if one.count == 1:
        return one.category
    return str(next(row["plural"] for row in bank("looks")["shapes"] if row["category"] == one.category))


def known_things(things: Sequence[Thing]) -> dict[str, Thing]:
    """Return things by id."""
    return {thing.id: thing for thing in things}
