"""An OpenAI-compatible server for a local vision-language checkpoint, on the loopback address only.

    python lab/serve_local.py FOLDER --port 8012
    personavlm chat --user sam --model openai:FOLDER@http://127.0.0.1:8012/v1

It is transformers' own ``serve``, told about the processors that need no torchvision: without that it would load a bare
tokenizer and drop pictures without a word. Needs fastapi and uvicorn (``pip install "personavlm[dev]"``). Good for
trying and testing; serve a 7B with vLLM.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Serve a local checkpoint with OpenAI's chat completions.")
    parser.add_argument("checkpoint", help="folder of a checkpoint")
    parser.add_argument("--port", type=int, default=8012)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    arguments = parser.parse_args()
    with TemporaryDirectory() as home:
        (Path(home) / "hub").mkdir()  # the server lists this cache; it fails where there is none
        os.environ.update(HF_HOME=home, HF_HUB_OFFLINE="1")
        serve(arguments.checkpoint, arguments.port, arguments.device)


def serve(checkpoint: str, port: int, device: str) -> None:
    """Run the server; transformers is imported here, after the environment has been set."""
    from transformers.cli.transformers import app

    from personavlm.models.processors import register

    register()
    app(["serve", checkpoint, "--device", device, "--host", "127.0.0.1", "--port", str(port)])


if __name__ == "__main__":
    main()
