"""Tasks on which strategies differ, made of picture-book scenes: the answer is always known.

Every task draws cases (scene, sentence, class) from a pool of scenes. Pools for training and for testing share no scene.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from crossmodal.errors import UserError
from crossmodal.world.captions import caption
from crossmodal.world.sampler import SceneSampler, alone, any_background, arrange_pair, placed_at
from crossmodal.world.scenes import Scene
from crossmodal.world.vocabulary import Thing, vocabulary
from crossmodal.world.words import LANGUAGES, Language

COMMON = 3
Templates = Mapping[Language, Sequence[str]]
CORNERS = (("top left", "左上角"), ("top right", "右上角"), ("bottom left", "左下角"), ("bottom right", "右下角"))
PICTURE_RIGHT, SURE_RIGHT, UNSURE_RIGHT = 0.85, 0.95, 0.55
"""In the redundant task: how often the picture shows what is so, and how often a sure and an unsure sentence say it.

Were all sentences alike, following the better modality would be best, and fusing could gain nothing.
"""
GROUNDED = (
    "apple", "banana", "bicycle", "bird", "book", "bus", "camera", "car", "cat", "chair", "cow", "dog",
    "elephant", "fish", "guitar", "hat", "house", "key", "laptop", "pizza", "rabbit", "rocket", "tree", "umbrella",
)  # fmt: skip
ON = (*GROUNDED, "bed", "box", "couch", "duck", "frog", "mouse", "piano", "truck")
HELD_OUT = ("cat", "laptop")
"""Never seen together in training: whoever knows both must put them together."""


@dataclass(frozen=True)
class Drawn:
    """One case before it is encoded."""

    scene: int
    """Position in the pool."""
    text: str
    label: int


@dataclass(frozen=True)
class Task:
    """What strategies are compared on."""

    name: str
    title: tuple[str, str]
    """In English and Chinese."""
    classes: tuple[tuple[str, str], ...]
    pool: Callable[[random.Random, int, bool], tuple[Scene, ...]]
    """Draws so many scenes, for training or (true) for testing."""
    draw: Callable[[random.Random, Sequence[Scene], int], list[Drawn]]
    """Draws so many cases over a pool."""
    scenes: int = 400
    """For training; for testing a third of it."""
    words: int = 12
    """Text tokens at most."""
    steps: int = 400


def named(name: str) -> Thing:
    return vocabulary().named(name)


def logic_task(name: str, title: tuple[str, str], classes: tuple[tuple[str, str], ...], xor: float | None) -> Task:
    """A picture of an animal or of food, and a sentence that takes it for the one or the other.

    xor: share of cases in which the class is whether the two disagree; in the others both hint at one truth, each with
    errors of its own. None: the class is whether both say "animal".
    """
    return Task(name, title, classes, _animals_and_food, partial(_logic, xor))


def _animals_and_food(rng: random.Random, count: int, testing: bool) -> tuple[Scene, ...]:
    kinds = [_common("animal"), _common("food")]
    return tuple(alone(rng, rng.choice(kinds[i % 2])) for i in range(count))


def _common(category: str) -> list[Thing]:
    return [thing for thing in vocabulary().things if thing.common == COMMON and thing.belongs_to(category)]


def _logic(xor: float | None, rng: random.Random, scenes: Sequence[Scene], count: int) -> list[Drawn]:
    by_kind: dict[bool, list[int]] = {True: [], False: []}
    for i, scene in enumerate(scenes):
        by_kind[scene.placed[0].thing.belongs_to("animal")].append(i)
    drawn = []
    for _ in range(count):
        if xor is None:
            shown, said = rng.random() < 0.5, rng.random() < 0.5
            label = shown and said
        elif rng.random() < xor:
            shown, said = rng.random() < 0.5, rng.random() < 0.5
            label = shown != said
        else:
            label = rng.random() < 0.5
            shown = label == (rng.random() < PICTURE_RIGHT)
            sure = rng.random() < 0.5
            said = label == (rng.random() < (SURE_RIGHT if sure else UNSURE_RIGHT))
            drawn.append(Drawn(rng.choice(by_kind[shown]), _guess(rng, said, SURE if sure else UNSURE), int(label)))
            continue
        drawn.append(Drawn(rng.choice(by_kind[shown]), _guess(rng, said, GUESSES), int(label)))
    return drawn


GUESSES: Templates = {
    "en": (
        "It is {}.",
        "I think this is {}.",
        "That must be {}.",
        "This looks like {} to me.",
        "Here is {}.",
        "I see {}.",
    ),
    "zh": ("这是{}。", "我觉得这是{}。", "那一定是{}。", "看起来像{}。", "这里有{}。", "我看到{}。"),
}
SURE: Templates = {
    "en": ("Surely {}.", "This is clearly {}.", "I am sure it is {}."),
    "zh": ("肯定是{}。", "这明显是{}。", "我确定是{}。"),
}
UNSURE: Templates = {
    "en": ("Perhaps {}.", "It might be {}.", "I guess it is {}."),
    "zh": ("也许是{}。", "可能是{}。", "我猜是{}。"),
}
KINDS = {"en": ("something to eat", "an animal"), "zh": ("吃的东西", "动物")}


def _guess(rng: random.Random, animal: bool, templates: Templates) -> str:
    language = rng.choice(LANGUAGES)
    return rng.choice(templates[language]).format(KINDS[language][animal])


def _four_corners(rng: random.Random, count: int, testing: bool) -> tuple[Scene, ...]:
    def scene() -> Scene:
        things = [named(name) for name in rng.sample(GROUNDED, 4)]
        corners = [(0.26 + 0.48 * (i % 2), 0.26 + 0.48 * (i // 2)) for i in range(4)]
        jitter = partial(rng.uniform, -0.04, 0.04)
        return Scene(
            "groups",
            any_background(rng),
            tuple(
                placed_at(rng, thing, x + jitter(), y + jitter(), rng.uniform(0.3, 0.42))
                for thing, (x, y) in zip(things, corners, strict=True)
            ),
        )

    return tuple(scene() for _ in range(count))


WHERE = {
    "en": (
        "Where is {}?",
        "Where can I find {}?",
        "In which corner is {}?",
        "Say where {} is.",
        "Locate {}.",
        "{}: where?",
    ),
    "zh": ("{}在哪里？", "{}在哪个角落？", "请问{}在什么位置？", "告诉我{}在哪儿。", "找一找{}。", "{}的位置是？"),
}


def _where(rng: random.Random, scenes: Sequence[Scene], count: int) -> list[Drawn]:
    drawn = []
    for _ in range(count):
        scene, corner, language = rng.randrange(len(scenes)), rng.randrange(4), rng.choice(LANGUAGES)
        thing = scenes[scene].placed[corner].thing
        drawn.append(Drawn(scene, _asked(WHERE[language], thing, language, rng), corner))
    return drawn


def _asked(templates: Sequence[str], thing: Thing, language: Language, rng: random.Random) -> str:
    text = rng.choice(templates).format(thing.definite if language == "en" else thing.zh)
    return text[0].upper() + text[1:]


def _on_pairs(rng: random.Random, count: int, testing: bool) -> tuple[Scene, ...]:
    def scene() -> Scene:
        upper, lower = rng.sample(ON, 2)
        while not testing and {upper, lower} == set(HELD_OUT):
            upper, lower = rng.sample(ON, 2)
        return arrange_pair(rng, any_background(rng), named(upper), named(lower), "on")

    return tuple(scene() for _ in range(count))


ON_WHAT = {
    "en": ("What is {} sitting on?", "What is {} on?", "On what is {}?", "What is under {}?", "What is below {}?"),
    "zh": ("{}坐在什么上面？", "{}在什么上面？", "{}的下面是什么？", "{}下方有什么？"),
}
WHAT_ON = {
    "en": ("What is on {}?", "What is sitting on {}?", "What is on top of {}?", "What is above {}?"),
    "zh": ("{}上有什么？", "什么坐在{}上？", "{}的上面是什么？", "{}上方有什么？"),
}


def _on(rng: random.Random, scenes: Sequence[Scene], count: int) -> list[Drawn]:
    drawn = []
    for _ in range(count):
        scene, language = rng.randrange(len(scenes)), rng.choice(LANGUAGES)
        lower, upper = (p.thing for p in scenes[scene].placed)
        asked, answer, templates = rng.choice(((upper, lower, ON_WHAT), (lower, upper, WHAT_ON)))
        drawn.append(Drawn(scene, _asked(templates[language], asked, language, rng), ON.index(answer.name)))
    return drawn


def _pairs(rng: random.Random, count: int, testing: bool) -> tuple[Scene, ...]:
    sampler = SceneSampler()
    return tuple(sampler.sample(rng.getrandbits(40), "pair") for _ in range(count))


def _matching(rng: random.Random, scenes: Sequence[Scene], count: int) -> list[Drawn]:
    drawn = []
    for _ in range(count):
        i, language, matches = rng.randrange(len(scenes)), rng.choice(LANGUAGES), rng.random() < 0.5
        scene = scenes[i]
        drawn.append(Drawn(i, caption(scene if matches else _one_changed(scene, rng), language, rng), int(matches)))
    return drawn


def _one_changed(scene: Scene, rng: random.Random) -> Scene:
    """The scene with one thing exchanged for another: its caption is wrong in one word."""
    which = rng.randrange(len(scene.placed))
    other = next(t for t in SceneSampler().things(rng, len(scene.placed) + 1) if t.name not in scene.counts)
    changed = tuple(replace(p, thing=other) if i == which else p for i, p in enumerate(scene.placed))
    return replace(scene, placed=changed)


FEELINGS = ({"happy", "in love"}, {"sad", "angry", "sick", "scared", "worried", "tired"})
OPINIONS = {
    "en": (
        ("What a lovely {}.", "I love this {}.", "This {} is wonderful.", "The best {} ever.", "A great {}, thank you."),
        ("What a terrible {}.", "I hate this {}.", "This {} is awful.", "The worst {} ever.", "A bad {}, no thank you."),
    ),
    "zh": (
        ("多么可爱的{}。", "我爱这个{}。", "这个{}太棒了。", "最好的{}。", "很好的{}，谢谢。"),
        ("多么糟糕的{}。", "我讨厌这个{}。", "这个{}太差了。", "最坏的{}。", "很烂的{}，不要了。"),
    ),
}
TOPICS = {
    "en": ("film", "song", "meal", "trip", "book", "hotel", "day", "present", "game", "party", "cake", "house"),
    "zh": ("电影", "歌曲", "晚餐", "旅行", "书", "酒店", "日子", "礼物", "游戏", "聚会", "蛋糕", "房子"),
}


def _faces(rng: random.Random, count: int, testing: bool) -> tuple[Scene, ...]:
    faces = [
        [t for t in vocabulary().things if t.feeling and t.feeling.en in feelings] for feelings in FEELINGS
    ]  # the same drawings in both pools, elsewhere and on other grounds: there are few
    return tuple(alone(rng, rng.choice(faces[i % 2])) for i in range(count))


def _sentiment(rng: random.Random, scenes: Sequence[Scene], count: int) -> list[Drawn]:
    by_feeling: dict[int, list[int]] = {0: [], 1: []}
    for i, scene in enumerate(scenes):
        feeling = scene.placed[0].thing.feeling
        by_feeling[int(feeling is not None and feeling.en in FEELINGS[1])].append(i)
    drawn = []
    for _ in range(count):
        label, language = rng.randrange(3), rng.choice(LANGUAGES)
        said = label if label < 2 else rng.randrange(2)
        shown = said if label < 2 else 1 - said
        text = rng.choice(OPINIONS[language][said]).format(rng.choice(TOPICS[language]))
        drawn.append(Drawn(rng.choice(by_feeling[shown]), text, label))
    return drawn


AGREEMENT = (("they agree", "一致"), ("they disagree", "不一致"))
KIND_NAMES = (("food", "食物"), ("animal", "动物"))
NO_YES = (("no", "否"), ("yes", "是"))
OPINION_NAMES = (("positive", "正面"), ("negative", "负面"), ("sarcastic", "讽刺"))
TASKS = ("redundant", "and", "xor", "grounded_vqa", "vqa", "matching", "sentiment")


@cache
def tasks() -> dict[str, Task]:
    """By name, in the order of TASKS."""
    things = tuple((name, named(name).zh) for name in ON)
    listed = (
        logic_task("redundant", ("Redundant: both hint at one truth", "冗余：两者指向同一答案"), KIND_NAMES, 0.0),
        logic_task("and", ("AND: animal, and said to be one", "与：是动物，并且说是动物"), NO_YES, None),
        logic_task("xor", ("XOR: do picture and sentence disagree?", "异或：图片与句子是否不一致？"), AGREEMENT, 1.0),
        Task(
            "grounded_vqa",
            ("Grounded VQA: where is it?", "定位问答：它在哪里？"),
            CORNERS,
            _four_corners,
            _where,
            1200,
            12,
            1300,
        ),
        Task("vqa", ("VQA: what is on what?", "视觉问答：什么在什么上？"), things, _on_pairs, _on, 1500, 12, 1000),
        Task(
            "matching", ("Matching: does it fit the picture?", "句子与图片相符吗？"), NO_YES, _pairs, _matching, 1200, 24, 800
        ),
        Task("sentiment", ("Sentiment of a sentence with a face", "句子与表情的情感"), OPINION_NAMES, _faces, _sentiment),
    )
    return {task.name: task for task in listed}


def checked_task(name: str) -> str:
    """The name. Raises UserError for one that is not in TASKS."""
    if name not in TASKS:
        raise UserError(f"There is no task {name!r}. Choose one of {', '.join(TASKS)}.", f"没有任务 {name!r}。")
    return name


def task_named(name: str, xor: float | None = None) -> Task:
    """A task of the list; `xor` moves the logical one from redundant (0) to XOR (1). Raises KeyError for an unknown name."""
    task = tasks()[name]
    if xor is None or name not in ("redundant", "xor"):
        return task
    return logic_task(name, task.title, AGREEMENT if xor >= 0.5 else KIND_NAMES, xor)
