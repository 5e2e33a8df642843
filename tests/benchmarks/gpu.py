"""A LLaVA of 1.5 7B's shape with random weights: memory, prefill and decoding, in bf16 and nf4, ours against `generate`.

    python -m tests.benchmarks.gpu                      on a CUDA device with 20 GB
    python -m tests.benchmarks.gpu --device cpu --layers 2    the same code, with two layers each, where there is none

Both sides run interleaved in one process on the same weights, prompt and greedy decoding. The share of the memory's bandwidth
is what decoding reads, the weights once a token, over what a plain copy on the same device reaches.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.chat import FIRST, SECOND, Size, make_checkpoint

PROMPT_LINES = 12
COPY_BYTES = 256_000_000


def size_of(layers: int) -> Size:
    return Size((1024, 4096, min(24, layers), 16), (4096, 11008, min(32, layers), 32))


def bandwidth(device: str) -> float:
    """Bytes a second that are read and written by a copy; the better of five."""
    import torch

    source = torch.empty(COPY_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = 0.0
    for _ in range(5):
        settle(device)
        began = time.perf_counter()
        target.copy_(source)
        settle(device)
        best = max(best, 2 * COPY_BYTES / (time.perf_counter() - began))
    return best


def settle(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()


def plain(loaded: Any, conversation: Any, tokens: int) -> tuple[float, float]:
    """Seconds of the first token, and tokens a second after it, by transformers' own generate."""
    inputs = loaded.processor.apply_chat_template(
        conversation.for_processor(), add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    ).to(loaded.device, dtype=loaded.model.dtype)
    seconds = []
    for count in (1, tokens):
        settle(loaded.device)
        began = time.perf_counter()
        loaded.model.generate(**inputs, max_new_tokens=count, min_new_tokens=count, do_sample=False)
        settle(loaded.device)
        seconds.append(time.perf_counter() - began)
    return seconds[0], (tokens - 1) / (seconds[1] - seconds[0])


def measure(folder: Path, precision: str, device: str, tokens: int, rounds: int, reach: float) -> None:
    from PIL import Image

    from crossmodal.chat.answer import Decoding
    from crossmodal.chat.conversation import Conversation, Picture
    from crossmodal.chat.engine import ChatEngine
    from crossmodal.models.catalog import find_spec
    from crossmodal.models.manager import ModelManager
    from crossmodal.settings import Settings

    settings = Settings(device=device, memory_budget_gb=200)
    manager, spec = ModelManager(settings), find_spec(str(folder), "chat")
    engine, decoding = ChatEngine(manager, settings), Decoding(max_new_tokens=tokens)
    first_s, second_s, rates, plain_first, plain_rates, prompt = list[float](), list[float](), [], [], [], 0
    with manager.use(spec, precision) as loaded:
        for i in range(rounds + 1):
            picture = Picture.of(Image.effect_noise((400, 300), 40 + i).convert("RGB"))
            asked = Conversation().asked(" ".join([FIRST] * PROMPT_LINES), (picture,))
            *_, one = engine.stream(asked, spec, precision, decoding, str(i))
            *_, two = engine.stream(asked.answered(one.text or "?").asked(SECOND), spec, precision, decoding, str(i))
            other = plain(loaded, asked, tokens)
            assert one.cost is not None
            assert two.cost is not None
            if i:  # the first round warms up
                prompt = one.cost.prompt_tokens
                first_s.append(one.cost.first_token_seconds)
                second_s.append(two.cost.first_token_seconds)
                rates.append(one.cost.tokens_per_second)
                plain_first.append(other[0])
                plain_rates.append(other[1])
        weights = loaded.bytes
    ours, theirs = statistics.median(rates), statistics.median(plain_rates)
    ours_first, theirs_first = statistics.median(first_s), statistics.median(plain_first)
    print(f"{precision}: weights {weights / 1e9:.2f} GB")
    print(f"  prefill of {prompt} tokens: ours {prompt / ours_first:.0f} tokens/s, generate {prompt / theirs_first:.0f}")
    print(f"  decoding: ours {ours:.1f} tokens/s, generate {theirs:.1f}, ratio {ours / theirs:.3f}")
    print(f"  second turn, first token: {statistics.median(second_s):.3f} s")
    print(f"  share of the bandwidth: ours {ours * weights / reach:.2f}, generate {theirs * weights / reach:.2f}")
    manager.shutdown()


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precisions", nargs="+", default=["bf16", "nf4"])
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("This machine has no CUDA device. Add --device cpu --layers 2 to run the same code without one.")
    reach = bandwidth(options.device)
    print(f"{options.device}: a copy moves {reach / 1e9:.0f} GB/s")
    with tempfile.TemporaryDirectory() as name:
        parameters = make_checkpoint(Path(name), size_of(options.layers), options.device, "bfloat16")
        print(f"{parameters / 1e6:.0f}M parameters, 576 picture tokens")
        for precision in options.precisions:
            measure(Path(name), precision, options.device, options.tokens, options.rounds, reach)


if __name__ == "__main__":
    main()
