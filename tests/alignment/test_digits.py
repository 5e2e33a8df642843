"""Two domains of digits: no leak between them, and a gain only where the control is beaten."""

import pytest
import torch

from crossmodal.alignment.digits import (
    CONTROL,
    SETTINGS,
    SIDE,
    SOURCE,
    Network,
    accuracy,
    as_table,
    dann_loss,
    domains,
    train,
)
from crossmodal.alignment.digits import compare as compared
from crossmodal.errors import UserError


def test_source_target_and_test_hold_different_digits_and_the_same_seed_gives_the_same() -> None:
    data, again = domains(0), domains(0)
    assert len(data.source) == SOURCE
    assert len(data.source) + len(data.target) + len(data.test) == 1797
    assert data.target.pictures.shape[1:] == (3, SIDE, SIDE)
    assert torch.equal(data.test.pictures, again.test.pictures)
    assert 0 <= float(data.target.pictures.min()) <= float(data.target.pictures.max()) <= 1


def test_a_target_may_lack_classes() -> None:
    data = domains(0, classes=5)
    assert set(data.target.labels.tolist()) == set(data.test.labels.tolist()) == set(range(5))
    assert set(data.source.labels.tolist()) == set(range(10))
    with pytest.raises(UserError, match="1 classes; choose 2 to 10"):
        domains(0, classes=1)


def test_mmd_beats_the_control_which_beats_nothing() -> None:
    data = domains(0)
    by_title = {setting.title: setting for setting in SETTINGS}
    scores = {title: accuracy(train(by_title[title], data, 0, 200), data.test) for title in (CONTROL, "MMD")}
    assert scores["MMD"] > scores[CONTROL] + 5


def test_the_target_labels_are_used_by_those_ways_alone_that_say_so() -> None:
    data = domains(0)
    shuffled = domains(0)
    shuffled.target.labels[:] = shuffled.target.labels.roll(1)
    for setting in SETTINGS:
        one, other = (train(setting, d, 0, 8).head.weight for d in (data, shuffled))
        assert torch.equal(one, other) == (setting.labels == 0), setting.title


def test_danns_reversal_pushes_the_body_against_the_discriminator_and_not_the_discriminator() -> None:
    torch.manual_seed(0)
    network = Network().eval()
    data = domains(0)
    source, target = (network.body(d.pictures[:16]) for d in (data.source, data.target))
    gradients = {}
    for strength in (1.0, 0.5):
        loss = dann_loss(strength)(network, source, target, 1.0)
        body = next(network.body.parameters())
        gradients[strength] = torch.autograd.grad(loss, (body, network.discriminator[0].weight), retain_graph=True)
    torch.testing.assert_close(gradients[1.0][0], 2 * gradients[0.5][0])
    torch.testing.assert_close(gradients[1.0][1], gradients[0.5][1])  # its own learning is not scaled


def test_one_seed_is_refused_and_a_table_names_every_way_with_every_seed() -> None:
    with pytest.raises(UserError, match="1 seed"):
        compared(1)
    rows = compared(2, steps=2)
    table = as_table(rows)
    assert all(setting.title in table for setting in SETTINGS)
    assert next(r for r in rows if r.title == CONTROL).against_control == 0
    assert all(len(row.accuracies) == 2 for row in rows)
