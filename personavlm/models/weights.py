"""Weights: from a hub id, a checkpoint folder or a LoRA adapter folder to a model that is ready to generate.

    "Qwen/Qwen2.5-VL-7B-Instruct" ─┐
    folder with config and weights ├──load──> (model, processor, name)
    folder of a LoRA adapter       ┘

What cannot work is said before or instead of a traceback: no torch, no weights, weights that do not fit their
configuration, no bitsandbytes, no memory. torch and transformers are imported by ``load``, not with this module.

    >>> model, processor, name = load("Qwen/Qwen2.5-VL-7B-Instruct", Loading(quantise="4bit"))
    >>> name
    'hf:Qwen/Qwen2.5-VL-7B-Instruct@cc594898137f#4bit'
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from personavlm.errors import BadInput, MissingPackage, ModelUnavailable

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Device = Literal["auto", "cuda", "mps", "cpu", "balanced"]
Quantise = Literal["", "4bit", "8bit"]

MAX_PIXELS = 230_400
"""Largest picture in pixels unless the checkpoint's own limit is lower: about 294 visual tokens (paper, appendix B)."""
NESTED_IMAGES = ("smolvlm", "idefics3")
"""Model types whose processor wants pictures per request, not in one flat list."""
SAMPLE = 1 << 20
"""Bytes read from either end of a weight file for a folder's revision."""
INSTALL = 'pip install "personavlm[models]"'


@dataclass(frozen=True, slots=True)
class Loading:
    """How to load a checkpoint. Raises ``BadInput`` for a word that is not among the choices."""

    adapter: str = ""
    """Folder of a LoRA adapter (PEFT) to put on top."""
    dtype: Dtype = "auto"
    """auto: bfloat16 on CUDA that has it, float16 on other accelerators, float32 on the CPU."""
    device: Device = "auto"
    """auto: cuda, else mps, else cpu. balanced: spread over all GPUs (accelerate)."""
    quantise: Quantise = ""
    """4bit or 8bit weights through bitsandbytes."""
    min_pixels: int | None = None
    max_pixels: int | None = None
    """Smallest and largest picture in pixels; None keeps the checkpoint's own, but at most ``MAX_PIXELS``."""
    max_tokens: int | None = None
    """Most new tokens per answer, whatever is asked: for untrained models, which do not end by themselves."""
    revision: str | None = None
    """Branch, tag or commit of a hub id."""

    def __post_init__(self) -> None:
        choices = {"dtype": get_args(Dtype), "device": get_args(Device), "quantise": get_args(Quantise)}
        for field, words in choices.items():
            if getattr(self, field) not in words:
                raise BadInput(
                    f"{field} is {getattr(self, field)!r}.",
                    f"use one of {', '.join(word or 'nothing' for word in words)}.",
                )


def load(checkpoint: str, loading: Loading) -> tuple[Any, Any, str]:
    """Return model, processor (a tokenizer for text-only models) and name.

    Raises ``MissingPackage`` or ``ModelUnavailable``, naming what is missing and what to do.
    """
    need("torch", "transformers")
    from safetensors import SafetensorError

    base, adapter = base_and_adapter(checkpoint, loading.adapter)
    try:
        config = _config(base, loading)
        processor = _processor(base, config, loading)
        model = _model(base, config, loading)
        if adapter:
            model = _adapted(model, adapter)
    except (OSError, ValueError, RuntimeError, KeyError, MemoryError, SafetensorError) as error:
        raise _explained(base, error) from error
    _limit_pixels(processor, loading)
    model.eval()
    return model, processor, _name(base, adapter, config, loading)


def need(*packages: str, extra: str = "models") -> None:
    """Raise ``MissingPackage`` for the first package that is not installed."""
    for package in packages:
        if find_spec(package) is None:
            raise MissingPackage(f"{package} is not installed.", f'pip install "personavlm[{extra}]".')


def base_and_adapter(checkpoint: str, adapter: str) -> tuple[str, str]:
    """Return checkpoint and adapter folder, both with their files; a folder that is an adapter names its checkpoint.

    Raises ``ModelUnavailable`` for a folder that lacks configuration or weights, or a name that can be no hub id.
    """
    folder = Path(checkpoint)
    if folder.is_dir() and (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        checkpoint, adapter = _adapter_base(folder), checkpoint
    if adapter and not (Path(adapter) / "adapter_config.json").is_file():
        raise ModelUnavailable(
            f"The folder {Path(adapter).name!r} holds no LoRA adapter (adapter_config.json).",
            "give the folder that PEFT's save_pretrained wrote.",
        )
    _require_weights(checkpoint)
    return checkpoint, adapter


def _adapter_base(folder: Path) -> str:
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    base = str(settings.get("base_model_name_or_path") or "")
    if not base:
        raise ModelUnavailable(
            f"The adapter {folder.name!r} does not say which model it belongs to.",
            "give the model and add ?adapter=FOLDER, for example hf:Qwen/Qwen2.5-VL-7B-Instruct?adapter=FOLDER.",
        )
    return base


def _require_weights(checkpoint: str) -> None:
    folder = Path(checkpoint)
    if not folder.is_dir():
        if checkpoint.count("/") != 1 or checkpoint.startswith((".", "/", "~")):
            raise ModelUnavailable(
                f"{checkpoint!r} is neither a folder here nor a hub id.",
                "give a folder with config.json and weights, or an id such as Qwen/Qwen2.5-VL-7B-Instruct.",
            )
        return
    if not (folder / "config.json").is_file() or not any(weight_files(folder)):
        missing = "config.json" if not (folder / "config.json").is_file() else "weights (*.safetensors)"
        raise ModelUnavailable(
            f"The folder {folder.name!r} holds no {missing}.",
            "copy the whole checkpoint there, or give its hub id instead.",
        )


def weight_files(folder: Path) -> list[Path]:
    """Return a checkpoint folder's weight files, sorted; none if there is no such folder."""
    return sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")])


def _config(base: str, loading: Loading) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(base, revision=loading.revision)


def _processor(base: str, config: Any, loading: Loading) -> Any:
    from transformers import AutoTokenizer

    from personavlm.models.processors import load_processor

    if _sees(config):
        return load_processor(base, config.model_type, loading.revision)
    tokenizer = AutoTokenizer.from_pretrained(base, revision=loading.revision)
    if tokenizer.pad_token_id is None:  # text models often have none; padding is masked, so any token will do
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _sees(config: Any) -> bool:
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    return config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def _model(base: str, config: Any, loading: Loading) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    device = pick_device(loading.device)
    loader: Any = AutoModelForImageTextToText if _sees(config) else AutoModelForCausalLM
    options: dict[str, Any] = {"dtype": getattr(torch, pick_dtype(loading.dtype, device)), "revision": loading.revision}
    if loading.quantise:
        options |= {"quantization_config": _quantisation(loading.quantise), "device_map": {"": 0}}
    elif device == "balanced":
        options["device_map"] = "auto"
    model, report = loader.from_pretrained(base, output_loading_info=True, **options)
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelUnavailable(
            f"The weights of {Path(base).name!r} lack {len(missing)} parts of the model, first {missing[0]}.",
            "copy the checkpoint again, all its files.",
        )
    return model if loading.quantise or device == "balanced" else model.to(device)


def _quantisation(quantise: Quantise) -> Any:
    import torch
    import transformers

    if find_spec("bitsandbytes") is None:
        raise MissingPackage(
            f"quantise={quantise} needs bitsandbytes, which is not installed.",
            "pip install bitsandbytes (NVIDIA GPUs), or leave quantise out.",
        )
    settings: Any = transformers.BitsAndBytesConfig
    if quantise == "8bit":
        return settings(load_in_8bit=True)
    return settings(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def pick_device(device: Device) -> str:
    """Return the device to use. Raises ``ModelUnavailable`` if the one asked for is not there."""
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    here["balanced"] = here["cuda"]
    if device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if here[name])
    if not here[device]:
        raise ModelUnavailable(f"This machine has no {device} device that torch can use.", "use device=auto.")
    return device


def pick_dtype(dtype: Dtype, device: str) -> str:
    """Return the number format: the one asked for, else the one the device is quick and safe with."""
    import torch

    if dtype != "auto":
        return dtype
    if device == "cpu":
        return "float32"
    return "bfloat16" if device in ("cuda", "balanced") and torch.cuda.is_bf16_supported() else "float16"


def _adapted(model: Any, adapter: str) -> Any:
    need("peft")
    from peft import PeftModel

    return PeftModel.from_pretrained(model, adapter)


def _limit_pixels(processor: Any, loading: Loading) -> None:
    """Set the picture size of Qwen's processors, which count pixels; others have one size and refuse a wish."""
    pictures: Any = getattr(processor, "image_processor", None)
    if not hasattr(pictures, "merge_size"):
        if loading.min_pixels or loading.max_pixels:
            raise BadInput("This model's picture size is fixed.", "leave min_pixels and max_pixels out.")
        return
    size = dict(pictures.size)
    largest = loading.max_pixels or min(size["longest_edge"], MAX_PIXELS)
    smallest = loading.min_pixels or min(size["shortest_edge"], largest)
    if smallest > largest:
        raise BadInput(f"min_pixels is {smallest} and max_pixels is {largest}.", "give a smaller min_pixels.")
    pictures.size = type(pictures.size)(longest_edge=largest, shortest_edge=smallest)


def _explained(base: str, error: Exception) -> ModelUnavailable:
    from personavlm.models.processors import first_line

    said = first_line(error)
    if out_of_memory(error):
        return ModelUnavailable(
            f"There is not enough memory to load {Path(base).name!r}: {said}",
            "use quantise=4bit, dtype=bfloat16 or a smaller model (see `personavlm doctor`).",
        )
    if Path(base).is_dir():
        return ModelUnavailable(
            f"The model in the folder {Path(base).name!r} cannot be loaded: {said}",
            "copy the checkpoint again, all its files, and check that transformers is not older than the checkpoint.",
        )
    return ModelUnavailable(
        f"{base!r} is not a folder here and cannot be fetched from the hub: {said}",
        "check the spelling and the network, unset HF_HUB_OFFLINE to allow a download, or give a folder.",
    )


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error of torch's or Python's means that memory ran out."""
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "t allocate memory" in str(error)


def _name(base: str, adapter: str, config: Any, loading: Loading) -> str:
    """Identity without machine paths: a folder goes by its name and a digest of its files."""
    folder = Path(base)
    if folder.is_dir():
        name = f"hf:{folder.resolve().name}@{folder_digest(folder)}"
    else:
        name = f"hf:{base}@{(getattr(config, '_commit_hash', None) or loading.revision or 'unknown')[:12]}"
    if adapter:
        name += f"+{Path(adapter).resolve().name}@{folder_digest(Path(adapter))}"
    return f"{name}#{loading.quantise}" if loading.quantise else name


def folder_digest(folder: Path) -> str:
    """Return 12 hexadecimal digits that name a checkpoint folder's content.

    sha256 over names, sizes and bytes of its configuration and weights; of a file over 2 MiB the first and last MiB.
    """
    total = hashlib.sha256()
    configs = [folder / name for name in ("config.json", "generation_config.json", "adapter_config.json")]
    for path in [*configs, *weight_files(folder)]:
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(SAMPLE)
                file.seek(max(size - SAMPLE, len(head)))
                total.update(f"{path.name}:{size}:".encode() + head + file.read(SAMPLE))
    return total.hexdigest()[:12]
