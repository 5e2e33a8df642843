import threading

from crossmodal.chat.conversation import Conversation
from crossmodal.ui.offers import compose
from crossmodal.ui.session import OFFERS, ChatState, Offer, StopSignals


def test_the_truth_is_known_only_of_offered_questions_about_the_offered_picture() -> None:
    state = ChatState(offers=(Offer("What is this?", "This is a cat."),), offered_picture="abc")
    assert state.truth("What is this?", "abc") == "This is a cat."
    assert state.truth("What is this?", "other") is None
    assert state.truth("Is it?", "abc") is None


def test_emptying_keeps_the_offers() -> None:
    state = ChatState(Conversation(system_prompt="x"), notes=("n",), offers=(Offer("Q", "A"),))
    assert state.emptied().conversation == Conversation()
    assert state.emptied().notes == ()
    assert state.emptied().offers == state.offers


def test_stop_reaches_the_session_that_asked_and_no_other() -> None:
    signals = StopSignals()
    mine, yours = signals.begin("a"), signals.begin("b")
    signals.stop("a")
    signals.stop("nobody")
    assert mine.is_set()
    assert not yours.is_set()
    signals.end("a", mine)
    assert isinstance(signals.begin("a"), threading.Event)


def test_an_answer_that_ends_late_leaves_the_next_ones_signal() -> None:
    signals = StopSignals()
    first, second = signals.begin("a"), signals.begin("a")
    signals.end("a", first)
    signals.stop("a")
    assert second.is_set()


def test_a_new_scene_comes_with_four_different_questions_in_the_language() -> None:
    for seed in range(60):
        for language in ("en", "zh"):
            picture, offers = compose(seed, language)  # type: ignore[arg-type]
            assert picture.size == (384, 384)
            assert len({o.question for o in offers}) == OFFERS
            assert all(o.answer for o in offers)
            assert all((max(o.question) > "\u3000") == (language == "zh") for o in offers)
