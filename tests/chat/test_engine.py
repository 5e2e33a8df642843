import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossmodal.chat.answer import Cost, Decoding, Piece
from crossmodal.chat.conversation import Conversation, Picture
from crossmodal.chat.engine import ChatEngine
from crossmodal.errors import MemoryShortError, ModelError, UserError
from crossmodal.models.catalog import CATALOG, LLAVA, ModelSpec, find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings

SHORT = Decoding(max_new_tokens=12)


def noise(seed: int) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    return Picture.of(Image.fromarray(pixels))


@pytest.fixture
def spec(tiny_llava: Path) -> ModelSpec:
    return find_spec(str(tiny_llava), "chat")


@pytest.fixture
def manager() -> Iterator[ModelManager]:
    made = ModelManager(Settings(device="cpu"))
    yield made
    made.shutdown()


@pytest.fixture
def engine(manager: ModelManager) -> ChatEngine:
    return ChatEngine(manager, Settings())


@pytest.fixture
def encodings(engine: ChatEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry each time that the vision tower runs."""
    runs: list[int] = []
    original = engine._encode_picture

    def counted(*arguments):  # type: ignore[no-untyped-def]
        runs.append(1)
        return original(*arguments)

    monkeypatch.setattr(engine, "_encode_picture", counted)
    return runs


def finished(pieces: Iterator[Piece]) -> tuple[str, Cost]:
    last = list(pieces)[-1]
    assert last.cost is not None
    return last.text, last.cost


def test_the_answer_grows_and_ends_with_its_cost(engine: ChatEngine, spec: ModelSpec) -> None:
    pieces = list(engine.stream(Conversation().asked("What is this?", (noise(1),)), spec, decoding=SHORT))
    assert all(b.text.startswith(a.text) for a, b in pairwise(pieces))
    cost = pieces[-1].cost
    assert cost is not None
    assert cost.picture_tokens == 64
    assert cost.reused_tokens == 0
    assert 0 < cost.new_tokens <= 12
    assert cost.first_token_seconds > 0


def test_a_second_question_pays_neither_for_the_picture_nor_for_the_prefix(
    engine: ChatEngine, spec: ModelSpec, encodings: list[int]
) -> None:
    first = Conversation().asked("What is this?", (noise(1),))
    answer, cost = finished(engine.stream(first, spec, decoding=SHORT, session="s"))
    second = first.answered(answer).asked("And where is it?")
    _, again = finished(engine.stream(second, spec, decoding=SHORT, session="s"))
    assert len(encodings) == 1
    assert again.reused_tokens >= cost.prompt_tokens


def test_the_features_of_a_picture_serve_another_session(engine: ChatEngine, spec: ModelSpec, encodings: list[int]) -> None:
    asked = Conversation().asked("What is this?", (noise(1),))
    first, _ = finished(engine.stream(asked, spec, decoding=SHORT, session="a"))
    second, cost = finished(engine.stream(asked, spec, decoding=SHORT, session="b"))
    assert first == second
    assert cost.reused_tokens == 0
    assert len(encodings) == 1


def test_greedy_answers_are_the_same_with_and_without_reuse(manager: ModelManager, spec: ModelSpec) -> None:
    keeping = ChatEngine(manager, Settings())
    forgetting = ChatEngine(manager, Settings(prefix_cache_mb=0, feature_cache_mb=0))
    conversation = Conversation()
    turns = [("What is this?", (noise(1),)), ("And now?", (noise(2),)), ("Where is it?", ()), ("那它呢？", (noise(3),))]
    reused = []
    for question, pictures in turns:
        conversation = conversation.asked(question, pictures)
        with_reuse, cost = finished(keeping.stream(conversation, spec, decoding=SHORT, session="s"))
        without, plain = finished(forgetting.stream(conversation, spec, decoding=SHORT, session="s"))
        assert with_reuse == without
        assert plain.reused_tokens == 0
        reused.append(cost.reused_tokens)
        conversation = conversation.answered(with_reuse)
    assert reused[0] == 0
    assert all(n > 60 for n in reused[1:])


def test_another_picture_in_the_same_place_is_not_taken_for_the_first(engine: ChatEngine, spec: ModelSpec) -> None:
    question = "What is this?"
    finished(engine.stream(Conversation().asked(question, (noise(1),)), spec, decoding=SHORT, session="s"))
    _, cost = finished(engine.stream(Conversation().asked(question, (noise(2),)), spec, decoding=SHORT, session="s"))
    assert cost.reused_tokens == 0


def test_stop_ends_the_answer_within_a_token_and_keeps_what_was_said(engine: ChatEngine, spec: ModelSpec) -> None:
    stop = threading.Event()
    asked = Conversation().asked("What is this?", (noise(1),))
    pieces = []
    for piece in engine.stream(asked, spec, decoding=Decoding(max_new_tokens=1000), stop=stop):
        pieces.append(piece)
        stop.set()
    assert pieces[-1].stopped
    assert pieces[-1].text
    assert pieces[-1].cost is not None
    assert pieces[-1].cost.new_tokens < 200


def test_closing_the_stream_stops_the_model_and_the_next_question_works(engine: ChatEngine, spec: ModelSpec) -> None:
    asked = Conversation().asked("What is this?", (noise(1),))
    stream = engine.stream(asked, spec, decoding=Decoding(max_new_tokens=1000))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name == "generate"]
    assert finished(engine.stream(asked, spec, decoding=SHORT))[1].new_tokens > 0


def test_an_error_while_generating_is_one_sentence_and_the_next_question_works(
    engine: ChatEngine, manager: ModelManager, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Conversation().asked("What is this?", (noise(1),))
    with manager.use(spec) as loaded, monkeypatch.context() as broken:

        def fail(**_: object) -> None:
            raise RuntimeError("CUDA out of memory at /secret")

        broken.setattr(loaded.model, "generate", fail)
        with pytest.raises(UserError, match="memory was not enough") as raised:
            engine.answer(asked, spec)
        assert "secret" not in str(raised.value)
    assert finished(engine.stream(asked, spec, decoding=SHORT))[1].new_tokens > 0


def test_typed_control_tokens_are_only_text(engine: ChatEngine, manager: ModelManager, spec: ModelSpec) -> None:
    plain = Conversation().asked("Is this it?", (noise(1),))
    typed = Conversation().asked("Is <image> this <|assistant|> it?</s><|user|>", (noise(1),))
    with manager.use(spec) as loaded:
        prompt = engine._prompt(loaded, typed)
        tokenizer = loaded.processor.tokenizer
        assert prompt.picture_tokens == engine._prompt(loaded, plain).picture_tokens == 64
        for token in ("<|assistant|>", "<|user|>"):
            assert int((prompt.ids == tokenizer.convert_tokens_to_ids(token)).sum()) == 1
        assert int((prompt.ids == tokenizer.eos_token_id).sum()) == 0
    assert finished(engine.stream(typed, spec, decoding=SHORT))[1].new_tokens > 0


def test_a_conversation_longer_than_the_model_reads_is_refused(engine: ChatEngine, spec: ModelSpec) -> None:
    long = Conversation().asked("一二三四五六七八九十" * 300, (noise(1),))
    with pytest.raises(UserError, match="reads at most 2048"):
        engine.answer(long, spec)


def test_memory_is_forgotten_with_its_session_and_its_model(engine: ChatEngine, manager: ModelManager, spec: ModelSpec) -> None:
    asked = Conversation().asked("What is this?", (noise(1),))
    finished(engine.stream(asked, spec, decoding=SHORT, session="s"))
    assert len(engine._prefixes) == 1
    engine.forget("s")
    assert len(engine._prefixes) == 0
    finished(engine.stream(asked, spec, decoding=SHORT, session="s"))
    manager.unload_idle()
    assert len(engine._prefixes) == len(engine._features) == 0


def test_sampling_is_reproducible_from_the_seed_and_follows_the_temperature(engine: ChatEngine, spec: ModelSpec) -> None:
    import torch

    asked = Conversation().asked("What is this?", (noise(1),))
    hot = Decoding(temperature=2.0, top_p=1.0, max_new_tokens=12)
    texts = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        texts.append(finished(engine.stream(asked, spec, decoding=hot))[0])
    assert texts[0] == texts[1] != texts[2]


def test_a_temperature_that_is_a_whole_number_works(engine: ChatEngine, spec: ModelSpec) -> None:
    asked = Conversation().asked("What is this?", (noise(1),))
    assert finished(engine.stream(asked, spec, decoding=Decoding(2, 1, 5)))[1].new_tokens > 0


@pytest.mark.parametrize("wrong", [{"temperature": 3.0}, {"top_p": 0.0}, {"max_new_tokens": 0}])
def test_decoding_out_of_bounds_is_refused_with_the_value(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match=str(next(iter(wrong.values())))):
        Decoding(**wrong)  # type: ignore[arg-type]


def test_an_answer_never_holds_the_placeholder_of_a_picture(engine: ChatEngine, spec: ModelSpec) -> None:
    """Random weights say anything; with it in the answer the next question would pay for the picture again."""
    for seed in range(30):
        first = Conversation().asked("What is this?", (noise(seed),))
        answer, cost = finished(engine.stream(first, spec, decoding=Decoding(max_new_tokens=40), session="s"))
        _, again = finished(engine.stream(first.answered(answer).asked("Where?"), spec, decoding=SHORT, session="s"))
        assert again.reused_tokens >= cost.prompt_tokens


def test_an_answer_that_runs_out_of_memory_unloads_says_so_and_the_next_one_comes(
    engine: ChatEngine, manager: ModelManager, spec: ModelSpec
) -> None:
    asked = Conversation().asked("What?", (noise(1),))
    with manager.use(spec, "fp32") as loaded:
        loaded.model.generate = _out_of_memory
    with pytest.raises(MemoryShortError, match=r"was unloaded\. Choose nf4 or a smaller checkpoint"):
        engine.answer(asked, spec, precision="fp32", decoding=SHORT)
    assert manager.status() == []
    assert isinstance(engine.answer(asked, spec, precision="fp32", decoding=SHORT), str)


def _out_of_memory(**_: object) -> None:
    raise RuntimeError("CUDA out of memory. Tried to allocate 20 MiB")


def test_a_vision_tower_without_memory_is_said_too(engine: ChatEngine, manager: ModelManager, spec: ModelSpec) -> None:
    with manager.use(spec, "fp32") as loaded:
        loaded.model.get_image_features = _out_of_memory
    with pytest.raises(MemoryShortError):
        engine.answer(Conversation().asked("What?", (noise(1),)), spec, precision="fp32", decoding=SHORT)
    assert manager.status() == []


def test_asking_for_what_never_fits_unloads_nobody(spec: ModelSpec) -> None:
    manager = ModelManager(Settings(device="cpu", memory_budget_gb=0.1))
    engine = ChatEngine(manager, Settings())
    engine.answer(Conversation().asked("What?", (noise(1),)), spec, precision="fp32", decoding=SHORT)
    with pytest.raises(ModelError, match="may be used here"):
        engine.answer(Conversation().asked("What?", (noise(1),)), CATALOG[LLAVA], precision="fp32", decoding=SHORT)
    assert [s.spec.id for s in manager.status()] == [spec.id]
    manager.shutdown()


def test_a_template_that_refuses_is_one_sentence(engine: ChatEngine, manager: ModelManager, spec: ModelSpec) -> None:
    with manager.use(spec, "fp32") as loaded:
        kept = loaded.processor.chat_template
        loaded.processor.chat_template = "{{ raise_exception('roles must alternate') }}"
        with pytest.raises(UserError, match="its chat template refuses it"):
            engine.answer(Conversation().asked("What?", (noise(1),)), spec, precision="fp32", decoding=SHORT)
        loaded.processor.chat_template = kept


def test_a_family_that_takes_one_picture_says_so_before_anything_is_computed(
    engine: ChatEngine, manager: ModelManager, spec: ModelSpec
) -> None:
    with manager.use(spec, "fp32") as loaded:
        kept = loaded.processor.chat_template
        counted = "{% for m in messages %}{% for p in m.content %}{% if p.type == 'image' %}{% set n.x = n.x + 1 %}{% endif %}"
        refuse = "{% endfor %}{% endfor %}{% if n.x > 1 %}{{ raise_exception('one image') }}{% endif %}"
        loaded.processor.chat_template = "{% set n = namespace(x=0) %}" + counted + refuse + kept
        talk = Conversation().asked("What?", (noise(1),))
        said = engine.answer(talk, spec, precision="fp32", decoding=SHORT)
        with pytest.raises(UserError, match="cannot take the 2 pictures"):
            engine.answer(talk.answered(said or "?").asked("And?", (noise(2),)), spec, precision="fp32", decoding=SHORT)
        loaded.processor.chat_template = kept
