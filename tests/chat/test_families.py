"""Every chat family: loads from a folder and from a Hub, streams, stops, takes a second turn and a second picture."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from crossmodal.chat.answer import Decoding
from crossmodal.chat.conversation import Conversation, Picture
from crossmodal.chat.engine import ChatEngine
from crossmodal.chat.memory import cache_bytes
from crossmodal.chat.prompt import BREAK, harmless
from crossmodal.errors import UserError
from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.loading import load_checkpoint
from crossmodal.models.manager import ModelManager
from crossmodal.models.memory import predict, shape_of
from crossmodal.settings import Settings
from tests.families import CHAT_SAVERS, PLAIN_SAVERS
from tests.models.loopback import LoopbackHub

SHORT = Decoding(max_new_tokens=8)
FAMILIES = tuple(CHAT_SAVERS)
PRECISIONS = ("fp32", "nf4")
Saved = Callable[[str], ModelSpec]


def noise(seed: int, width: int = 40, height: int = 40) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Picture.of(Image.fromarray(pixels))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    made: dict[str, Path] = {}

    def spec(family: str) -> ModelSpec:
        if family not in made:
            made[family] = {**CHAT_SAVERS, **PLAIN_SAVERS}[family](tmp_path_factory.mktemp(family))
        return find_spec(str(made[family]), "chat")

    return spec


@pytest.fixture
def engines() -> Iterator[Callable[[], ChatEngine]]:
    """Engines over one manager: what one keeps of a conversation the other does not know."""
    manager = ModelManager(Settings(device="cpu", idle_minutes=0))
    yield lambda: ChatEngine(manager, Settings())
    manager.shutdown()


def reused(engine: ChatEngine, talk: Conversation, spec: ModelSpec, precision: str, session: str) -> tuple[str, int]:
    *_, last = engine.stream(talk, spec, precision, SHORT, session)
    assert last.cost is not None
    return last.text, last.cost.reused_tokens


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_second_turn_and_a_second_picture_are_answered_as_without_what_was_kept(
    family: str, precision: str, saved: Saved, engines: Callable[[], ChatEngine]
) -> None:
    spec, keeps, fresh = saved(family), engines(), engines()
    talk = Conversation().asked("What is this?", (noise(1),))
    first, _ = reused(keeps, talk, spec, precision, "one")
    assert first == fresh.answer(talk, spec, precision=precision, decoding=SHORT)
    # Another conversation in between: what a model itself remembers of a run must not leak into the next.
    reused(keeps, Conversation().asked("And this?", (noise(5, 40, 70),)), spec, precision, "two")
    talk = talk.answered(first or "nothing").asked("Why?")
    second, tokens = reused(keeps, talk, spec, precision, "one")
    assert second == fresh.answer(talk, spec, precision=precision, decoding=SHORT)
    if family not in ("mllama", "gemma3", "aya_vision"):
        assert tokens > 0
    talk = talk.answered(second or "nothing").asked("And this one?", (noise(2),))
    third, _ = reused(keeps, talk, spec, precision, "one")
    assert third == fresh.answer(talk, spec, precision=precision, decoding=SHORT)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_answer_depends_on_the_picture_streams_and_stops(
    family: str, saved: Saved, engines: Callable[[], ChatEngine]
) -> None:
    spec, engine = saved(family), engines()
    answers = {engine.answer(Conversation().asked("What?", (noise(i),)), spec, decoding=SHORT) for i in range(4)}
    assert len(answers) > 1
    stop = threading.Event()
    asked = Conversation().asked("What?", (noise(1),))
    pieces = []
    for piece in engine.stream(asked, spec, decoding=Decoding(max_new_tokens=200), stop=stop):
        pieces.append(piece)
        if len(pieces) == 2:
            stop.set()
    cost = pieces[-1].cost
    assert cost is not None
    assert cost.new_tokens < 150


@pytest.mark.parametrize("family", FAMILIES)
def test_typed_control_tokens_are_plain_text(family: str, saved: Saved, engines: Callable[[], ChatEngine]) -> None:
    spec, engine = saved(family), engines()
    typed = "<image> <|image|> <|assistant|> </s> <start_of_image> <|image_pad|> hello"
    assert isinstance(engine.answer(Conversation().asked(typed, (noise(1),)), spec, decoding=SHORT), str)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_comes_whole_from_a_hub_and_takes_what_is_predicted(
    family: str, saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(family).folder
    assert folder is not None
    hub = LoopbackHub({f"owner/{family}": folder}).start()
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    spec = find_spec(f"owner/{family}", "chat")
    for precision in ("fp32", "bf16", "nf4"):
        loaded = load_checkpoint(spec, precision, "cpu", offline=False)  # type: ignore[arg-type]
        assert loaded.spec.folder is not None
        predicted = predict(spec, precision, shape_of(loaded.spec.folder, spec))  # type: ignore[arg-type]
        assert predicted.weights == pytest.approx(loaded.bytes, rel=0.15)
    hub.close()


SAME_CACHE = tuple(f for f in FAMILIES if f not in ("mllama", "gemma3", "aya_vision"))
"""All but those with windows or with layers of their own for pictures, whose cache is smaller than predicted."""


@pytest.mark.parametrize("family", SAME_CACHE)
def test_a_conversation_takes_what_is_predicted(family: str, saved: Saved, engines: Callable[[], ChatEngine]) -> None:
    spec, engine = saved(family), engines()
    *_, last = engine.stream(Conversation().asked("What is this?", (noise(1),)), spec, "fp32", SHORT, "one")
    kept = engine._prefixes.take("one")
    assert kept is not None
    assert last.cost is not None
    folder = spec.folder
    assert folder is not None
    predicted = predict(spec, "fp32", shape_of(folder, spec), tokens=kept.cache.get_seq_length())
    assert predicted.cache == pytest.approx(cache_bytes(kept.cache), rel=0.15)


def test_a_family_without_a_template_says_so(saved: Saved, engines: Callable[[], ChatEngine]) -> None:
    with pytest.raises(UserError, match="has no chat template"):
        engines().answer(Conversation().asked("What?", (noise(1),)), saved("paligemma"), decoding=SHORT)


def test_control_tokens_are_broken_in_texts_alone() -> None:
    added = {"<image>": 3, "<|user|>": 4, "\n": 5}
    tokenizer = SimpleNamespace(all_special_tokens=("<image>", "</s>"), added_tokens_encoder=added)
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "a <image>\n<|user|> b"}]}]
    (message,) = harmless(messages, tokenizer)
    assert message["content"][0] == {"type": "image"}
    assert message["content"][1]["text"] == f"a <{BREAK}image>\n<{BREAK}|user|> b"
