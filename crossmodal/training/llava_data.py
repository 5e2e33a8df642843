"""Pictures with conversations, made as they are asked for: what `crossmodal.training.llava` trains on."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedTokenizerFast

from crossmodal.training.clip_data import GRID, TRAINING_SEEDS, ClipBatch, Collate, Sample, picture_sample, to_device
from crossmodal.world.answers import FOLLOW_UPS
from crossmodal.world.phrasings import TRAINED
from crossmodal.world.questions import Turn, ask, conversation
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.scenes import Scene
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import LANGUAGES, Language

IMAGE, USER, ASSISTANT, SYSTEM = "<image>", "<|user|>", "<|assistant|>", "<|system|>"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SYSTEM_PROMPTS = ("You are a helpful assistant.", "Answer in one short sentence.", "请简短回答。", "你是一个助手。")
CAPTION_FAMILIES = ("identify", "describe", "graph", "count")
IGNORED = -100
TURNS = 8
BATCHES_AT_ONCE = 5
"""How many batches are drawn together and sorted by length."""
SECOND_PICTURE_SHARE = 0.08
TOGETHER_SHARE = 0.12
"""How often all turns of a dialogue see those before them, as in a real conversation."""
SYSTEM_SHARE = 0.05
STRUCTURES = (0.14, 0.58, 0.18, 0.05, 0.05)
"""How often conversations are about one thing, a pair, three, a group, two groups: where a thing lies is learned last."""
CASUAL_SHARE = 0.2
"""How often a question comes in lower case or without its last mark."""


class _Tokens:
    """The tokens of a dialogue, in blocks that do not see each other.

    Block 0 holds the picture and is seen by all. Questions of one picture share it and are otherwise apart: were they to
    see the answers before theirs, they could be answered from those and the picture would not be looked at.
    """

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.labels: list[int] = []
        """The ids where the model speaks, IGNORED elsewhere."""
        self.blocks: list[int] = []
        self.positions: list[int] = []
        self._block = 0
        self._position = 0
        self._shared = 0
        """How long block 0 is."""

    def add(self, ids: list[int], learned: bool = False) -> None:
        self.ids += ids
        self.labels += ids if learned else [IGNORED] * len(ids)
        self.blocks += [self._block] * len(ids)
        self.positions += range(self._position, self._position + len(ids))
        self._position += len(ids)
        if self._block == 0:
            self._shared = self._position

    def begin_block(self) -> None:
        """What comes next sees block 0 and itself, and stands right behind block 0."""
        self._block += 1
        self._position = self._shared


@dataclass(frozen=True)
class Dialogue:
    """One training sample: pictures and what is said about them."""

    pictures: tuple[Sample, ...]
    said: _Tokens
    seen: Tensor
    """(pictures * patches, languages): first token of the name of what each patch shows, IGNORED for background."""


class Dialogues(Dataset[Dialogue]):
    """Dialogue i is made from seed `first + i` alone."""

    def __init__(self, first: int, tokenizer: PreTrainedTokenizerFast, stage: str) -> None:
        self._first, self._tokenizer, self._stage = first, tokenizer, stage
        self._sampler = SceneSampler(structure_weights=STRUCTURES) if stage == "tune" else SceneSampler()
        words = vocabulary()
        spoken = {name: words.named(name) for name in words.names}
        self._name_tokens = {
            words.name_ids[name]: [self._encode(f" {thing.name}")[0], self._encode(thing.zh)[0]]
            for name, thing in spoken.items()
        }

    def __getitem__(self, index: int) -> Dialogue:
        rng = random.Random(self._first + index)
        language = rng.choice(LANGUAGES)
        scenes = [self._sampler.sample(self._first + index)]
        if self._stage == "tune" and rng.random() < SECOND_PICTURE_SHARE:
            scenes.append(self._sampler.sample(rng.getrandbits(40) + TRAINING_SEEDS))
        said = self._start(rng)
        together = len(scenes) > 1 or rng.random() < TOGETHER_SHARE
        for scene in scenes:
            self._talk(self._turns(scene, language, rng, TURNS // len(scenes)), together, rng, said)
        pictures = tuple(picture_sample(scene, rng) for scene in scenes)
        return Dialogue(pictures, said, torch.cat([self._seen(p) for p in pictures]))

    def _start(self, rng: random.Random) -> "_Tokens":
        said = _Tokens()
        said.add([self._id(self._tokenizer.bos_token)])
        if rng.random() < SYSTEM_SHARE:
            said.add([self._id(SYSTEM), *self._encode(rng.choice(SYSTEM_PROMPTS))])
        return said

    def _talk(self, turns: list[Turn], together: bool, rng: random.Random, said: "_Tokens") -> None:
        said.add([self._id(USER), *[self._id(IMAGE)] * (GRID * GRID)])
        for i, turn in enumerate(turns):
            follows = turn.family in FOLLOW_UPS
            if i > 0 and (together or follows):
                said.add([self._id(USER)])
            elif not together:
                said.begin_block()
            said.add([*self._encode(_casual(turn.question, rng)), self._id(ASSISTANT)])
            said.add([*self._encode(turn.answer), self._tokenizer.eos_token_id], learned=True)

    def _turns(self, scene: Scene, language: Language, rng: random.Random, turns: int) -> list[Turn]:
        if self._stage == "tune":
            return conversation(scene, language, rng, turns)
        asked = [ask(scene, family, lang, rng) for family in CAPTION_FAMILIES for lang in LANGUAGES]
        return rng.sample([t for t in asked if t], k=sum(t is not None for t in asked))

    def _seen(self, picture: Sample) -> Tensor:
        tokens = torch.tensor([*(self._name_tokens[i] for i in picture.name_ids), [IGNORED, IGNORED]])
        return tokens[picture.patches]

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids  # ten times as fast
        return ids

    def _id(self, token: str) -> int:
        return token_id(self._tokenizer, token)


def token_id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    """The id of one token of the vocabulary."""
    index = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(index, int)
    return index


def _casual(question: str, rng: random.Random) -> str:
    if rng.random() < CASUAL_SHARE:
        question = question.lower()
    return question[:-1] if rng.random() < CASUAL_SHARE else question


@dataclass(frozen=True)
class LlavaBatch:
    clip: ClipBatch
    ids: Tensor
    """(batch, length), padded on the right."""
    labels: Tensor
    """(batch, length), shifted: the token that each position should predict."""
    visible: Tensor
    """(batch, 1, length, length), true where the row's token sees the column's."""
    positions: Tensor
    """(batch, length)."""
    seen: Tensor
    """(pictures * patches, languages)."""


class CollateDialogues:
    """Dialogues -> batches of dialogues of like length, the shortest first: little of a batch is padding then."""

    def __init__(self, clip_tokenizer: PreTrainedTokenizerFast, size: int) -> None:
        self._collate = Collate(clip_tokenizer)
        self._size = size

    def __call__(self, dialogues: list[Dialogue]) -> list[LlavaBatch]:
        ordered = sorted(dialogues, key=lambda d: len(d.said.ids))
        return [self._batch(ordered[i : i + self._size]) for i in range(0, len(ordered), self._size)]

    def _batch(self, dialogues: list[Dialogue]) -> LlavaBatch:
        length = max(len(d.said.ids) for d in dialogues)

        def padded(values: Iterable[list[int]], padding: int) -> Tensor:
            return torch.tensor([v + [padding] * (length - len(v)) for v in values])

        blocks = padded((d.said.blocks for d in dialogues), -1)
        mine = blocks[:, :, None] == blocks[:, None, :]
        earlier = torch.ones(length, length, dtype=torch.bool).tril()
        return LlavaBatch(
            clip=self._collate([p for d in dialogues for p in d.pictures]),
            ids=padded((d.said.ids for d in dialogues), 0),
            labels=padded(([*d.said.labels[1:], IGNORED] for d in dialogues), IGNORED),
            visible=((mine | (blocks == 0)[:, None, :]) & earlier)[:, None],
            positions=padded((d.said.positions for d in dialogues), 0),
            seen=torch.cat([d.seen for d in dialogues]),
        )


def batches(
    tokenizer: PreTrainedTokenizerFast,
    clip_tokenizer: PreTrainedTokenizerFast,
    stage: str,
    first: int,
    size: int,
    workers: int,
) -> Iterator[LlavaBatch]:
    """Batches without end, from seed `first` on."""
    loader: DataLoader[Dialogue] = DataLoader(
        Dialogues(first, tokenizer, stage),
        batch_size=BATCHES_AT_ONCE * size,
        sampler=range(2**31),
        num_workers=workers,
        collate_fn=CollateDialogues(clip_tokenizer, size),
        persistent_workers=workers > 0,
    )
    for group in loader:
        yield from group


def on_device(batch: LlavaBatch, device: torch.device) -> LlavaBatch:
    tensors = {k: v.to(device) for k, v in vars(batch).items() if k != "clip"}
    return LlavaBatch(to_device(batch.clip, device), **tensors)


def conversation_corpus(count: int) -> Iterator[str]:
    """Texts to train the tokenizer on."""
    sampler = SceneSampler(uniform=True)
    for seed in range(TRAINING_SEEDS, TRAINING_SEEDS + count):
        for language in LANGUAGES:
            for turn in conversation(sampler.sample(seed), language, random.Random(seed), TURNS):
                yield from (turn.question, turn.answer)
    for thing in vocabulary().things:
        yield from (f"The {name}" for name in (thing.name, thing.many, *thing.aliases))
        yield from (thing.zh_one, *thing.zh_aliases)
    for families in TRAINED.values():
        yield from (text for texts in families.values() for text in texts)
