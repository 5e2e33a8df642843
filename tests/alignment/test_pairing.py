"""What aligns two encoders is compared on the same pairs, in processes of their own."""

import threading

import pytest
import torch

from crossmodal.alignment.captioned import TEST, Captioned
from crossmodal.alignment.names import UNTRAINED
from crossmodal.alignment.pairing import REPORT_EVERY, Point, Result, compared, jobs_for, run
from crossmodal.errors import UserError


def captioned() -> Captioned:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(TEST + 300, 12, generator=generator)
    return Captioned(hidden @ torch.randn(12, 24, generator=generator), hidden @ torch.randn(12, 16, generator=generator))


def test_a_split_shares_no_pair_and_another_seed_gives_another() -> None:
    data = captioned()
    known, test = data.split(0)
    assert len(known) == 300
    assert len(test) == TEST
    rows = {tuple(row.tolist()) for row in known.pictures}
    assert not rows & {tuple(row.tolist()) for row in test.pictures}
    assert not torch.equal(test.pictures, data.split(1)[1].pictures)


def test_trained_beats_untrained_and_curves_arrive_meanwhile() -> None:
    events = list(run(captioned(), jobs_for(("info_nce",), 2, steps=60), threading.Event(), processes=2))
    rows = compared(e for e in events if isinstance(e, Result))
    assert [row.title for row in rows] == [UNTRAINED, "InfoNCE"]
    gain = rows[1].gain
    assert gain is not None
    assert gain[0] > 20
    points = [e.step for e in events if isinstance(e, Point) and e.job.seed == 1]
    assert points == list(range(REPORT_EVERY, 61, REPORT_EVERY))


@pytest.mark.parametrize(("objectives", "seeds", "said"), [((), 2, "No objective"), (("siglip",), 1, "seeds is 1")])
def test_what_cannot_be_run_is_refused(objectives: tuple[str, ...], seeds: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        jobs_for(objectives, seeds)  # type: ignore[arg-type]
