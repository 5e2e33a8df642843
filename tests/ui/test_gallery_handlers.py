"""What happens to galleries where things go wrong; the way it should go is in the flows and the browser tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.engine import SearchEngine
from crossmodal.retrieval.query import Term
from crossmodal.retrieval.sqlite_store import INDEX, SqliteStore
from crossmodal.retrieval.store import StoreError
from crossmodal.settings import Settings
from crossmodal.ui.gallery_handlers import GalleryHandlers
from crossmodal.ui.search_handlers import SearchState

REQUEST: Any = SimpleNamespace(session_hash="visitor")


@pytest.fixture
def engine(tmp_path: Path, manager: ModelManager, dual_encoder: Callable[[str], Path]) -> Iterator[SearchEngine]:
    made = SearchEngine(manager, find_spec(str(dual_encoder("clip")), "embedding"), "fp32", tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def sent(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        Image.new("RGB", (20, 20), (80 * i, 0, 0)).save(path)
    return [str(p) for p in paths]


def last(steps: Iterator[tuple[Any, ...]]) -> tuple[Any, ...]:
    *_, final = steps
    return final


def test_a_gallery_is_made_and_named_in_the_menu(engine: SearchEngine, sent: list[str]) -> None:
    said, skipped, names = last(GalleryHandlers(lambda: engine, Settings()).add("  my   own ", sent, "", "en", REQUEST))
    assert "3 new or changed" in said
    assert skipped["value"] == []
    assert (names["choices"], names["value"]) == (["my own"], "my own")


def test_a_damaged_gallery_is_mended_from_its_pictures_and_that_is_said(
    engine: SearchEngine, sent: list[str], tmp_path: Path
) -> None:
    handlers = GalleryHandlers(lambda: engine, Settings())
    last(handlers.add("mine", sent, "", "en", REQUEST))
    engine.close()
    (index,) = (tmp_path / "data/galleries").glob(f"*/{INDEX}")
    for leftover in index.parent.glob(f"{INDEX}-*"):
        leftover.unlink()
    index.write_bytes(b"damaged" * 5000)
    said, _, _ = last(handlers.rescan("mine", "en", REQUEST))
    assert "was damaged" in said
    assert "3 new or changed" in said


def test_a_full_disk_is_said_and_going_on_finishes(
    engine: SearchEngine, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = GalleryHandlers(lambda: engine, Settings())
    plain = SqliteStore.add

    def full(*_: Any) -> None:
        raise StoreError("The disk is full.", "磁盘已满。")

    monkeypatch.setattr(SqliteStore, "add", full)
    with pytest.raises(gr.Error, match="磁盘已满"):
        last(handlers.add("mine", sent, "", "zh", REQUEST))
    monkeypatch.setattr(SqliteStore, "add", plain)
    assert "3 new or changed" in last(handlers.rescan("mine", "en", REQUEST))[0]


def test_stopped_before_the_first_commit(engine: SearchEngine, sent: list[str]) -> None:
    handlers = GalleryHandlers(lambda: engine, Settings())
    steps = handlers.add("mine", sent, "", "en", REQUEST)
    next(steps)
    handlers.stop(REQUEST)
    assert "Stopped after 0 of 3" in last(steps)[0]
    assert "3 new or changed" in last(handlers.rescan("mine", "en", REQUEST))[0]


@pytest.mark.parametrize("folder", ["../outside", "/etc", "nowhere", "x" * 5000, "a\0b"])
def test_only_the_operators_folder_is_open(engine: SearchEngine, tmp_path: Path, folder: str) -> None:
    (tmp_path / "open/in").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    handlers = GalleryHandlers(lambda: engine, Settings(pictures=str(tmp_path / "open")))
    with pytest.raises(gr.Error, match="no such folder"):
        last(handlers.add("theirs", None, folder, "en", REQUEST))
    with pytest.raises(gr.Error, match="not open"):
        last(GalleryHandlers(lambda: engine, Settings()).add("theirs", None, "in", "en", REQUEST))
    assert engine.names() == []


def test_an_operators_folder_is_indexed_where_it_lies(engine: SearchEngine, tmp_path: Path) -> None:
    (tmp_path / "open/in").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "open/in/a.png")
    handlers = GalleryHandlers(lambda: engine, Settings(pictures=str(tmp_path / "open")))
    assert "1 new or changed" in last(handlers.add("theirs", None, "in", "en", REQUEST))[0]
    with pytest.raises(gr.Error, match="already"):
        last(handlers.add("theirs", None, "in", "en", REQUEST))
    with pytest.raises(gr.Error, match="Tick the box"):
        handlers.delete("theirs", False, SearchState(), "en")
    assert engine.names() == ["theirs"]
    handlers.delete("theirs", True, SearchState(), "en")
    assert engine.names() == []
    assert (tmp_path / "open/in/a.png").exists()


def test_a_zip_that_cannot_be_read_leaves_no_empty_gallery(engine: SearchEngine, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    with pytest.raises(gr.Error, match="damaged or no zip"):
        last(GalleryHandlers(lambda: engine, Settings()).add("mine", [str(tmp_path / "broken.zip")], "", "en", REQUEST))
    assert engine.names() == []


def test_a_search_keeps_nothing_that_points_to_what_is_gone(engine: SearchEngine, sent: list[str]) -> None:
    handlers = GalleryHandlers(lambda: engine, Settings())
    last(handlers.add("mine", sent, "", "en", REQUEST))
    terms = (Term(words="cat"), Term(picture=engine.store.entries("mine")[0].id, title="0.png"))
    for state in (
        handlers.rename("mine", "yours", SearchState("mine", terms), "en")[-1],
        handlers.delete("yours", True, SearchState("yours", terms), "en")[-1],
    ):
        assert state.terms == terms[:1]
        assert state.selected is None


def test_a_bad_file_of_captions_is_not_counted_as_a_picture(engine: SearchEngine, sent: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("no,columns\n")
    handlers = GalleryHandlers(lambda: engine, Settings())
    said, skipped, _ = last(handlers.add("mine", [*sent, str(tmp_path / "bad.csv")], "", "en", REQUEST))
    assert "3 new or changed, 0 unchanged, 0 removed, 1 skipped" in said
    assert [row[0] for row in skipped["value"]] == ["bad.csv"]
    assert "0 new or changed, 3 unchanged" in last(handlers.rescan("mine", "en", REQUEST))[0]


def test_a_name_cannot_put_a_picture_of_another_host_into_the_page(engine: SearchEngine, sent: list[str]) -> None:
    said, *_ = last(GalleryHandlers(lambda: engine, Settings()).add("![x](http://evil/x.png)", sent, "", "en", REQUEST))
    assert "](" not in said
    assert "<" not in said


def test_removing_without_a_selection(engine: SearchEngine) -> None:
    with pytest.raises(gr.Error, match="No picture is selected"):
        GalleryHandlers(lambda: engine, Settings()).remove(SearchState(), "en")


def test_a_call_with_too_many_files(engine: SearchEngine, sent: list[str]) -> None:
    with pytest.raises(gr.Error, match="one call takes 500"):
        GalleryHandlers(lambda: engine, Settings()).api_index()("mine", sent * 200)
