"""Any two encoders brought into one space, and what retrieval makes of it."""

import pytest
import torch

from crossmodal.alignment.dual_encoder import DualEncoder, Projections, aligner, recalls
from crossmodal.alignment.names import OBJECTIVES, Objective
from tests.embedding.test_encoders import bert, resnet


def paired(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two views of one hidden thing, of different widths."""
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(count, 6, generator=generator)
    views = torch.Generator().manual_seed(99)
    return hidden @ torch.randn(6, 20, generator=views), hidden @ torch.randn(6, 12, generator=views)


@pytest.mark.parametrize("objective", ["info_nce", "siglip", "reconstruction"])
def test_each_objective_finds_pairs_that_it_never_saw(objective: Objective) -> None:
    torch.manual_seed(0)
    made = aligner(objective, 20, 12, 16)
    known, test = paired(300), paired(60, seed=1)
    before = recalls(made.scores(*test)).to_picture[1]
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01)
    for _ in range(150):
        loss = made.loss(*known)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        made.after_step()
    found = recalls(made.scores(*test))
    assert before < 0.2
    assert min(found.to_picture[1], found.to_text[1]) > 0.8


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_every_parameter_gets_a_gradient(objective: Objective) -> None:
    torch.manual_seed(0)
    made = aligner(objective, 20, 12, 16)
    made.loss(*paired(8)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in made.parameters())


def test_recalls_of_known_scores_and_of_scores_that_say_nothing() -> None:
    scores = torch.tensor([[3.0, 1.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 5.0]])
    found = recalls(scores, (1, 2))
    assert found.to_text == {1: pytest.approx(2 / 3), 2: 1.0}
    assert found.to_picture[1] == pytest.approx(2 / 3)  # of the second text's pictures two are as good: no find
    assert recalls(torch.zeros(4, 4), (1,)).to_picture[1] == 0
    assert recalls(torch.full((4, 4), float("nan")), (1,)).to_picture[1] == 0


def test_the_logit_scale_stays_within_its_bounds() -> None:
    made = Projections(4, 4, 4)
    made.log_scale.data.fill_(9.0)
    made.after_step()
    assert float(made.log_scale.detach().exp()) == pytest.approx(100, rel=1e-4)


@pytest.mark.parametrize("objective", ["info_nce", "reconstruction"])
def test_resnet_and_bert_are_aligned_and_a_batch_of_one_works(objective: Objective) -> None:
    torch.manual_seed(0)
    model = DualEncoder(resnet(), bert(), 8, objective)
    ids = torch.randint(4, 50, (3, 7))
    inputs = (torch.randn(3, 3, 64, 64), ids, torch.ones_like(ids))
    model.loss(*inputs).backward()
    assert all(p.grad is None for part in (model.vision, model.text) for p in part.parameters())
    assert all(p.grad is not None for p in model.align.parameters())
    assert model.eval()(*inputs).shape == (3, 3)
    assert model(*(part[:1] for part in inputs)).shape == (1, 1)
