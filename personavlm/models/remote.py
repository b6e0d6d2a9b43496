"""OpenAICompatible: models behind any server that speaks OpenAI's chat completions (vLLM, Ollama, llama.cpp, hosted).

    messages ──pictures as data URLs──> POST <base url>/chat/completions ──> Completion

    >>> model = OpenAICompatible("qwen2.5vl:7b", "http://127.0.0.1:11434/v1")
    >>> model.complete([Message("user", ("Hello",))], Sampling(max_tokens=64)).text

A server that is starting, overloaded or broken (no connection, 409, 429, 5xx) is asked again, ``attempts`` times in
all, with pauses of 1, 2, 4 … seconds; what cannot get better (a wrong key, an unknown model, a bad request, a time
limit that has passed) is not. The key comes from the environment, goes to the server only, and is cut out of messages.
"""

from __future__ import annotations

import os
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from personavlm.errors import BadInput, ModelUnavailable, PersonaVLMError
from personavlm.models import Completion, ImagePart, Message, Sampling
from personavlm.models.weights import need
from personavlm.models.wording import inert_parts

KEYS = ("PERSONAVLM_API_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold the key; the first one set is used."""
TIMEOUT = 120.0
"""Seconds a server may be silent."""
ATTEMPTS = 4
LONGEST_PAUSE = 30.0
"""Seconds between two attempts at most, whatever the server asks for."""
AGAIN = (408, 409, 429)
"""Client errors that may pass; so may every 5xx."""
SAID = 300
"""Characters of a server's own words that an error repeats."""

T = TypeVar("T")


class OpenAICompatible:
    """A model on a server. ``timeout`` is in seconds; ``sleep`` waits between attempts (tests pass a fake)."""

    def __init__(
        self,
        model: str,
        base_url: str,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        need("openai")
        self._model = model
        self._server = _host(base_url)
        self._key = _key(base_url, environment)
        self._timeout = timeout
        self._attempts = max(1, attempts)
        self._sleep = sleep
        self._client = _client(base_url, self._key, timeout)

    @property
    def name(self) -> str:
        """Backend, model and server, for example "openai:qwen@127.0.0.1:8000"; never a key or password."""
        return f"openai:{self._model}@{self._server}"

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return the model's next message.

        Raises ``ModelUnavailable`` for a server that is down, slow, failing or refuses the key, ``BadInput`` for a
        request it refuses.
        """
        answer = self._insist(lambda: self._client.chat.completions.create(**self._request(messages, sampling)))
        choices = getattr(answer, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            raise self._broken("answered with something else than a chat completion")
        usage = answer.usage
        return Completion(
            choices[0].message.content or "",
            tokens_in=usage.prompt_tokens if usage else 0,
            tokens_out=usage.completion_tokens if usage else 0,
            finished=choices[0].finish_reason != "length",
        )

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield pieces as they come. Raises as ``complete`` does; an answer that breaks off is ``ModelUnavailable``.

        Some servers trim white space round a whole answer and not round a streamed one.
        """
        request = self._request(messages, sampling)
        chunks = self._insist(lambda: self._client.chat.completions.create(**request, stream=True))
        ended = False
        with self._failures(begun=True), chunks:
            for chunk in chunks:
                for choice in chunk.choices[:1]:
                    ended = ended or choice.finish_reason is not None
                    if choice.delta.content:
                        yield choice.delta.content
        if not ended:
            raise self._broken("broke off in the middle of its answer")

    def models(self) -> list[str]:
        """Return the names of the server's models. Raises as ``complete`` does, but asks once."""
        with self._failures():
            return [model.id for model in self._client.models.list()]

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        return {
            "model": self._model,
            "messages": [{"role": message.role, "content": _content(message)} for message in messages],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }

    def _insist(self, call: Callable[[], T]) -> T:
        """The call's result; asked again while that may help."""
        for attempt in range(1, self._attempts):
            try:
                return call()
            except Exception as error:
                pause = _pause(error, attempt)
                if pause is None:
                    raise self._explained(error) from error
                self._sleep(pause)
        with self._failures():
            return call()

    @contextmanager
    def _failures(self, begun: bool = False) -> Iterator[None]:
        try:
            yield
        except PersonaVLMError:
            raise
        except Exception as error:
            raise self._explained(error, begun) from error

    def _explained(self, error: Exception, begun: bool = False) -> PersonaVLMError:
        """The error to show for what openai or its HTTP library raised; anything else is a defect and is raised on.

        ``begun``: part of the answer is here already.
        """
        import openai

        status = getattr(error, "status_code", None)
        if isinstance(error, openai.APITimeoutError) or "Timeout" in type(error).__name__:
            return self._unavailable(f"was silent for {self._timeout:g} seconds", "give it longer (?timeout=600).")
        if isinstance(error, openai.APIConnectionError) and not begun:
            return self._unavailable("cannot be reached", "start the server, and check the address and the network.")
        if status is not None:
            return self._refused(status, self._clean(str(error)))
        if isinstance(error, openai.OpenAIError) or _from_http(error):
            return self._broken(f"broke off its answer ({type(error).__name__})")
        raise error

    def _refused(self, status: int, said: str) -> PersonaVLMError:
        """The error to show for an HTTP status; ``said`` are the server's own words."""
        if status in (401, 403):
            return self._unavailable(f"refused the key ({status})", f"set {KEYS[0]} to a key that is valid there.")
        if status == 404:
            remedy = "check the model's name (<base url>/models lists them) and the address, which often ends in /v1."
            return self._unavailable(f"does not know {self._model!r} at this address (404)", remedy)
        if status >= 500 or status in AGAIN:
            return self._unavailable(f"failed: {said}", "look into the server's log, or try again later.")
        return BadInput(
            f"The server {self._server} refused the request: {said}",
            "shorten the prompt, send no picture to a text-only model, or choose another model.",
        )

    def _broken(self, what: str) -> ModelUnavailable:
        return self._unavailable(what, "try again; if it stays so, look into the server's log and check the base url.")

    def _unavailable(self, what: str, remedy: str) -> ModelUnavailable:
        return ModelUnavailable(f"The server {self._server} {what}.", remedy)

    def _clean(self, text: str) -> str:
        text = text.replace(self._key, "***") if self._key else text
        return " ".join(re.sub(r"[\x00-\x1f\x7f]+", " ", text)[:SAID].split())


def _content(message: Message) -> Any:
    """Plain text where there is no picture (some servers take nothing else), else parts in their order."""
    parts = inert_parts(message)
    if not message.images:
        return "".join(part for part in parts if isinstance(part, str))
    return [
        {"type": "image_url", "image_url": {"url": data_url(part)}}
        if isinstance(part, ImagePart)
        else {"type": "text", "text": part}
        for part in parts
    ]


def data_url(picture: ImagePart) -> str:
    """Return a picture as a data URL."""
    return f"data:{picture.media_type};base64,{b64encode(picture.data).decode('ascii')}"


def _pause(error: Exception, attempt: int) -> float | None:
    """Seconds to wait before the next attempt, None if another one is of no use."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return None
    status = getattr(error, "status_code", None)
    if isinstance(error, openai.APIConnectionError) or status in AGAIN or (status or 0) >= 500:
        headers = getattr(getattr(error, "response", None), "headers", {})
        asked = re.fullmatch(r"\d+(\.\d+)?", str(headers.get("retry-after", "")))
        return min(max(2.0 ** (attempt - 1), float(asked[0]) if asked else 0.0), LONGEST_PAUSE)
    return None


def _from_http(error: Exception) -> bool:
    """Whether an HTTP library raised it: openai passes its errors on while a stream is read."""
    return type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2", "json")


def _host(base_url: str) -> str:
    found = re.fullmatch(r"https?://(?:[^/@]*@)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(?:[/?].*)?", base_url)
    if found is None:
        raise BadInput("The base url is no web address.", "give for example http://127.0.0.1:8000/v1.")
    return found[1] + (found[2] or "")


def _key(base_url: str, environment: Mapping[str, str]) -> str:
    """The key to send, empty if there is none. OpenAI's own key never travels unencrypted to another machine."""
    address = urlsplit(base_url)
    own, openai_key = (environment.get(name, "") for name in KEYS)
    safe = address.scheme == "https" or _loopback(address.hostname or "")
    return own or (openai_key if safe else "")


def _loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _client(base_url: str, key: str, timeout: float) -> Any:
    """An openai client that leaves retries to us and does not send loopback traffic through a proxy."""
    import openai

    transport = openai.DefaultHttpxClient(trust_env=not _loopback(urlsplit(base_url).hostname or ""))
    return openai.OpenAI(
        base_url=base_url, api_key=key or "none", timeout=timeout, max_retries=0, http_client=transport
    )
