from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from crossmodal.sources import Source
from crossmodal.zero_shot import batch as module
from crossmodal.zero_shot.batch import classify_all
from crossmodal.zero_shot.classifier import Score, Verdict


def by_colour(pictures: Sequence[Image.Image]) -> list[Verdict]:
    return [Verdict((Score(str(p.getpixel((0, 0))), 1.0, None),), None, None, False) for p in pictures]


@pytest.fixture
def files(tmp_path: Path) -> list[Source]:
    found = []
    for i in range(70):
        path = tmp_path / f"{i}.png"
        Image.new("RGB", (9, 9), (i, 0, 0)).save(path)
        found.append(Source(path.name, path))
    (tmp_path / "40.png").write_bytes(b"broken")
    return found


def test_every_file_has_its_own_verdict_in_order_and_a_broken_one_its_reason(files: list[Source]) -> None:
    results = [r for step in classify_all(files, by_colour, Event()) for r in step.results]
    assert [r.name for r in results] == [s.name for s in files]
    for i, result in enumerate(results):
        if i == 40:
            assert result.verdict is None
            assert "not a picture" in str(result.error)
        else:
            assert result.verdict is not None
            assert result.verdict.best.label == str((i, 0, 0))


def test_stop_keeps_what_is_done(files: list[Source]) -> None:
    stop, results = Event(), []
    for step in classify_all(files, by_colour, stop):
        results += step.results
        stop.set()
    assert len(results) == module.BATCH


def test_time_left_follows_from_the_pace_so_far(files: list[Source]) -> None:
    ticks = iter((0.0, 10.0, 20.0, 30.0))
    steps = list(classify_all(files, by_colour, Event(), lambda: next(ticks)))
    assert [s.done for s in steps] == [32, 64, 70]
    assert steps[0].seconds_left == pytest.approx(10 / 32 * 38)
    assert steps[-1].seconds_left == 0


def test_few_pictures_wait_decoded(files: list[Source], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    read = Source.read

    def counted(self: Source) -> Image.Image:
        opened.append(self.name)
        return read(self)

    monkeypatch.setattr(Source, "read", counted)
    monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(module, "READ_AHEAD", 8)
    next(iter(classify_all(files, by_colour, Event())))
    assert len(opened) <= 4 + 8


def test_large_pictures_are_shrunk_before_they_wait(tmp_path: Path) -> None:
    Image.new("RGB", (3000, 1500)).save(tmp_path / "a.png")
    sizes: list[tuple[int, int]] = []

    def measured(pictures: Sequence[Image.Image]) -> list[Verdict]:
        sizes.extend(p.size for p in pictures)
        return by_colour(pictures)

    list(classify_all([Source("a.png", tmp_path / "a.png")], measured, Event()))
    assert sizes == [(1024, 512)]


def test_a_decoder_that_fails_in_its_own_way_costs_one_file(files: list[Source], monkeypatch: pytest.MonkeyPatch) -> None:
    read = Source.read

    def broken(self: Source) -> Image.Image:
        if self.name == "5.png":
            raise KeyError("struct")
        return read(self)

    monkeypatch.setattr(Source, "read", broken)
    results = [r for step in classify_all(files, by_colour, Event()) for r in step.results]
    assert len(results) == len(files)
    assert "cannot be read" in str(results[5].error)


def test_only_the_best_labels_of_a_picture_are_kept(files: list[Source]) -> None:
    many = Verdict(tuple(Score(str(i), 0.1, None) for i in range(100)), None, None, False)
    step = next(iter(classify_all(files[:2], lambda pictures: [many] * len(pictures), Event())))
    assert step.results[0].verdict is not None
    assert [s.label for s in step.results[0].verdict.scores] == ["0", "1", "2", "3", "4"]
