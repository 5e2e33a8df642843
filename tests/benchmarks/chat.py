"""Time to first token of a second turn about the same picture: ours against transformers' own pipeline.

    python -m tests.benchmarks.chat                the second turn, on a LLaVA of 300M random parameters made on the spot
    python -m tests.benchmarks.chat --start        from `python app.py` to the page's first 200

Both sides run interleaved in one process, on the same weights, the same conversation and greedy decoding.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
TOKENS = 8
FIRST, SECOND = "What is in the picture?", "And what is to the left of it?"


class FirstToken:
    """A streamer that notes when the first new token comes."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seconds = 0.0
        self._prompt_seen = False

    def put(self, value: Any) -> None:
        if self._prompt_seen and not self.seconds:
            self.seconds = time.perf_counter() - self.began
        self._prompt_seen = True

    def end(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class Size:
    """Of a LLaVA that reads 576 tokens a picture."""

    vision: tuple[int, int, int, int]
    """Width, width of the MLP, layers, heads; the same for the language model."""
    text: tuple[int, int, int, int]


SMALL = Size((512, 2048, 12, 8), (1024, 2816, 22, 16))
NAMES = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")


def make_checkpoint(folder: Path, size: Size = SMALL, device: str = "cpu", dtype: str = "float32") -> int:
    """A LLaVA with random weights. Returns its parameters."""
    import torch
    from transformers import AutoProcessor, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    from crossmodal.paths import MODELS
    from crossmodal.training.clip import image_processor

    torch.manual_seed(0)
    bundled = AutoProcessor.from_pretrained(MODELS / "picturebook-llava", backend="pil")
    tokenizer = bundled.tokenizer
    side = {"height": 336, "width": 336}
    images = image_processor()
    images.size = images.crop_size = side
    vision, text = (dict(zip(NAMES, numbers, strict=True)) for numbers in (size.vision, size.text))
    config = LlavaConfig(
        vision_config={"model_type": "clip_vision_model", **vision, "image_size": 336, "patch_size": 14},
        text_config={
            "model_type": "llama",
            **text,
            "vocab_size": -(-len(tokenizer) // 64) * 64,
            "max_position_embeddings": 4096,
            "bos_token_id": 1,
            "eos_token_id": 3,
            "pad_token_id": 0,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=576,
        vision_feature_layer=-1,
        dtype=dtype,
    )
    with torch.device(device):
        model = LlavaForConditionalGeneration(config).to(getattr(torch, dtype))
    model.save_pretrained(folder)
    LlavaProcessor(
        images,
        tokenizer,
        patch_size=14,
        num_additional_image_tokens=1,
        vision_feature_select_strategy="default",
        chat_template=bundled.chat_template,
    ).save_pretrained(folder)
    return int(model.num_parameters())


def second_turn(rounds: int) -> None:
    from PIL import Image
    from transformers import pipeline

    from crossmodal.chat.answer import Decoding
    from crossmodal.chat.conversation import Conversation, Picture
    from crossmodal.chat.engine import ChatEngine
    from crossmodal.models.catalog import find_spec
    from crossmodal.models.manager import ModelManager
    from crossmodal.settings import Settings

    with tempfile.TemporaryDirectory() as name:
        parameters = make_checkpoint(Path(name))
        settings = Settings(device="cpu")
        manager, spec = ModelManager(settings), find_spec(name, "chat")
        decoding = Decoding(max_new_tokens=TOKENS)
        engine = ChatEngine(manager, settings)
        ours, theirs = [], []
        with manager.use(spec, "fp32") as loaded:
            plain = pipeline("image-text-to-text", model=loaded.model, processor=loaded.processor)
            for round_number in range(rounds):
                picture = Picture.of(Image.effect_noise((400, 300), 40 + round_number).convert("RGB"))
                first = Conversation().asked(FIRST, (picture,))
                session = str(round_number)
                said = engine.answer(first, spec, precision="fp32", decoding=decoding, session=session)
                second = first.answered(said).asked(SECOND)
                *_, last = engine.stream(second, spec, "fp32", decoding, session)
                assert last.cost is not None
                ours.append(last.cost.first_token_seconds)
                clock = FirstToken()
                output = plain(
                    text=second.for_processor(),
                    return_full_text=False,
                    generate_kwargs={"max_new_tokens": TOKENS, "do_sample": False, "streamer": clock},
                )
                theirs.append(clock.seconds)
                answer = loaded.processor.tokenizer.decode(
                    loaded.processor.tokenizer.encode(output[0]["generated_text"], add_special_tokens=False),
                    skip_special_tokens=True,
                ).strip()
                print(f"round {round_number}: ours {ours[-1]:.3f} s, pipeline {theirs[-1]:.3f} s, ", end="")
                print(f"{last.cost.reused_tokens} of {last.cost.prompt_tokens} tokens reused, ", end="")
                print("same answer" if answer == last.text else f"ANSWERS DIFFER: {answer!r} and {last.text!r}")
        ratio = statistics.median(ours) / statistics.median(theirs)
        print(f"{parameters / 1e6:.0f}M parameters, 576 picture tokens, second turn, medians of {rounds}:")
        print(f"ours {statistics.median(ours):.3f} s, pipeline {statistics.median(theirs):.3f} s, ratio {ratio:.3f}")


def start(rounds: int) -> None:
    for round_number in range(rounds):
        port = 7990 + round_number
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "app.py", "--port", str(port), "--offline"], cwd=ROOT)
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                        if answer.status == 200:
                            break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.02)
            print(f"python app.py to the first 200: {time.perf_counter() - began:.2f} s")
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--start", action="store_true")
    options = parser.parse_args()
    (start if options.start else second_turn)(options.rounds)
