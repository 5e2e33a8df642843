from pathlib import Path

import torch
from torch import nn

from crossmodal.training.checkpoints import load_state, save_state


def stepped(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for i in range(steps):
        torch.manual_seed(i)
        model(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()


def fresh() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(7)
    model = nn.Linear(3, 2)
    return model, torch.optim.AdamW(model.parameters(), lr=0.1)


def test_a_resumed_run_goes_on_exactly_where_it_was(tmp_path: Path) -> None:
    model, optimizer = fresh()
    stepped(model, optimizer, 3)
    save_state(tmp_path / "state.safetensors", model, optimizer, {"step": 3.0, "seconds": 1.5})
    stepped(model, optimizer, 2)

    torch.manual_seed(0)
    other = nn.Linear(3, 2)
    again = torch.optim.AdamW(other.parameters(), lr=0.1)
    progress = load_state(tmp_path / "state.safetensors", other, again)
    stepped(other, again, 2)
    assert progress == {"step": 3.0, "seconds": 1.5}
    assert torch.equal(model.weight, other.weight)


def test_no_half_written_state_is_left(tmp_path: Path) -> None:
    model, optimizer = fresh()
    save_state(tmp_path / "state.safetensors", model, optimizer, {})
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]
