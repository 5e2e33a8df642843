from collections.abc import Iterator

import pytest

from crossmodal.errors import ModelError
from crossmodal.models.catalog import CATALOG, ModelSpec
from crossmodal.models.loading import LoadedModel
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.ui.page import CONTENT_POLICY, ModelWatch, build, launch_options

SPEC = CATALOG["picturebook-llava"]


def managed(error: Exception | None = None) -> ModelManager:
    def load(spec: ModelSpec, precision: str, device: str, offline: bool) -> LoadedModel:
        if error:
            raise error
        return LoadedModel(spec, precision, device, object(), object(), 48_000_000)  # type: ignore[arg-type]

    return ModelManager(Settings(device="cpu"), load)


def watched(manager: ModelManager) -> ModelWatch:
    return ModelWatch(manager, SPEC, "auto")


def last(lines: Iterator[str]) -> str:
    return list(lines)[-1]


def test_the_status_ends_with_what_was_loaded() -> None:
    manager = managed()
    watch = watched(manager)
    first = next(watch.lines("en"))
    assert "is loading" in first
    watch.start()
    assert last(watch.lines("en")) == "● Picture book (bundled, 12M) · fp32 on CPU · 0.05 GB"
    assert "精度" in watch.line("zh")
    manager.shutdown()


def test_a_load_that_fails_ends_the_waiting_with_its_sentence() -> None:
    watch = watched(managed(ModelError("It does not fit.", "放不下。")))
    watch.start()
    assert last(watch.lines("en")) == "⚠️ It does not fit."
    assert last(watch.lines("zh")) == "⚠️ 放不下。"


def test_an_unexpected_failure_ends_the_waiting_too() -> None:
    watch = watched(managed(RuntimeError("/secret")))
    watch.start()
    text = last(watch.lines("en"))
    assert "could not be loaded" in text
    assert "secret" not in text


def test_the_page_never_lets_the_browser_fetch_from_elsewhere() -> None:
    assert all("http" not in rule for rule in CONTENT_POLICY.split(";"))
    assert "img-src 'self'" in CONTENT_POLICY
    assert CONTENT_POLICY in launch_options(Settings())["head"]


def test_nothing_is_shared_and_no_error_shown_unless_it_is_ours() -> None:
    options = launch_options(Settings())
    assert options["share"] is False
    assert options["show_error"] is False
    assert options["auth"] is None
    assert launch_options(Settings(auth="ann:a:b"))["auth"] == ("ann", "a:b")


def test_an_unknown_model_is_refused_before_the_page_is_built() -> None:
    with pytest.raises(ModelError, match="There is no model"):
        build(Settings(model="nonsense"))
