"""The part of a comparison that needs the checkpoint: encoding a task's pictures and sentences, once for all seeds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from crossmodal.caches import BoundedCache
from crossmodal.embedding.embedder import Embedder
from crossmodal.errors import UserError
from crossmodal.fusion.cases import Split, Tokens
from crossmodal.fusion.config import OWN_STEPS, Config
from crossmodal.fusion.features import Pools, TextTokens, draw_split, encode_pools, picture_tokens
from crossmodal.fusion.heads import bundled_heads
from crossmodal.fusion.one_case import Told, through_all
from crossmodal.fusion.own import Own
from crossmodal.fusion.results import Outcome
from crossmodal.fusion.run import Step, run
from crossmodal.fusion.tasks import Task, task_named
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager

POOL_CACHE_BYTES = 200_000_000


class Laboratory:
    """One for the app: keeps what was encoded."""

    def __init__(self, manager: ModelManager, precision: str = "auto") -> None:
        self._manager, self._precision = manager, precision
        self._pools: BoundedCache[Pools] = BoundedCache(POOL_CACHE_BYTES)

    @contextmanager
    def embedder(self, model: str) -> Iterator[Embedder]:
        with self._manager.use(find_spec(model, "embedding"), self._precision) as loaded:
            yield Embedder(loaded)

    def splits(self, config: Config, said: Callable[[float], None] = lambda share: None, own: Own | None = None) -> list[Split]:
        """One a seed. said: told how far the encoding is, 0 to 1. own: the data of the task that is a person's own."""
        with self.embedder(config.model) as embedder:
            if own:
                return own.splits(embedder, config.seeds, said)
            task = task_named(config.task, config.xor)
            pools = self._encoded(task, config.model, embedder, said)
            texts = TextTokens(embedder, task.words)
            return [draw_split(task, pools, texts, seed, config.cases, config.test) for seed in range(config.seeds)]

    def train(
        self, config: Config, splits: list[Split], stop: threading.Event, heads: Path | None = None, own: Own | None = None
    ) -> Iterator[Step | Outcome]:
        """heads: a folder that the strategies trained on the first seed are written to."""
        if own:
            yield from run(config, splits, len(own.classes), OWN_STEPS, stop, heads)
        else:
            task = task_named(config.task, config.xor)
            yield from run(config, splits, len(task.classes), task.steps, stop, heads)

    def tell(self, task: str, picture: Image.Image, text: str, model: str) -> list[Told]:
        """One case through every strategy that ships for the task. Raises UserError where none does."""
        heads = bundled_heads(task)
        if not heads:
            raise UserError(
                f"No trained strategies ship for {task!r}. Choose another task.", f"任务 {task!r} 没有附带训练好的策略。"
            )
        with self.embedder(model) as embedder:
            seen = picture_tokens(embedder, [picture])
            read = TextTokens(embedder, task_named(task).words)([text])
        return through_all(heads, Tokens.full(seen), read)

    def _encoded(self, task: Task, model: str, embedder: Embedder, said: Callable[[float], None]) -> Pools:
        key = f"{task.pool} {task.scenes} {model} {embedder.identity}"
        known = self._pools.get(key)
        if known is None:
            known = encode_pools(task, embedder, said)
            self._pools.put(key, known, sum(p.numel() * 4 for p in known.pictures))
        return known
