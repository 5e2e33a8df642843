import pytest
from PIL import Image

from crossmodal.chat.conversation import MAX_PICTURES, MAX_QUESTION, Conversation, Picture
from crossmodal.errors import UserError

RED = Picture.of(Image.new("RGB", (8, 8), "red"))


def test_questions_and_answers_alternate_and_the_earlier_conversation_is_untouched() -> None:
    empty = Conversation()
    asked = empty.asked(" What? ", (RED,))
    answered = asked.answered("A cat.")
    assert [(m.role, m.text) for m in answered.messages] == [("user", "What?"), ("assistant", "A cat.")]
    assert empty.messages == ()
    assert answered.until(1) == asked
    assert answered.pictures == (RED,)


def test_without_a_picture_nothing_is_asked() -> None:
    with pytest.raises(UserError, match="no picture yet"):
        Conversation().asked("What?")


@pytest.mark.parametrize("question", ["", "  \n "])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(UserError, match="question is empty"):
        Conversation().asked(question, (RED,))


def test_a_question_of_10000_characters_is_refused_with_both_numbers() -> None:
    with pytest.raises(UserError, match=f"10000 characters; the limit is {MAX_QUESTION}"):
        Conversation().asked("x" * 10_000, (RED,))


def test_too_many_pictures_are_refused() -> None:
    with pytest.raises(UserError, match=f"at most {MAX_PICTURES} pictures"):
        Conversation().asked("What?", (RED,) * (MAX_PICTURES + 1))


def test_each_picture_comes_before_the_text_of_its_turn() -> None:
    told = Conversation(system_prompt="Be brief.").asked("What?", (RED,)).for_processor()
    assert [m["role"] for m in told] == ["system", "user"]
    assert [part["type"] for part in told[1]["content"]] == ["image", "text"]
