import torch
from transformers import DynamicCache

from crossmodal.chat.memory import Prefix, cache_bytes


def test_a_prefix_is_common_up_to_the_first_difference() -> None:
    prefix = Prefix(torch.tensor([1, 2, 3, 4]), ("x",), None, ("m", "fp32"))
    assert prefix.common_length(torch.tensor([1, 2, 3, 4, 5]), ("x",)) == 4
    assert prefix.common_length(torch.tensor([1, 2, 9, 4, 5]), ("x",)) == 2
    assert prefix.common_length(torch.tensor([1, 2, 3]), ("x",)) == 3


def test_the_same_tokens_for_another_picture_are_not_common() -> None:
    prefix = Prefix(torch.tensor([1, 2, 3, 4]), ("x",), None, ("m", "fp32"))
    assert prefix.common_length(torch.tensor([1, 2, 3, 4, 5]), ("y",)) == 0
    assert prefix.common_length(torch.tensor([1, 2, 3, 4, 5]), ("x", "y")) == 4
    assert prefix.common_length(torch.tensor([1, 2, 3, 4, 5]), ()) == 0


def test_a_cache_is_measured_in_bytes() -> None:
    cache = DynamicCache()
    cache.update(torch.zeros(1, 2, 5, 4), torch.zeros(1, 2, 5, 4), 0)
    assert cache_bytes(cache) == 2 * 2 * 5 * 4 * 4
