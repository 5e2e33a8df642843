"""What several test modules need: tiny checkpoints made on the spot, and a really launched app."""

import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from tests.tiny import SAVERS

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def tiny_llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a LLaVA with random weights: 64 wide, 2 layers, the bundled model's processor."""
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    from crossmodal.training.llava import new_processor
    from crossmodal.training.llava_data import CHAT_TEMPLATE, IMAGE, conversation_corpus
    from crossmodal.training.tokens import train_tokenizer

    torch.manual_seed(0)
    extra = (IMAGE, "<|user|>", "<|assistant|>", "<|system|>")
    tokenizer = train_tokenizer(conversation_corpus(20), 1024, lowercase=False, extra_tokens=extra, max_length=2048)
    tokenizer.chat_template = CHAT_TEMPLATE
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlavaConfig(
        vision_config={"model_type": "clip_vision_model", "image_size": 96, "patch_size": 12, **sizes},
        text_config={
            "model_type": "llama",
            "vocab_size": -(-len(tokenizer) // 64) * 64,
            "max_position_embeddings": 2048,
            "initializer_range": 0.3,
            "bos_token_id": 1,
            "eos_token_id": 3,
            "pad_token_id": 0,
            **sizes,
        },
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
        image_seq_length=64,
    )
    folder = tmp_path_factory.mktemp("tiny-llava")
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    new_processor(tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def dual_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint of a family, made once."""
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = SAVERS[family](tmp_path_factory.mktemp(family))
        return made[family]

    return folder


@pytest.fixture
def manager() -> ModelManager:
    return ModelManager(Settings(offline=True, idle_minutes=0))


@pytest.fixture
def picture() -> Image.Image:
    """A picture that no other test has."""
    seed = random.getrandbits(32)
    return Image.effect_noise((64, 48), 60 + seed % 40).convert("RGB")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_page(url: str, process: "subprocess.Popen[str]", seconds: float = 120) -> None:
    """Return once the page answers 200. Fails where the process ends before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the app ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer within {seconds:.0f} s")


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Start `python app.py` with arguments, in a process of its own; gives the address of its page."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> str:
        port = free_port()
        environment = {
            **os.environ,
            "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("gradio")),
            "CROSSMODAL_THREADS": "1",
            "CROSSMODAL_GALLERIES": str(tmp_path_factory.mktemp("galleries")),
        }
        log = (tmp_path_factory.mktemp("log") / "app.log").open("w")
        command = [sys.executable, "app.py", "--port", str(port), "--offline", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True)
        processes.append(process)
        url = f"http://127.0.0.1:{port}/"
        wait_for_page(url, process)
        return url

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def app(launch: Callable[..., str]) -> str:
    """The address of the app on its bundled models."""
    return launch()
