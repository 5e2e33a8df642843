import pytest
from transformers import PreTrainedTokenizerFast

from crossmodal.training.tokens import train_tokenizer

CORPUS = ["The cat is sitting on the laptop.", "猫坐在笔记本电脑上。", "a cat", "two cats"] * 5


@pytest.fixture(scope="module")
def chat() -> PreTrainedTokenizerFast:
    return train_tokenizer(CORPUS, 400, lowercase=False, extra_tokens=("<image>",))


@pytest.mark.parametrize("text", ["The cat is sitting.", "猫坐在笔记本电脑上。", "unseen wörds 🐈 and 未见的字"])
def test_any_text_comes_back_as_it_was(chat: PreTrainedTokenizerFast, text: str) -> None:
    assert chat.decode(chat.encode(text, add_special_tokens=False)) == text


def test_the_end_token_is_not_2_which_clip_takes_for_an_old_checkpoint(chat: PreTrainedTokenizerFast) -> None:
    assert (chat.pad_token_id, chat.bos_token_id, chat.eos_token_id) == (0, 1, 3)


def test_a_special_token_is_one_token(chat: PreTrainedTokenizerFast) -> None:
    assert chat.tokenize("<image>cat")[0] == "<image>"


def test_a_dual_encoders_tokenizer_ignores_case_and_encloses_the_text() -> None:
    tokenizer = train_tokenizer(CORPUS, 400, lowercase=True)
    ids = tokenizer("The CAT")["input_ids"]
    assert ids == tokenizer("the cat")["input_ids"]
    assert (ids[0], ids[-1]) == (1, 3)
