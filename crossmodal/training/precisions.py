"""What fewer bits cost the bundled LLaVA: memory, and how often its answers stay what they are in fp32.

python -m crossmodal.training.precisions --scenes 200

Greedy answers to one question of each of so many unseen scenes, in English and Chinese by turns. Writes a section of the
model card.
"""

import argparse
import random
from pathlib import Path

from tqdm import tqdm

from crossmodal.chat.answer import Decoding
from crossmodal.chat.conversation import Conversation, Picture
from crossmodal.chat.engine import ChatEngine
from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.loading import LoadedModel, load_checkpoint, scale_bytes
from crossmodal.models.machine import PRECISIONS
from crossmodal.models.manager import ModelManager
from crossmodal.paths import MODELS
from crossmodal.settings import Settings
from crossmodal.training.cards import write_section
from crossmodal.training.shares import PICTURE_SIDE, Share
from crossmodal.world.answers import FAMILIES
from crossmodal.world.questions import Turn, ask
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.words import LANGUAGES

SEEDS_FROM = 750_000_000
"""Of scenes that nothing was trained on."""
LONGEST = 64


def questions(scenes: int) -> list[tuple[Picture, Turn]]:
    """One a scene, of any family, in the languages by turns."""
    found = []
    for i in range(scenes):
        scene, rng = SceneSampler().sample(SEEDS_FROM + i), random.Random(i)
        families = list(FAMILIES)
        rng.shuffle(families)
        turns = (ask(scene, family, LANGUAGES[i % len(LANGUAGES)], rng) for family in families)
        turn = next(turn for turn in turns if turn is not None)
        found.append((Picture.of(render(scene, PICTURE_SIDE)), turn))
    return found


def language_bytes(loaded: LoadedModel) -> int:
    """What the layers of the language model take, scales included: what nf4 makes smaller."""
    total = 0
    for name, parameter in loaded.model.named_parameters():
        if "language_model.layers." in name:
            total += parameter.numel() * parameter.element_size() + scale_bytes(parameter)
    return total


def measure(spec: ModelSpec, scenes: int) -> str:
    """A Markdown table."""
    asked = questions(scenes)
    rows = ["| precision | weights MB | language layers MB | answers as in fp32 % | right % |", "|---|---|---|---|---|"]
    reference: list[str] = []
    for precision in PRECISIONS:
        loaded = load_checkpoint(spec, precision, "cpu", offline=True)
        sizes = loaded.bytes / 1e6, language_bytes(loaded) / 1e6
        engine = ChatEngine(ModelManager(Settings(device="cpu", idle_minutes=0), lambda *_, loaded=loaded: loaded), Settings())
        answers = [
            engine.answer(
                Conversation().asked(turn.question, (picture,)), spec, precision=precision, decoding=Decoding(0.0, 1.0, LONGEST)
            )
            for picture, turn in tqdm(asked, desc=precision)
        ]
        reference = reference or answers
        same = Share(sum(a == b for a, b in zip(answers, reference, strict=True)), len(asked))
        right = Share(sum(a == turn.answer for a, (_, turn) in zip(answers, asked, strict=True)), len(asked))
        rows.append(f"| {precision} | {sizes[0]:.1f} | {sizes[1]:.1f} | {same} | {right} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=MODELS / "picturebook-llava")
    parser.add_argument("--no-card", action="store_true", help="print only")
    options = parser.parse_args()
    table = measure(find_spec(str(options.folder), "chat"), options.scenes)
    print(table)
    if not options.no_card:
        write_section(options.folder, "precisions", options.scenes, table)


if __name__ == "__main__":
    main()
