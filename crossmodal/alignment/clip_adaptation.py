"""CLIP carried from one style of drawing to another without a label: its zero-shot and retrieval, before and after.

python -m crossmodal.alignment.clip_adaptation --seeds 3 --bundle

`picturebook-clip` was trained on Noto's drawings. Its vision tower's upper layers go on learning from Noto's pictures with
their names, while a loss makes the embeddings of unlabelled Twemoji pictures look like those of Noto's. The control learns
as long from Noto alone; a tower without batch norms keeps no statistics, so the other control moves the target's mean onto
the source's and trains nothing. Beside them: fine-tuning on a few labelled Twemoji pictures of each name.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm
from transformers import CLIPModel

from crossmodal.alignment.domains import coral, dann_strength, mmd_unbiased, reversed_gradient
from crossmodal.alignment.outcomes import Row, bundle, rows_of, table_of
from crossmodal.embedding.embedder import Embedder
from crossmodal.errors import UserError
from crossmodal.models.catalog import find_spec
from crossmodal.models.loading import LoadedModel, load_checkpoint
from crossmodal.world.captions import caption
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler, alone
from crossmodal.world.scenes import Scene
from crossmodal.world.sprites import Style, sprites
from crossmodal.world.vocabulary import vocabulary

NAME = "clip"
TOP_LAYERS = 3
"""Of the vision tower, that learn; what the layers below give is computed once."""
SOURCE = TARGET = 1_500
"""Pictures of one thing each, names alike often, to train on."""
TEST, GALLERY = 1_000, 500
STEPS, BATCH, RATE = 120, 32, 1e-4
SHOTS = (1, 3)
"""Labelled target pictures of each name."""
SEEDS_FROM = 700_000_000
"""Of scenes: none that the checkpoint was trained or measured on."""
CONTROL = "Control: source alone, as long"
Loss = Callable[[nn.Module, Tensor, Tensor, float], Tensor]


@dataclass(frozen=True)
class Way:
    """How the tower is taken to the target."""

    title: str
    loss: Loss | None = None
    """Of a discriminator, the source's embeddings, the target's, and the progress, 0 to 1."""
    shots: int = 0
    trains: bool = True
    moves_mean: bool = False


def _mmd(judge: nn.Module, source: Tensor, target: Tensor, progress: float) -> Tensor:
    return 5 * mmd_unbiased(source, target)


def _coral(judge: nn.Module, source: Tensor, target: Tensor, progress: float) -> Tensor:
    d = source.shape[1]
    return d * coral(source * d**0.5, target * d**0.5)  # of entries near 1, as the loss was meant for


def _dann(judge: nn.Module, source: Tensor, target: Tensor, progress: float) -> Tensor:
    said = judge(reversed_gradient(torch.cat([source, target]), 0.1 * dann_strength(progress)))[:, 0]
    return F.binary_cross_entropy_with_logits(said, torch.cat([torch.ones(len(source)), torch.zeros(len(target))]))


WAYS = (
    Way("As it ships", trains=False),
    Way("Control: target's mean moved, no training", trains=False, moves_mean=True),
    Way(CONTROL),
    Way("CORAL", _coral),
    Way("MMD", _mmd),
    Way("DANN, strength 0.1", _dann),
    *(Way(f"Fine-tuned on {k} labelled picture{'s' if k > 1 else ''} a name", shots=k) for k in SHOTS),
)


class Tower(nn.Module):
    """The upper layers of a CLIP vision tower, with its projection."""

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        vision = model.vision_model
        self.layers, self.norm = vision.encoder.layers[-TOP_LAYERS:], vision.post_layernorm
        self.project = model.visual_projection

    def forward(self, hidden: Tensor) -> Tensor:
        """(pictures, tokens, width) from the layers below -> (pictures, dim), L2-normalised."""
        for layer in self.layers:
            hidden = layer(hidden, None)
        unit: Tensor = F.normalize(self.project(self.norm(hidden[:, 0])), dim=-1)
        return unit


@dataclass(frozen=True)
class Shown:
    """Pictures as the lower layers see them, with the names of what they show."""

    hidden: Tensor
    """(pictures, tokens, width), fp16: there are thousands."""
    names: Tensor

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        return self.hidden[rows].float(), self.names[rows]


@dataclass(frozen=True)
class Material:
    """Everything that trainings and tests read; the same for every way."""

    source: Shown
    target: Shown
    shots: Shown
    """At least max(SHOTS) of each name."""
    test: Shown
    gallery: Tensor
    """(GALLERY, tokens, width) in the target's style."""
    names: Tensor
    """(names, dim)."""
    captions: Tensor
    """(GALLERY, dim)."""
    logit_scale: float


def lower(embedder: Embedder, scenes: Sequence[Scene], style: Style) -> Tensor:
    """(scenes, tokens, width), fp16: what enters the layers that learn."""
    atlas = sprites(style)
    parts = []
    for start in range(0, len(scenes), BATCH):
        pictures = [render(scene, embedder.side, atlas) for scene in scenes[start : start + BATCH]]
        parts.append(embedder.picture_layer(pictures, -TOP_LAYERS - 1).half())
    return torch.cat(parts)


def material(embedder: Embedder, said: Callable[[], None] = lambda: None) -> Material:
    """Draws and encodes. said: told after each of five parts."""
    alike, ids = SceneSampler(uniform=True), vocabulary().name_ids

    def shown(scenes: Sequence[Scene], style: Style) -> Shown:
        found = Shown(lower(embedder, scenes, style), torch.tensor([ids[s.placed[0].thing.name] for s in scenes]))
        said()
        return found

    def drawn(start: int, count: int) -> list[Scene]:
        return [alike.sample(SEEDS_FROM + start + i, "one") for i in range(count)]

    rng = random.Random(SEEDS_FROM)
    words = vocabulary()
    labelled = [alone(rng, rng.choice(words.by_name[name])) for _ in range(max(SHOTS)) for name in words.names]
    gallery = [SceneSampler().sample(SEEDS_FROM + 50_000 + i) for i in range(GALLERY)]
    seen = lower(embedder, gallery, "twemoji")
    said()
    return Material(
        shown(drawn(0, SOURCE), "noto"),
        shown(drawn(10_000, TARGET), "twemoji"),
        shown(labelled, "twemoji"),
        shown(drawn(20_000, TEST), "twemoji"),
        seen,
        embedder.texts(list(words.names)).clone(),  # what inference made cannot be learned from
        embedder.texts([caption(scene, "en", random.Random(i)) for i, scene in enumerate(gallery)]),
        embedder.logit_scale,
    )


def adapt(way: Way, tower: Tower, data: Material, seed: int, steps: int = STEPS) -> None:
    """Trains the tower in place. Of the target's names only what the way allows is used; of the test, nothing."""
    torch.manual_seed(seed)
    judge = nn.Sequential(nn.Linear(data.names.shape[1], 64), nn.ReLU(), nn.Linear(64, 1))
    tower.train().requires_grad_()
    optimizer = torch.optim.AdamW([*tower.parameters(), *judge.parameters()], lr=RATE, weight_decay=0.01)
    generator = torch.Generator().manual_seed(seed)
    own = data.source
    if way.shots:
        kept = way.shots * len(data.names)
        own = Shown(data.shots.hidden[:kept], data.shots.names[:kept])
    for step in range(steps):
        hidden, names = own.batch(torch.randint(len(own.names), (BATCH,), generator=generator))
        source = tower(hidden)
        loss = F.cross_entropy(data.logit_scale * source @ data.names.T, names)
        if way.loss:
            others, _ = data.target.batch(torch.randint(len(data.target.names), (BATCH,), generator=generator))
            loss = loss + way.loss(judge, source, tower(others), step / steps)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


@torch.inference_mode()
def figures(way: Way, tower: Tower, data: Material) -> dict[str, float]:
    """Per cent: top-1 and top-5 over all names, and recall of captions, on the target."""
    seen, gallery = (torch.cat([tower(part.float()) for part in torch.split(h, 64)]) for h in (data.test.hidden, data.gallery))
    if way.moves_mean:
        source, target = (
            torch.cat([tower(part.float()) for part in torch.split(s.hidden[:TEST], 64)]).mean(0)
            for s in (data.source, data.target)
        )
        seen, gallery = (F.normalize(v - target + source, dim=-1) for v in (seen, gallery))
    best = (seen @ data.names.T).topk(5).indices
    right = best == data.test.names[:, None]
    found = (data.captions @ gallery.T).topk(10).indices == torch.arange(len(gallery))[:, None]
    shares = {"top-1": right[:, 0], "top-5": right.any(1), "R@1": found[:, 0], "R@5": found[:, :5].any(1), "R@10": found.any(1)}
    return {name: 100 * float(hits.float().mean()) for name, hits in shares.items()}


def compare(seeds: int, steps: int = STEPS, said: Callable[[str], None] = lambda what: None) -> list[Row]:
    """All ways on the same seeds. Raises UserError for one seed, which has no interval."""
    if seeds < 2:
        raise UserError(f"There is {seeds} seed; an interval needs two. Choose more.", f"种子数是 {seeds}；至少需要两个。")

    def fresh() -> LoadedModel:
        return load_checkpoint(find_spec("picturebook-clip", "embedding"), "fp32", "cpu", offline=True)

    data = material(Embedder(fresh()), lambda: said("encoding"))
    found: dict[str, dict[int, dict[str, float]]] = {way.title: {} for way in WAYS}
    for seed in range(seeds):
        for way in WAYS:
            tower = Tower(fresh().model)
            if way.trains:
                adapt(way, tower, data, seed, steps)
            found[way.title][seed] = figures(way, tower.eval(), data)
            said(way.title)
    return rows_of(found, CONTROL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--bundle", action="store_true", help="put the results where the app has them")
    arguments = parser.parse_args()
    with tqdm(unit=" parts") as bar:

        def said(what: str) -> None:
            bar.set_description(what)
            bar.update()

        rows = compare(arguments.seeds, arguments.steps, said)
    print(table_of(rows))
    if arguments.bundle:
        options = f"--seeds {arguments.seeds}" + (f" --steps {arguments.steps}" if arguments.steps != STEPS else "")
        bundle(NAME, f"python -m crossmodal.alignment.clip_adaptation {options}", rows)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from error
