from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from crossmodal.chat.answer import Cost, Piece
from crossmodal.chat.conversation import Conversation, Picture
from crossmodal.errors import UserError
from crossmodal.models.catalog import CATALOG, ModelSpec
from crossmodal.ui.chat_handlers import ChatHandlers
from crossmodal.ui.session import ChatState, Offer

COST = Cost(80, 64, 70, 5, 0.1, 50.0)
PICTURE = Image.new("RGB", (20, 20), "red")
REQUEST: Any = SimpleNamespace(session_hash="me")


class FakeEngine:
    """Answers from a queue; an exception in it is raised."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[Conversation] = []

    def stream(self, conversation: Conversation, *_: object) -> Any:
        self.asked.append(conversation)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            yield Piece("The c")
            raise answer
        yield Piece(answer[:5])
        yield Piece(answer, COST)


def handlers(*answers: str | Exception, spec: ModelSpec = CATALOG["picturebook-llava"]) -> tuple[ChatHandlers, FakeEngine]:
    engine = FakeEngine(*answers)
    fake: Any = engine
    return ChatHandlers(fake, spec, "auto"), engine


def run(tab: ChatHandlers, question: str, state: ChatState, image: Image.Image | None = PICTURE) -> list[tuple[Any, ...]]:
    return list(tab.ask(question, image, state, 0, 1, 64, "", "en", REQUEST))


def last_state(steps: list[tuple[Any, ...]]) -> ChatState:
    state: ChatState = next(s[1] for s in reversed(steps) if isinstance(s[1], ChatState))
    return state


def test_the_question_leaves_its_box_and_the_answer_grows_then_shows_its_cost() -> None:
    tab, _ = handlers("The cat is sitting on the laptop.")
    steps = run(tab, "What is the cat doing?", ChatState())
    assert steps[0][2] == ""
    assert steps[1][0][-1]["content"] == "The c"
    assert "70 of 80 prompt tokens reused" in steps[-1][0][-1]["content"]
    assert [m.text for m in last_state(steps).conversation.messages][1] == "The cat is sitting on the laptop."


def test_the_picture_is_sent_once_and_a_new_one_joins_the_conversation() -> None:
    tab, engine = handlers("One.", "Two.", "Three.")
    state = last_state(run(tab, "first", ChatState()))
    state = last_state(run(tab, "second", state))
    run(tab, "third", state, Image.new("RGB", (9, 9), "blue"))
    assert [len(c.pictures) for c in engine.asked] == [1, 1, 2]


@pytest.mark.parametrize("question", ["", "x" * 10_000])
def test_a_bad_question_is_refused_before_anything_changes(question: str) -> None:
    tab, engine = handlers()
    with pytest.raises(gr.Error):
        run(tab, question, ChatState())
    assert engine.asked == []


def test_no_picture_is_said() -> None:
    tab, _ = handlers()
    with pytest.raises(gr.Error, match="no picture yet"):
        run(tab, "What?", ChatState(), None)


def test_an_error_in_the_middle_gives_the_question_back_and_keeps_the_conversation() -> None:
    tab, _ = handlers("One.", UserError("Too much."), "Two.")
    state = last_state(run(tab, "first", ChatState()))
    with pytest.warns(UserWarning, match=r"Too much\."):  # what Gradio makes of a toast where there is no page
        steps = run(tab, "second", state)
    assert steps[-1][2] == "second"
    kept = last_state(steps)
    assert [m.text for m in kept.conversation.messages] == ["first", "One."]
    assert [m.text for m in last_state(run(tab, "second", kept)).conversation.messages][-1] == "Two."


def test_offered_questions_are_ticked_or_crossed_by_the_scene() -> None:
    offers = (Offer("What?", "A cat."), Offer("Who?", "A dog."))
    state = ChatState(offers=offers, offered_picture=Picture.of(PICTURE).hash)
    tab, _ = handlers("A cat.", "A cow.", "A cow.")
    right = run(tab, "What?", state)
    wrong = run(tab, "Who?", last_state(right))
    free = run(tab, "My own question?", last_state(wrong))
    assert "✓" in right[-1][0][-1]["content"]
    assert "✗ the scene says: A dog." in wrong[-1][0][-1]["content"]
    assert "✓" not in free[-1][0][-1]["content"]
    assert "✗" not in free[-1][0][-1]["content"]


def test_retry_asks_the_last_question_again_with_its_picture() -> None:
    tab, engine = handlers("One.", "Two.")
    state = last_state(run(tab, "first", ChatState()))
    steps = list(tab.retry(state, 0, 1, 64, "", "en", REQUEST))
    assert [m.text for m in last_state(steps).conversation.messages] == ["first", "Two."]
    assert len(engine.asked[1].pictures) == 1


def test_undo_gives_the_question_back() -> None:
    tab, _ = handlers("One.", "Two.")
    state = last_state(run(tab, "first", ChatState()))
    state = last_state(run(tab, "second", state))
    shown, undone, question = tab.undo(state, "en")
    assert question == "second"
    assert [m.text for m in undone.conversation.messages] == ["first", "One."]
    assert len(undone.notes) == 1
    assert len(shown) == 2


def test_editing_a_question_drops_what_came_after_it() -> None:
    tab, engine = handlers("One.", "Two.", "Three.")
    state = last_state(run(tab, "first", ChatState()))
    state = last_state(run(tab, "second", state))
    edit: Any = SimpleNamespace(index=0, previous_value="first", value="changed")
    steps = list(tab.edit(state, 0, 1, 64, "", "en", REQUEST, edit))
    assert [m.text for m in last_state(steps).conversation.messages] == ["changed", "Three."]
    assert len(engine.asked[-1].pictures) == 1


def test_undo_with_nothing_said_is_one_sentence() -> None:
    tab, _ = handlers()
    with pytest.raises(gr.Error, match="nothing to go back to"):
        tab.undo(ChatState(), "en")


def test_a_strange_picture_is_announced_only_for_the_picture_book_model(tmp_path: Path) -> None:
    photo = Image.effect_noise((96, 96), 90).convert("RGB")
    small, _ = handlers()
    large, _ = handlers(spec=CATALOG["llava-hf/llava-1.5-7b-hf"])
    assert small.notice(photo, ChatState(), "en")["visible"]
    assert "--model" in small.notice(photo, ChatState(), "zh")["value"]
    assert not small.notice(PICTURE, ChatState(), "en")["visible"]
    assert not large.notice(photo, ChatState(), "en")["visible"]
    assert not small.notice(None, ChatState(), "en")["visible"]


def test_on_the_chinese_page_errors_are_chinese() -> None:
    tab, _ = handlers()
    with pytest.raises(gr.Error, match="还没有图片"):
        list(tab.ask("这是什么？", None, ChatState(), 0, 1, 64, "", "zh", REQUEST))
