"""What the recipes share besides the loop: arguments, optimiser groups, how a checkpoint is written."""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast, ProcessorMixin

from crossmodal.paths import MODELS


def new_accelerator() -> Accelerator:
    """Mixed precision wherever it pays: processors without instructions for bf16 multiply it many times slower."""
    cpu = not torch.cuda.is_available()
    pays = not cpu or _seconds_to_multiply(torch.bfloat16) < _seconds_to_multiply(torch.float32)
    return Accelerator(mixed_precision="bf16" if pays else "no", cpu=cpu)


def _seconds_to_multiply(dtype: torch.dtype) -> float:
    a = torch.ones(256, 256, dtype=dtype)
    a @ a  # the first product also sets things up
    began = time.perf_counter()
    for _ in range(5):
        a @ a
    return time.perf_counter() - began


def shared_tokenizer(
    accelerator: Accelerator, folder: Path, train: Callable[[], PreTrainedTokenizerFast]
) -> PreTrainedTokenizerFast:
    """The run's tokenizer: trained once, by the main process, and read by all, now and after a resume."""
    if accelerator.is_main_process and not (folder / "tokenizer.json").is_file():
        train().save_pretrained(folder)
    accelerator.wait_for_everyone()
    tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return tokenizer


def save_model(model: PreTrainedModel, processor: ProcessorMixin, folder: Path) -> None:
    """Write a checkpoint as the Hub would have it: bf16 safetensors in shards under 9 MB."""
    half: Any = copy.deepcopy(model)
    half.to(torch.bfloat16).save_pretrained(folder, max_shard_size="8MB")
    processor.save_pretrained(folder)


def decay_groups(module: nn.Module, rate: float, decay: float = 0.05) -> list[dict[str, object]]:
    """Weight decay for matrices only."""
    trained = [p for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "lr": rate, "weight_decay": decay},
        {"params": [p for p in trained if p.ndim <= 1], "lr": rate, "weight_decay": 0.0},
    ]


def training_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """The arguments that the recipes share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after this long (0: by steps alone)")
    parser.add_argument("--steps", type=int, default=0, help="stop after this many (0: by time alone)")
    parser.add_argument("--batch", type=int, default=96, help="pictures a step and process")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=200, help="steps until the peak rate")
    parser.add_argument("--threads", type=int, default=1, help="threads of one process")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw scenes, for a GPU")
    parser.add_argument("--run", type=Path, default=Path("runs") / name, help="folder of training states")
    parser.add_argument("--output", type=Path, default=MODELS / f"picturebook-{name}")
    return parser
