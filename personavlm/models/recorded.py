"""Recorded: model calls kept in a file, so notebooks, tests and apps replay a real model without having it.

One line of a recording (JSON lines, UTF-8; the pictures themselves are not in it):

    {"key": "5f0c…", "model": "hf:Qwen/Qwen2.5-VL-7B-Instruct@cc594898137f", "sampling": {"max_tokens": 1024, …},
     "messages": [{"role": "user", "content": ["Whose mug is this? ", {"picture": "9b1e…"}]}],
     "completion": {"text": "It is yours.", "tokens_in": 312, "tokens_out": 5, "finished": true}}

The key is a digest of model name, messages (texts and picture digests in order) and sampling; which prompt file a
message came from does not count, only what the model reads. Without a live model a request that is not in the file is
an error that shows how the nearest recorded one differs; with one, it is asked and the answer appended, one write per
line.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from personavlm.errors import BadInput, ModelUnavailable
from personavlm.models import Completion, ImagePart, Message, Model, Sampling
from personavlm.models.wording import merged, pieces
from personavlm.trace import canonical, digest

COMPARED = 20_000
"""Characters of a prompt's end that are compared in the search for the nearest one."""
SHOWN_LINES, SHOWN_WIDTH = 12, 160
"""Size of the difference an error shows."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A recorded call: its model, what was asked as one text, and the answer."""

    model: str
    asked: str
    completion: Completion


class Recorded:
    """A model that replays a recording, and adds to it if a live model is given.

    ``name`` chooses among the models of a file that holds several; it is not needed with a live model.
    """

    def __init__(self, path: str | Path, model: Model | None = None, name: str = "") -> None:
        self._path = Path(path)
        self._live = model
        self._calls = dict(_read(self._path)) if model is None or self._path.exists() else {}
        self._model = model.name if model else name or self._only_model()

    @property
    def name(self) -> str:
        """The recorded model's name after "recorded:"."""
        return f"recorded:{self._model}"

    def __len__(self) -> int:
        return len(self._calls)

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return the recorded completion, or the live model's. Raises ``ModelUnavailable`` on a miss without one."""
        asked = [{"role": m.role, "content": [_spelled(part) for part in merged(m.content)]} for m in messages]
        key = digest({"model": self._model, "messages": asked, "sampling": asdict(sampling)})
        if key not in self._calls:
            if self._live is None:
                raise self._miss(_as_text(asked), sampling)
            self._record(key, asked, sampling, self._live.complete(messages, sampling))
        return self._calls[key].completion

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield the recorded completion word by word."""
        yield from pieces(self.complete(messages, sampling).text)

    def _only_model(self) -> str:
        models = sorted({call.model for call in self._calls.values()})
        if len(models) != 1:
            listed = ", ".join(models) or "no calls"
            raise BadInput(
                f"The recording {self._path.name!r} holds {listed}; one model is needed.",
                "name one of them: recorded:<file>?name=<model>.",
            )
        return models[0]

    def _record(self, key: str, asked: list[dict[str, Any]], sampling: Sampling, answer: Completion) -> None:
        line = {
            "key": key,
            "model": self._model,
            "sampling": asdict(sampling),
            "messages": asked,
            "completion": asdict(answer),
        }
        _append(self._path, canonical(line))
        self._calls[key] = _Call(self._model, _as_text(asked), answer)

    def _miss(self, asked: str, sampling: Sampling) -> ModelUnavailable:
        others = [call.asked for call in self._calls.values() if call.model == self._model]
        near = nearest(asked, others)
        if near is None:
            shown = f"It holds no call of {self._model}."
        elif near == asked:
            shown = f"The same prompt is there with other sampling than {canonical(asdict(sampling))}."
        else:
            shown = "The nearest prompt (-) differs from the one asked (+):\n" + difference(near, asked)
        return ModelUnavailable(
            f"The recording {self._path.name!r} has no answer to this request. {shown}",
            "record it again with the live model (Recorded(path, model)), or ask as it was recorded.",
        )


def nearest(asked: str, others: Iterable[str]) -> str | None:
    """Return the text most like ``asked`` (by share of common characters of the ends), None if there are none."""
    matcher = difflib.SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(asked[-COMPARED:])
    best: tuple[float, str] | None = None
    for other in others:
        matcher.set_seq1(other[-COMPARED:])
        likeness = matcher.quick_ratio()
        if best is None or likeness > best[0]:
            best = likeness, other
    return best[1] if best else None


def difference(old: str, new: str) -> str:
    """Return the lines that differ, at most ``SHOWN_LINES`` of at most ``SHOWN_WIDTH`` characters."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    shown = [_cut(line) for line in changed[:SHOWN_LINES]]
    more = len(changed) - len(shown)
    return "\n".join([*shown, f"… and {more} more lines"] if more > 0 else shown)


def _cut(line: str) -> str:
    return line if len(line) <= SHOWN_WIDTH else line[: SHOWN_WIDTH - 1] + "…"


def _spelled(part: str | ImagePart) -> Any:
    return part if isinstance(part, str) else {"picture": part.digest}


def _as_text(asked: list[dict[str, Any]]) -> str:
    return "\n".join(f"{m['role']}: {''.join(_shown(part) for part in m['content'])}" for m in asked)


def _shown(part: str | dict[str, str]) -> str:
    return part if isinstance(part, str) else f"[picture {part['picture'][:12]}]"


def _read(path: Path) -> Iterator[tuple[str, _Call]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(
            f"The recording {path.name!r} cannot be read ({error.__class__.__name__}).",
            "give the path of a recording (.jsonl), or record one with a live model.",
        ) from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _parsed(line, path, number)


def _parsed(line: str, path: Path, number: int) -> tuple[str, _Call]:
    try:
        found = json.loads(line)
        answer = Completion(**found["completion"])
        return found["key"], _Call(found["model"], _as_text(found["messages"]), answer)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"Line {number} of the recording {path.name!r} is damaged ({error.__class__.__name__}).",
            "delete that line and record its call again.",
        ) from error


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, (line + "\n").encode("utf-8", "surrogatepass"))  # one write, so lines of two programs stay whole
    finally:
        os.close(file)
