"""Two domains: no leak between them, and a gain only where the control is beaten."""

import threading

import pytest
import torch

from crossmodal.alignment import book, digits
from crossmodal.alignment.adaptation import (
    LABELS,
    RATE,
    SETTINGS,
    Job,
    Network,
    Setting,
    accuracy,
    compared,
    curve_jobs,
    curves,
    dann_loss,
    drawn_of,
    jobs_for,
    run,
    train,
    work,
)
from crossmodal.alignment.names import CONTROL, CURVE, WAYS
from crossmodal.alignment.styles import Domains, Pictures
from crossmodal.errors import UserError


def test_source_target_and_test_hold_different_digits_and_the_same_seed_gives_the_same() -> None:
    data, again = digits.domains(0), digits.domains(0)
    assert len(data.source) == digits.SOURCE
    assert len(data.source) + len(data.target) + len(data.test) == 1797
    assert data.target.pixels.shape[1:] == (3, digits.SIDE, digits.SIDE)
    assert torch.equal(data.test.pixels, again.test.pixels)
    assert 0 <= float(data.target.pixels.min()) <= float(data.target.pixels.max()) <= 1


def test_the_books_domains_show_the_same_things_in_two_styles() -> None:
    data, again = book.domains(0), book.domains(0)
    assert torch.equal(data.test.pixels, again.test.pixels)
    assert set(data.source.labels.tolist()) == set(data.target.labels.tolist()) == set(range(10))
    means = [
        torch.stack([p.pixels[p.labels == c].mean((0, 2, 3)) for c in range(10)]) for p in (data.source, data.target, data.test)
    ]
    assert (means[0] - means[1]).norm() > (means[1] - means[2]).norm()  # another style, not other scenes


@pytest.mark.parametrize("made", [digits.domains, book.domains])
def test_a_target_may_lack_classes(made: object) -> None:
    assert callable(made)
    data = made(0, 5)
    assert set(data.target.labels.tolist()) == set(data.test.labels.tolist()) == set(range(5))
    assert set(data.source.labels.tolist()) == set(range(10))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"data": "x"}, "no domains 'x'"),
        ({"ways": ()}, "No way"),
        ({"seeds": 1}, "seeds is 1"),
        ({"classes": 1}, "1 classes; choose 2 to 10"),
        ({"classes": 11}, "11 classes"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_value(changed: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        jobs_for(**{"data": "digits", "ways": WAYS, "seeds": 2, "classes": 10, **changed})  # type: ignore[arg-type]


def test_mmd_beats_the_control_which_beats_nothing() -> None:
    data = digits.domains(0)
    scores = {way: accuracy(train(SETTINGS[way], data, 0, 200), data.test) for way in (CONTROL, "MMD")}
    assert scores["MMD"] > scores[CONTROL] + 5


def test_the_target_labels_are_used_by_those_ways_alone_that_say_so() -> None:
    data = digits.domains(0)
    target = Pictures(data.target.pixels, data.target.labels.roll(1))
    shuffled = Domains(data.source, target, data.test, data.classes)
    for way, setting in SETTINGS.items():
        one, other = (train(setting, d, 0, 8).head.weight for d in (data, shuffled))
        assert torch.equal(one, other) == (setting.labels == 0), way


def test_from_scratch_sees_nothing_of_the_source() -> None:
    data = digits.domains(0)
    without = Domains(Pictures(torch.zeros_like(data.source.pixels), data.source.labels), data.target, data.test, 10)
    scratch, pretrained = (Setting(labels=2, sees_source=seen) for seen in (False, True))
    for setting, same in ((scratch, True), (pretrained, False)):
        one, other = (train(setting, d, 0, 8).head.weight for d in (data, without))
        assert torch.equal(one, other) == same


def test_from_scratch_takes_as_many_steps_at_the_same_rate_as_pretraining(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[float] = []
    original = torch.optim.Adam.step

    def counted(self: torch.optim.Adam, closure: None = None) -> None:
        taken.append(self.param_groups[0]["lr"])
        original(self, closure)

    monkeypatch.setattr(torch.optim.Adam, "step", counted)
    train(Setting(labels=1, sees_source=False), digits.domains(0), 0, 8)
    assert taken == [RATE] * 8


def test_danns_reversal_pushes_the_body_against_the_discriminator_and_not_the_discriminator() -> None:
    torch.manual_seed(0)
    network = Network(digits.SIDE, 10).eval()
    data = digits.domains(0)
    source, target = (network.body(d.pixels[:16]) for d in (data.source, data.target))
    gradients = {}
    for strength in (1.0, 0.5):
        loss = dann_loss(strength)(network, source, target, 1.0)
        body = next(network.body.parameters())
        gradients[strength] = torch.autograd.grad(loss, (body, network.discriminator[0].weight), retain_graph=True)
    torch.testing.assert_close(gradients[1.0][0], 2 * gradients[0.5][0])
    torch.testing.assert_close(gradients[1.0][1], gradients[0.5][1])  # its own learning is not scaled


def test_jobs_run_in_processes_and_every_way_has_every_seed() -> None:
    jobs = jobs_for("digits", (CONTROL, "CORAL"), 2, 10, steps=2)
    results = list(run(jobs, threading.Event(), processes=2))
    rows = compared(results)
    assert [row.title for row in rows] == [CONTROL, "CORAL"]
    assert all(len(row.first) == 2 for row in rows)
    assert rows[0].gain == (0, 0, 0)
    drawn = drawn_of(results)
    assert set(drawn) == {CONTROL, "CORAL"}
    assert {point[3] for point in drawn["CORAL"]} == {False, True}


def test_the_learning_curve_asks_for_every_number_of_labels_both_ways() -> None:
    jobs = curve_jobs("digits", 2, steps=2)
    assert {(job.way, job.labels) for job in jobs} == {(way, labels) for way in CURVE for labels in LABELS}
    results = [work(job) for job in jobs if job.labels == 2]
    assert [row.title for row in curves(results)] == [f"{way}, 2 a class" for way in CURVE]


def test_a_job_gives_the_same_figure_again() -> None:
    job = Job("digits", 10, "MMD", 1, steps=3)
    assert work(job).accuracy == work(job).accuracy
