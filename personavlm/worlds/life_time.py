"""The time a life and its conversations take: how many turns, in which sessions, when.

    seed, half, setting, number ──frame──> Frame: the times of all turns, session by session

Life and plan share it, so that a taste changes between two sessions and not in a hole of the calendar. Streams of
random numbers are named by purpose: a draw added to one does not shift the others.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from personavlm.worlds.values import Half, Setting

TURNS: dict[Setting, tuple[int, int]] = {
    "train": (20, 100),
    "50": (20, 50),
    "100": (51, 100),
    "200": (101, 200),
    "500": (201, 500),
}
"""Fewest and most turns of a dialogue."""

DAYS: dict[Setting, tuple[int, int]] = {
    "train": (16, 30),
    "50": (26, 80),
    "100": (40, 88),
    "200": (60, 90),
    "500": (74, 91),
}
"""Days from the first to the last conversation: a month in training, three months in the test half."""

PER_SESSION = (4.4, 7.6)
"""Turns a person usually writes in one session; drawn per person."""

MOMENTS = (7, 8, 12, 13, 17, 18, 19, 20, 21, 22)
"""Hours at which people write."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The seed of a world and the times of its turns, session by session."""

    seed: int
    half: Half
    setting: Setting
    number: int
    sessions: tuple[tuple[datetime, ...], ...]

    @property
    def id(self) -> str:
        """The person's id: "train-17", "test-50-3"."""
        return f"train-{self.number}" if self.setting == "train" else f"{self.half}-{self.setting}-{self.number}"

    @property
    def turns(self) -> int:
        """How many turns the dialogue has."""
        return sum(map(len, self.sessions))

    @property
    def start(self) -> datetime:
        """The first turn's time."""
        return self.sessions[0][0]

    @property
    def end(self) -> datetime:
        """Two hours after the last turn: when questions are asked."""
        return self.sessions[-1][-1] + timedelta(hours=2)

    def rng(self, purpose: str) -> random.Random:
        """Return the stream of random numbers for a purpose, always from its beginning."""
        return stream(self.seed, self.half, self.setting, self.number, purpose)

    def gap(self, rng: random.Random, low: float, high: float) -> datetime:
        """Return a moment between two sessions, after a share of the turns between ``low`` and ``high``.

        If no gap lies there, the one nearest to it.
        """
        shares, told = [], 0
        for session in self.sessions[:-1]:
            told += len(session)
            shares.append(told / self.turns)
        fitting = [i for i, share in enumerate(shares) if low <= share <= high]
        middle = (low + high) / 2
        at = rng.choice(fitting) if fitting else min(range(len(shares)), key=lambda i: abs(shares[i] - middle))
        before, after = self.sessions[at][-1], self.sessions[at + 1][0]
        return whole(before + (after - before) * rng.uniform(0.35, 0.9))

    def session_after(self, moment: datetime) -> datetime:
        """Return when the first session after a moment begins; the last one's begin if there is none."""
        return next((times[0] for times in self.sessions if times[0] > moment), self.sessions[-1][0])

    def ago(self, rng: random.Random, years: float) -> datetime:
        """Return a moment up to so many years before the first turn."""
        return whole(self.start - timedelta(days=rng.uniform(20, max(21.0, 365 * years))))


def stream(seed: int, half: Half, setting: Setting, number: int, purpose: str) -> random.Random:
    """Return the stream of random numbers of one purpose in one world."""
    return random.Random(f"{seed}/{half}/{setting}/{number}/{purpose}")


def frame(seed: int, half: Half, setting: Setting, number: int) -> Frame:
    """Draw when a person talks with the assistant."""
    rng = stream(seed, half, setting, number, "time")
    turns = length(rng, setting)
    sizes = _sizes(rng, turns, setting)
    span = rng.randint(*DAYS[setting])
    sessions: list[tuple[datetime, ...]] = []
    at = datetime.min
    for begin, size in zip(_begins(rng, len(sizes), span), sizes, strict=True):
        begin = max(begin, at + timedelta(hours=3)) if sessions else begin
        times = [begin]
        for _ in range(size - 1):
            times.append(times[-1] + timedelta(seconds=rng.randint(60, 9 * 60)))
        sessions.append(tuple(times))
        at = times[-1]
    return Frame(seed, half, setting, number, tuple(sessions))


def length(rng: random.Random, setting: Setting) -> int:
    """Draw a number of turns; long dialogues lean to the shorter side, so that they average about 311."""
    low, high = TURNS[setting]
    if setting == "500":
        return low + round((high - low) * rng.betavariate(1.2, 2.05))
    return rng.randint(low, high)


def _sizes(rng: random.Random, turns: int, setting: Setting) -> list[int]:
    usual = rng.uniform(*PER_SESSION) * (0.7 if setting == "train" else 1.0)  # the paper: 13 sessions a person
    count = max(4, round(turns / usual))
    weights = [rng.gammavariate(3.0, 1.0) for _ in range(count)]
    sizes = [2] * count
    for at in rng.choices(range(count), weights, k=turns - 2 * count):
        sizes[at] += 1
    return sizes


def _begins(rng: random.Random, count: int, span: int) -> list[datetime]:
    zone = timezone(timedelta(hours=rng.choice((-5, -1, 0, 0, 1, 1, 1, 2, 3, 8))))
    first = datetime(rng.randint(2023, 2025), rng.randint(1, 12), rng.randint(1, 28), tzinfo=zone)
    liked = [rng.choice((0.4, 1.0, 1.0, 1.6)) for _ in range(7)]
    hours = rng.sample(MOMENTS, k=5)
    days = [0, span, *_days(rng, count - 2, span, first, liked)]
    begins = []
    for day in sorted(days):
        hour = rng.choice(hours)
        begins.append(first + timedelta(days=day, hours=hour, minutes=rng.randrange(60)))
    return sorted(begins)


def _days(rng: random.Random, count: int, span: int, first: datetime, liked: list[float]) -> list[int]:
    """Draw days by the person's liking for weekdays; rather a new day than one that has a session already."""
    weights = [liked[(first + timedelta(days=day)).weekday()] for day in range(span + 1)]
    chosen = []
    for _ in range(max(0, count)):
        day = rng.choices(range(span + 1), weights)[0]
        weights[day] *= 0.1
        chosen.append(day)
    return chosen


def whole(time: datetime) -> datetime:
    """Return a time without its seconds."""
    return time.replace(second=0, microsecond=0)


def spelled(time: datetime) -> str:
    """Spell a date the way texts do: "12 June 2025"."""
    return f"{time.day} {time:%B %Y}"
