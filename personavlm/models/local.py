"""Transformers: models that run on this machine, through Hugging Face transformers.

    messages ──chat template──> text with picture marks ──processor──> tensors ──generate──> Completion

Made for Qwen2.5-VL (and the released PersonaVLM, which is one); Qwen3-VL, SmolVLM and text-only models take the same
path. A picture stays where it stands in its message. ``weights`` loads, ``processors`` makes tensors.

    >>> model = Transformers.load("Qwen/Qwen2.5-VL-7B-Instruct", Loading(dtype="bfloat16"))
    >>> model.complete([Message("user", (picture, "Whose mug is this?"))], Sampling(max_tokens=64)).text

Source: transformers 5.23 ``generate``; greedy decoding with 1024 new tokens as in the released agent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Queue
from typing import Any

from PIL import Image

from personavlm.errors import BadInput, ModelUnavailable
from personavlm.models import Completion, Message, Sampling
from personavlm.models.chat import chat_text, decoded
from personavlm.models.weights import NESTED_IMAGES, Loading, load, out_of_memory

BATCH = 8
"""Requests generated together unless another number is asked for; more are taken in turns."""
INCOMPLETE = "\ufffd"
"""What a tokenizer decodes half a character to."""


class Transformers:
    """A model in this process. One request runs at a time; others wait.

    ``model`` and ``processor`` are transformers' own (the processor of a text-only model is its tokenizer), so a model
    in training can be wrapped as it is. ``max_tokens`` bounds every answer, whatever its sampling asks for.
    """

    def __init__(self, model: Any, processor: Any, name: str, max_tokens: int | None = None) -> None:
        self.model = model
        self.processor = processor
        self._name = name
        self._tokenizer = getattr(processor, "tokenizer", processor)
        self._most = max_tokens or self.context
        self._sees = hasattr(processor, "image_processor")
        self._busy = threading.Lock()

    @classmethod
    def load(cls, checkpoint: str, loading: Loading | None = None) -> Transformers:
        """Load a hub id, a checkpoint folder or a LoRA adapter folder.

        Raises ``MissingPackage`` without torch or bitsandbytes, ``ModelUnavailable`` if there are no usable weights.
        """
        loading = loading or Loading()
        return cls(*load(checkpoint, loading), max_tokens=loading.max_tokens)

    @property
    def name(self) -> str:
        """Backend, checkpoint and revision, for example "hf:Qwen/Qwen2.5-VL-7B-Instruct@cc594898137f"."""
        return self._name

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""
        config = self.model.config.get_text_config()
        return int(getattr(config, "max_position_embeddings", None) or self._tokenizer.model_max_length)

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return the model's next message.

        Raises ``BadInput`` for a prompt beyond the context or a picture that the model cannot take,
        ``ModelUnavailable`` when memory runs out.
        """
        return self.complete_batch([messages], sampling)[0]

    def complete_batch(
        self, requests: Sequence[Sequence[Message]], sampling: Sampling, batch: int = BATCH
    ) -> list[Completion]:
        """Return one completion per request, ``batch`` at a time; greedy answers are those of single requests."""
        answers: list[Completion] = []
        for start in range(0, len(requests), batch):
            inputs = self._inputs(requests[start : start + batch])
            answers += self._completions(inputs, self._generate(inputs, sampling))
        return answers

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield pieces whose concatenation is the text of ``complete``. Closing the iterator stops the model."""
        inputs = self._inputs([messages])
        pieces: Queue[str | BaseException | None] = Queue()
        stop = threading.Event()

        def work() -> None:
            try:
                self._generate(inputs, sampling, _Pieces(self._tokenizer, pieces), stop)
            except BaseException as error:  # handed to the reader below, which raises it
                pieces.put(error)
            pieces.put(None)

        worker = threading.Thread(target=work, name="personavlm-generate", daemon=True)
        worker.start()
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            stop.set()
            worker.join()

    def _inputs(self, requests: Sequence[Sequence[Message]]) -> Any:
        """Tensors of some requests, left-padded, on the model's device."""
        texts = [chat_text(self.processor, messages, name=self.name) for messages in requests]
        pictures = [[decoded(part) for message in messages for part in message.images] for messages in requests]
        options = {"padding": True, "padding_side": "left", "return_tensors": "pt", "add_special_tokens": False}
        if self._sees:
            inputs = self.processor(text=texts, images=self._layout(pictures), **options)
        else:
            inputs = self._tokenizer(texts, **options)
        longest = int(inputs["attention_mask"].sum(dim=1).max())
        if longest >= self.context:
            raise BadInput(
                f"The prompt has {longest:,} tokens; {self.name} takes {self.context:,} with the answer.",
                "shorten the text, show fewer or smaller pictures (max_pixels), or use a model with a longer context.",
            )
        return inputs.to(self.model.device)

    def _layout(self, pictures: list[list[Image.Image]]) -> Any:
        if not any(pictures):
            return None
        if self.model.config.model_type in NESTED_IMAGES:
            return pictures
        return [picture for request in pictures for picture in request]

    def _generate(self, inputs: Any, sampling: Sampling, streamer: Any = None, stop: Any = None) -> Any:
        """New token ids, ``(requests, tokens)``; the caller's random state is left alone."""
        import torch
        from transformers import StoppingCriteriaList

        length = inputs["input_ids"].shape[1]
        stops = StoppingCriteriaList([lambda ids, _: torch.full((len(ids),), stop.is_set(), device=ids.device)])
        with self._busy, torch.inference_mode(), _seeded(self.model.device, sampling), self._memory_errors():
            self.model.eval()
            ids = self.model.generate(
                **inputs,
                **_decoding(sampling),
                max_new_tokens=max(1, min(sampling.max_tokens, self._most, self.context - length)),
                pad_token_id=self._tokenizer.pad_token_id,
                streamer=streamer,
                stopping_criteria=stops if stop is not None else None,
            )
        return ids[:, length:]

    def _completions(self, inputs: Any, ids: Any) -> Iterator[Completion]:
        ends = self._end_tokens()
        for mask, row in zip(inputs["attention_mask"], ids.tolist(), strict=True):
            end = next((place for place, token in enumerate(row) if token in ends), None)
            kept = row if end is None else row[: end + 1]
            yield Completion(_decode(self._tokenizer, kept), int(mask.sum()), len(kept), finished=end is not None)

    def _end_tokens(self) -> set[int]:
        ends = self.model.generation_config.eos_token_id
        listed = ends if isinstance(ends, list) else [ends]
        return {int(token) for token in [*listed, self._tokenizer.eos_token_id] if token is not None}

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            raise ModelUnavailable(
                f"{self.name} ran out of memory on {self.model.device}.",
                "shorten the prompt, lower max_pixels, use quantise=4bit or a smaller model (see `personavlm doctor`).",
            ) from error


class _Pieces:
    """A transformers streamer that puts text into a queue as soon as no later token can change it."""

    def __init__(self, tokenizer: Any, pieces: Queue[Any]) -> None:
        self._tokenizer = tokenizer
        self._pieces = pieces
        self._ids: list[int] | None = None  # None until the prompt, which comes first, has been skipped
        self._sent = 0

    def put(self, ids: Any) -> None:
        """Take the next token ids."""
        if self._ids is None:
            self._ids = []
            return
        self._ids += ids.flatten().tolist()
        self._send(_decode(self._tokenizer, self._ids).rstrip(INCOMPLETE))

    def end(self) -> None:
        """Send what was held back."""
        self._send(_decode(self._tokenizer, self._ids or []))

    def _send(self, text: str) -> None:
        if len(text) > self._sent:
            self._pieces.put(text[self._sent :])
            self._sent = len(text)


def _decode(tokenizer: Any, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _decoding(sampling: Sampling) -> dict[str, Any]:
    """Arguments for ``generate``. None lifts what the checkpoint's own generation settings would add."""
    if sampling.temperature <= 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}


@contextmanager
def _seeded(device: Any, sampling: Sampling) -> Iterator[None]:
    """Draw from the sampling's seed, and give the caller's random state back."""
    import torch

    if sampling.temperature <= 0:
        yield
        return
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(sampling.seed)
        yield
