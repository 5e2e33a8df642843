"""Training in processes of their own: results arrive, a stop ends them, a death is told."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
import torch

from crossmodal.errors import UserError
from crossmodal.fusion.config import Config
from crossmodal.fusion.heads import load_heads
from crossmodal.fusion.one_case import through_all
from crossmodal.fusion.results import Outcome
from crossmodal.fusion.run import Step, load_split, run, save_split
from tests.fusion.known import split

CONFIG = Config("redundant", ("majority", "film"), seeds=2, steps=150)


def children() -> list[int]:
    me = os.getpid()
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = status.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == me and b"spawn_main" in command and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def test_a_split_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = split()
    save_split(made, tmp_path / "split.safetensors")
    read = load_split(tmp_path / "split.safetensors")
    for one, other in ((made.train.whole, read.train.whole), (made.test.whole, read.test.whole)):
        torch.testing.assert_close(one[0].values, other[0].values)
        assert torch.equal(one[1].mask, other[1].mask)
        assert torch.equal(one[2], other[2])


def test_every_strategy_arrives_for_every_seed_with_its_curve_and_its_head(tmp_path: Path) -> None:
    events = list(run(CONFIG, [split(), split(seed=1)], 2, 50, threading.Event(), tmp_path, processes=2))
    outcomes = [e for e in events if isinstance(e, Outcome)]
    assert sorted((o.strategy, o.seed) for o in outcomes) == [("film", 0), ("film", 1), ("majority", 0), ("majority", 1)]
    assert [p.step for o in outcomes if o.strategy == "film" for p in o.curve] == 2 * list(range(25, 175, 25))
    assert any(isinstance(e, Step) and e.of == 150 for e in events)
    heads = load_heads(tmp_path)
    assert list(heads) == ["majority", "film"]
    picture, text, labels = split().test.batch(torch.tensor([3]))
    told = {t.strategy: t for t in through_all(heads, picture, text)}
    assert told["film"].whole.label == int(labels)
    assert told["majority"].whole == told["majority"].without_picture == told["majority"].without_text


def test_a_stop_in_the_middle_ends_the_processes() -> None:
    stop = threading.Event()
    config = Config("redundant", ("mbt",), seeds=2, steps=100_000)
    events = run(config, [split(), split(seed=1)], 2, 100_000, stop, processes=1)
    assert isinstance(next(events), Step)
    assert children()
    stop.set()
    assert not any(isinstance(event, Outcome) for event in events)
    assert not children()


def test_whoever_stops_reading_leaves_no_process_behind() -> None:
    events = run(Config("redundant", ("mbt",), seeds=2), [split(), split()], 2, 100_000, threading.Event(), processes=1)
    next(events)
    events.close()
    assert not children()


def test_a_worker_that_dies_is_told() -> None:
    events = run(Config("redundant", ("mbt",), seeds=2), [split(), split()], 2, 100_000, threading.Event(), processes=1)
    next(events)
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(UserError, match="ended unexpectedly"):
        list(events)
    time.sleep(0.1)
    assert not children()
