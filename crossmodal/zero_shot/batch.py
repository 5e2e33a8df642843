"""Classify many pictures: decoded ahead in a bounded pool, scored in batches, one bad file never stops the rest."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING

from PIL import Image

from crossmodal.ahead import ahead
from crossmodal.errors import PictureError
from crossmodal.sources import Source

if TYPE_CHECKING:
    from crossmodal.zero_shot.classifier import Verdict

log = logging.getLogger(__name__)
BATCH = 32
TOP = 5
"""How many of the best labels are kept for each picture."""
DECODERS = 2
READ_AHEAD = 2 * BATCH
"""Pictures decoded and waiting, at most: what bounds the memory of a long batch."""
LONGEST_SIDE = 1024
"""Waiting pictures are shrunk to this; dual encoders look at far less."""


@dataclass(frozen=True)
class FileResult:
    """What became of one file: a verdict, or the reason why there is none."""

    name: str
    verdict: "Verdict | None"
    error: PictureError | None = None


@dataclass(frozen=True)
class Progress:
    """How far a batch is."""

    results: tuple[FileResult, ...]
    """Those of this step alone."""
    done: int
    total: int
    seconds_left: float


def classify_all(
    found: Sequence[Source],
    classify: "Callable[[Sequence[Image.Image]], list[Verdict]]",
    stop: Event,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """A step for each batch of pictures, in the order given. Ends early once `stop` is set; what is done stays done."""
    began, done = clock(), 0
    pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
    try:
        decoded = ahead(pool, _decode, found, READ_AHEAD)
        while not stop.is_set() and (batch := list(islice(decoded, BATCH))):
            results = _scored(batch, classify)
            done += len(results)
            left = (clock() - began) / done * (len(found) - done)
            yield Progress(results, done, len(found), left)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who closes the page must not wait for what was read ahead


def _decode(source: Source) -> Image.Image | PictureError:
    try:
        picture = source.read()
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        return picture
    except PictureError as error:
        return error
    except Exception:  # decoders fail in ways of their own, and one file must not end the batch
        log.exception("reading a picture failed")
        return PictureError("It cannot be read. Send it again or choose another.", "无法读取。请重新上传或换一张。")


def _scored(
    batch: Sequence[tuple[Source, Image.Image | PictureError]],
    classify: "Callable[[Sequence[Image.Image]], list[Verdict]]",
) -> tuple[FileResult, ...]:
    pictures = [picture for _, picture in batch if isinstance(picture, Image.Image)]
    verdicts = iter(classify(pictures) if pictures else [])
    return tuple(
        FileResult(source.name, None, found)
        if isinstance(found, PictureError)
        else FileResult(source.name, next(verdicts).shortened(TOP))
        for source, found in batch
    )
