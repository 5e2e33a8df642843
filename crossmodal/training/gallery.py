"""Draws the bundled gallery: scenes that no model was trained on, with a caption in each language.

python -m crossmodal.training.gallery --pictures 500
"""

import argparse
import csv
import random
from pathlib import Path

from crossmodal.paths import PICTURES
from crossmodal.world.captions import caption
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.scenes import Scene
from crossmodal.world.words import LANGUAGES

FOLDER = PICTURES / "gallery"
FIRST_SEED = 600_000_000
"""Below those of training, and away from those of the other evaluations."""
SIDE, QUALITY = 192, 82


def gallery_scenes(count: int) -> list[tuple[int, Scene, tuple[str, ...]]]:
    """Seeds, scenes and captions, no caption twice in a language: or the right picture would be a matter of luck."""
    sampler, taken = SceneSampler(), set[str]()
    found: list[tuple[int, Scene, tuple[str, ...]]] = []
    seed = FIRST_SEED
    while len(found) < count:
        scene = sampler.sample(seed)
        said = tuple(caption(scene, language, random.Random(seed)) for language in LANGUAGES)
        if not taken.intersection(said):
            taken.update(said)
            found.append((seed, scene, said))
        seed += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with (options.folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "caption", "caption_zh"])
        for seed, scene, said in gallery_scenes(options.pictures):
            name = f"scene-{seed - FIRST_SEED:04}.webp"
            render(scene, SIDE).save(options.folder / name, quality=QUALITY, method=6)
            writer.writerow([name, *said])
    print(f"{options.pictures} pictures in {options.folder.name}.")


if __name__ == "__main__":
    main()
