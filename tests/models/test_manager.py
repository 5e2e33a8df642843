import threading
import time
from collections.abc import Iterator

import pytest

from crossmodal.errors import ModelError
from crossmodal.models.catalog import ModelSpec
from crossmodal.models.loading import LoadedModel
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings

MB = 1_000_000


class FakeLoader:
    """Loads nothing, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.failures: list[Exception] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, spec: ModelSpec, precision: str, device: str, offline: bool) -> LoadedModel:
        self.loads.append(spec.id)
        assert self.gate.wait(10)
        if self.failures:
            raise self.failures.pop()
        return LoadedModel(spec, precision, device, object(), object(), spec.bytes_in(precision))  # type: ignore[arg-type]


def spec(name: str, megabytes: int = 100) -> ModelSpec:
    return ModelSpec(name, "chat", name, "MIT", megabytes * MB // 4)


@pytest.fixture
def loader() -> FakeLoader:
    return FakeLoader()


@pytest.fixture
def manager(loader: FakeLoader) -> Iterator[ModelManager]:
    made = ModelManager(Settings(device="cpu", memory_budget_gb=0.25), loader)
    yield made
    made.shutdown()


def test_one_copy_serves_all(manager: ModelManager, loader: FakeLoader) -> None:
    with manager.use(spec("a")) as first, manager.use(spec("a")) as second:
        assert first is second
    with manager.use(spec("a")) as third:
        assert third is first
    assert loader.loads == ["a"]


def test_two_who_ask_at_once_load_once_and_both_see_it_loading(manager: ModelManager, loader: FakeLoader) -> None:
    loader.gate.clear()
    got: list[LoadedModel] = []

    def ask() -> None:
        with manager.use(spec("a")) as loaded:
            got.append(loaded)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
    while (not manager.status() or manager.status()[0].users < 5) and time.monotonic() < deadline:
        time.sleep(0.01)
    (status,) = manager.status()
    assert (status.state, status.users) == ("loading", 5)
    loader.gate.set()
    for thread in threads:
        thread.join(5)
    assert len(got) == 5
    assert len({id(g) for g in got}) == 1
    assert loader.loads == ["a"]


def test_the_one_used_longest_ago_goes_first(manager: ModelManager, loader: FakeLoader) -> None:
    for name in ("a", "b", "a", "c"):
        with manager.use(spec(name)):
            pass
    assert {s.spec.id for s in manager.status()} == {"a", "c"}


def test_a_model_in_use_is_never_evicted(manager: ModelManager) -> None:
    with manager.use(spec("a")), manager.use(spec("b")):
        with pytest.raises(ModelError, match="models in use hold"), manager.use(spec("c")):
            pytest.fail("there was no room")
        assert {s.spec.id for s in manager.status()} == {"a", "b"}
    with manager.use(spec("c")) as loaded:
        assert loaded.spec.id == "c"


def test_what_can_never_fit_is_refused_with_the_numbers(manager: ModelManager, loader: FakeLoader) -> None:
    with pytest.raises(ModelError, match=r"about 0\.4 GB and 0\.25 GB may be used"), manager.use(spec("big", 400)):
        pytest.fail("it cannot fit")
    assert loader.loads == []


def test_after_a_failure_nothing_half_loaded_stays_and_the_next_try_works(manager: ModelManager, loader: FakeLoader) -> None:
    loader.failures.append(RuntimeError("disk on fire: /secret/path"))
    with pytest.raises(ModelError) as raised, manager.use(spec("a")):
        pytest.fail("it did not load")
    assert "secret" not in str(raised.value)
    assert manager.status() == []
    with manager.use(spec("a")) as loaded:
        assert loaded.spec.id == "a"
    assert loader.loads == ["a", "a"]


def test_all_who_wait_for_a_failing_load_are_told(manager: ModelManager, loader: FakeLoader) -> None:
    loader.failures.append(MemoryError())
    loader.gate.clear()
    told: list[str] = []

    def ask() -> None:
        try:
            with manager.use(spec("a")):
                pytest.fail("it did not load")
        except ModelError as error:
            told.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not manager.status() or manager.status()[0].users < 3:
        time.sleep(0.01)
    loader.gate.set()
    for thread in threads:
        thread.join(5)
    assert len(told) == 3
    assert all("does not fit into the memory" in text for text in told)


def test_idle_models_are_unloaded_and_their_listeners_told(manager: ModelManager) -> None:
    gone: list[str] = []
    manager.on_unload(lambda loaded: gone.append(loaded.spec.id))
    with manager.use(spec("a")):
        with manager.use(spec("b")):
            pass
        assert manager.unload_idle() == 1
    assert gone == ["b"]
    assert manager.unload_idle(seconds=60) == 0
    assert manager.unload_idle() == 1


def test_precisions_are_separate_copies(manager: ModelManager) -> None:
    with manager.use(spec("a"), "fp32") as full, manager.use(spec("a"), "bf16") as half:
        assert full is not half
    assert {s.precision for s in manager.status()} == {"fp32", "bf16"}


@pytest.mark.parametrize(("device", "precision"), [("tpu", "auto"), ("cpu", "fp12")])
def test_an_unknown_device_or_precision_is_named(device: str, precision: str, loader: FakeLoader) -> None:
    with (
        pytest.raises(ModelError, match=r"tpu|fp12"),
        ModelManager(Settings(device=device), loader).use(spec("a"), precision),
    ):
        pytest.fail("there is no such thing")


def test_one_is_unloaded_by_name_but_not_while_it_answers(manager: ModelManager) -> None:
    gone: list[str] = []
    manager.on_unload(lambda loaded: gone.append(loaded.spec.id))
    with manager.use(spec("a"), "fp32"), pytest.raises(ModelError, match="in use"):
        manager.unload(spec("a"), "fp32")
    assert not manager.unload(spec("a"), "nf4")
    assert manager.unload(spec("a"), "fp32")
    assert gone == ["a"]
    assert manager.bytes == 0


def test_what_is_kept_stays_though_idle_and_though_another_wants_room(manager: ModelManager) -> None:
    with manager.use(spec("a", 200), "fp32"):
        pass
    manager.keep(spec("a"), "fp32", True)
    assert manager.unload_idle() == 0
    with pytest.raises(ModelError, match="in use hold"), manager.use(spec("b", 100), "fp32"):
        pass
    manager.keep(spec("a"), "fp32", False)
    with manager.use(spec("b", 100), "fp32"):
        assert [s.spec.id for s in manager.status()] == ["b"]


def test_the_peak_is_remembered(manager: ModelManager) -> None:
    for name in ("a", "b"):
        with manager.use(spec(name, 100), "fp32"):
            pass
    manager.unload_idle()
    assert manager.bytes == 0
    assert manager.peak == 200 * MB
