"""Draws the example pictures of `assets/pictures/` and writes the questions offered with them.

python -m crossmodal.training.pictures
"""

import json
import random

from crossmodal.paths import PICTURES
from crossmodal.world.render import PEOPLE_SIZE, render
from crossmodal.world.sampler import arrange_pair
from crossmodal.world.scenes import HORIZONS, PLAIN, Background, Placed, Scene
from crossmodal.world.vocabulary import Thing, vocabulary


def plain(name: str) -> Background:
    return Background("plain", name, PLAIN[name], PLAIN[name], 0.0)


def horizon(name: str) -> Background:
    return Background("horizon", name, *HORIZONS[name], 0.6)


def thing(glyph: str) -> Thing:
    return next(t for t in vocabulary().things if t.glyph.strip("\ufe0f") == glyph)


def examples() -> dict[str, tuple[Scene, tuple[str, str]]]:
    """File name -> scene, with a question in English and in Chinese."""
    rng = random.Random(5)
    cat, laptop = thing("🐈"), thing("💻")
    cat_on_laptop = Scene(
        "pair",
        plain("white"),
        (Placed(laptop, 0.5, 0.7, 0.5), Placed(cat, 0.5, 0.32, 0.42)),
        arrange_pair(rng, plain("white"), cat, laptop, "on").links,
    )
    dog, ball = thing("🐕"), thing("⚽")
    dogs = tuple(Placed(dog, 0.17 + 0.3 * (i % 2) / 1.2, 0.27 + 0.46 * (i // 2), 0.24) for i in range(3))
    balls = (Placed(ball, 0.75, 0.3, 0.22), Placed(ball, 0.77, 0.7, 0.22))
    return {
        "cat-on-laptop": (cat_on_laptop, ("What is the cat doing?", "猫在做什么？")),
        "dogs-and-balls": (Scene("groups", horizon("grass"), dogs + balls), ("How many dogs are there?", "有几只狗？")),
        "apple-and-banana": (
            arrange_pair(rng, plain("blue"), thing("🍎"), thing("🍌"), "left of"),
            ("What is to the left of the banana?", "香蕉的左边是什么？"),
        ),
        "ship-at-sea": (
            Scene("one", horizon("sea"), (Placed(thing("🚢"), 0.5, 0.5, 0.55),)),
            ("Where is this?", "这是什么地方？"),
        ),
        "crying-face": (
            Scene("one", plain("purple"), (Placed(thing("😢"), 0.5, 0.5, 0.7),)),
            ("How does the face feel?", "这张脸是什么心情？"),
        ),
        "elephant-and-mouse": (
            arrange_pair(rng, horizon("sand"), thing("🐁"), thing("🐘"), "on"),
            ("Describe the picture.", "描述一下这张图片。"),
        ),
    }


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    table = []
    for name, (scene, (en, zh)) in examples().items():
        render(scene, PEOPLE_SIZE).save(PICTURES / f"{name}.webp", quality=90, method=6)
        table.append({"picture": f"{name}.webp", "en": en, "zh": zh})
    text = json.dumps(table, ensure_ascii=False, indent=2)
    (PICTURES / "examples.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
