import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossmodal.errors import UserError
from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.engine import OtherSpaceError, SearchEngine
from crossmodal.retrieval.places import Bundled
from crossmodal.retrieval.query import Term, parse_query
from crossmodal.retrieval.sqlite_store import INDEX, SqliteStore
from crossmodal.retrieval.store import DamagedError, Filter, StoreError


def noise(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((48, 48), Image.Resampling.NEAREST).save(path)
    return path


@pytest.fixture
def spec(dual_encoder: Callable[[str], Path]) -> ModelSpec:
    return find_spec(str(dual_encoder("clip")), "embedding")


@pytest.fixture
def engine(tmp_path: Path, manager: ModelManager, spec: ModelSpec) -> Iterator[SearchEngine]:
    shipped = tmp_path / "shipped"
    for i in range(5):
        noise(shipped / f"{i}.png", i)
    made = SearchEngine(manager, spec, "fp32", tmp_path / "data", (Bundled("Shipped", shipped),))
    yield made
    made.close()


@pytest.fixture
def mine(engine: SearchEngine, tmp_path: Path) -> str:
    """A gallery of twelve pictures of its own, with captions."""
    sent = [noise(tmp_path / f"sent/{i:02}.png", 100 + i) for i in range(12)]
    for path in sent[:6]:
        path.with_suffix(".txt").write_text(f"picture number {path.stem}")
    engine.create("mine")
    engine.bring_in("mine", ((p, p.name) for p in sorted((tmp_path / "sent").iterdir())))
    filled(engine, "mine")
    return "mine"


def filled(engine: SearchEngine, gallery: str) -> None:
    for _ in engine.index(gallery, threading.Event()):
        pass


def like(path: Path) -> tuple[Term, ...]:
    return (Term(image=Image.open(path).convert("RGB"), title="picture"),)


def test_a_bundled_gallery_is_indexed_once_and_stays_as_it_is(engine: SearchEngine, tmp_path: Path) -> None:
    assert engine.names() == ["Shipped"]
    assert not engine.ready("Shipped")
    *_, last = engine.prepare("Shipped")
    assert last.done == 5
    assert engine.ready("Shipped")
    (best,) = engine.search("Shipped", like(tmp_path / "shipped/3.png"), 1).hits
    assert (best.entry.name, best.matches) == ("3.png", True)
    assert best.score == pytest.approx(1, abs=1e-4)
    for change in (
        lambda: engine.delete("Shipped"),
        lambda: engine.rename("Shipped", "x"),
        lambda: engine.remove("Shipped", best.entry.id),
        lambda: engine.create("Shipped"),
    ):
        with pytest.raises(UserError, match="ships with the app"):
            change()


def test_the_picture_itself_is_found_first_among_ones_own(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    for i in (0, 7, 11):
        assert engine.search(mine, like(tmp_path / f"sent/{i:02}.png"), 3).hits[0].entry.name == f"{i:02}.png"


def test_the_contributions_add_up_to_the_score(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    answer = engine.search(mine, (*parse_query("cat - dog + house*2"), *like(tmp_path / "sent/04.png")), 5)
    for hit in answer.hits:
        assert sum(share for _, share in hit.parts) == pytest.approx(hit.score, abs=1e-4)
        assert [t.words for t, _ in hit.parts] == ["cat", "dog", "house", ""]
    assert [h.score for h in answer.hits] == sorted((h.score for h in answer.hits), reverse=True)


def test_pictures_of_the_gallery_are_terms_too(engine: SearchEngine, mine: str) -> None:
    chosen = engine.search(mine, parse_query("cat"), 1).hits[0].entry
    assert engine.search(mine, (Term(picture=chosen.id, title=chosen.name),), 1).hits[0].entry == chosen


def test_captions_are_found_by_a_picture(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    answer = engine.search(mine, like(tmp_path / "sent/00.png"), 20, kind="caption")
    assert {h.entry.text for h in answer.hits} == {f"picture number {i:02}" for i in range(6)}


def test_more_hits_than_there_are_pictures(engine: SearchEngine, mine: str) -> None:
    assert len(engine.search(mine, parse_query("cat"), 10_000).hits) == 12
    assert len(engine.search(mine, parse_query("cat"), 0).hits) == 1


def test_a_hit_that_is_removed_while_it_is_looked_up_is_no_error(
    engine: SearchEngine, mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = engine.search(mine, parse_query("cat"), 1).hits[0].entry
    plain = engine.store.search

    def search(*arguments: object) -> object:
        found = plain(*arguments)  # type: ignore[arg-type]
        engine.store.remove(mine, [best.id])
        return found

    monkeypatch.setattr(engine.store, "search", search)
    hits = engine.search(mine, parse_query("cat"), 12).hits
    assert len(hits) == 11
    assert best.id not in {h.entry.id for h in hits}


def test_filters_reach_the_store(engine: SearchEngine, mine: str) -> None:
    hits = engine.search(mine, parse_query("cat"), 50, Filter(contains="number 03")).hits
    assert [h.entry.name for h in hits] == ["03.png"]
    assert engine.search(mine, parse_query("cat"), 50, Filter(folder="nowhere")).hits == ()


def test_near_duplicates_are_hidden_on_wish_and_counted(
    engine: SearchEngine, mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossmodal.retrieval.engine.DUPLICATE", 0.9995)  # random weights see little difference
    first = tmp_path / "sent/05.png"
    again = Image.open(first).resize((47, 47))
    again.save(tmp_path / "again.png")
    engine.bring_in(mine, [(tmp_path / "again.png", "again.png")])
    filled(engine, mine)
    shown = engine.search(mine, like(first), 13)
    hidden = engine.search(mine, like(first), 13, hide_duplicates=True)
    assert {h.entry.name for h in shown.hits[:2]} == {"05.png", "again.png"}
    assert (hidden.hits[0].entry.name, hidden.hits[0].duplicates) == ("05.png", 1)
    assert len(hidden.hits) == 12


@pytest.mark.parametrize("terms", [(), parse_query("   ")])
def test_an_empty_query(engine: SearchEngine, mine: str, terms: tuple[Term, ...]) -> None:
    with pytest.raises(UserError, match="nothing to search for"):
        engine.search(mine, terms, 5)


def test_an_empty_gallery_and_one_that_is_not_there(engine: SearchEngine) -> None:
    engine.create("empty")
    with pytest.raises(UserError, match="gallery is empty"):
        engine.search("empty", parse_query("cat"), 5)
    with pytest.raises(UserError, match="gallery is empty"):
        engine.map("empty", ())
    with pytest.raises(UserError, match="no captions"):
        engine.quality("empty")
    with pytest.raises(StoreError, match="There is no gallery"):
        engine.search("nowhere", parse_query("cat"), 5)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b"])
def test_names_that_will_not_do(engine: SearchEngine, name: str) -> None:
    with pytest.raises(UserError, match="name has 1 to 60"):
        engine.create(name)


@pytest.mark.parametrize("name", ["../../etc", "猫 🐱", "a/b\\c", "CON", "<b>x</b>"])
def test_any_other_name_will_and_stays_within_the_folder(engine: SearchEngine, tmp_path: Path, name: str) -> None:
    engine.create(name)
    engine.bring_in(name, [(noise(tmp_path / "one.png", 1), "one.png")])
    filled(engine, name)
    assert name in engine.names()
    assert len(engine.search(name, parse_query("cat"), 5).hits) == 1
    assert not (tmp_path.parent / "etc").exists()
    with pytest.raises(StoreError, match="already"):
        engine.create(name)


def test_another_checkpoints_vectors_are_refused_until_they_are_made_anew(
    engine: SearchEngine, mine: str, manager: ModelManager, dual_encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    other = find_spec(str(dual_encoder("siglip")), "embedding")
    second = SearchEngine(manager, other, "fp32", tmp_path / "data", (Bundled("Shipped", tmp_path / "shipped"),))
    with pytest.raises(OtherSpaceError, match="cannot be compared"):
        second.search(mine, parse_query("cat"), 5)
    with pytest.raises(OtherSpaceError):
        list(second.index(mine, threading.Event()))
    assert len(engine.search(mine, parse_query("cat"), 50).hits) == 12
    second.embed_anew(mine)
    filled(second, mine)
    assert second.search(mine, like(tmp_path / "sent/02.png"), 1).hits[0].entry.name == "02.png"
    assert second.info(mine).captions == 6


def test_the_same_checkpoint_with_other_preprocessing_is_another_space(
    engine: SearchEngine, mine: str, spec: ModelSpec, tmp_path: Path, manager: ModelManager
) -> None:
    import json
    import shutil

    assert spec.folder is not None
    shutil.copytree(spec.folder, tmp_path / spec.folder.name)
    settings = tmp_path / spec.folder.name / "processor_config.json"
    values = json.loads(settings.read_text())
    values["image_processor"]["image_mean"] = [0.1, 0.1, 0.1]
    settings.write_text(json.dumps(values))
    changed = find_spec(str(tmp_path / spec.folder.name), "embedding")
    with pytest.raises(OtherSpaceError):
        SearchEngine(manager, changed, "fp32", tmp_path / "data").search(mine, parse_query("cat"), 5)


def test_a_damaged_index_is_put_aside_and_made_anew_from_the_pictures(
    engine: SearchEngine, mine: str, tmp_path: Path, manager: ModelManager, spec: ModelSpec
) -> None:
    before = engine.store.entries(mine)
    engine.close()
    (index,) = (tmp_path / "data/galleries").glob(f"*/{INDEX}")
    for leftover in index.parent.glob(f"{INDEX}-*"):
        leftover.unlink()
    index.write_bytes(b"damaged" * 5000)
    again = SearchEngine(manager, spec, "fp32", tmp_path / "data")
    with pytest.raises(DamagedError):
        again.search(mine, parse_query("cat"), 5)
    assert [step.mended for step in again.index(mine, threading.Event())] == [True, True]
    assert again.store.entries(mine) == before
    assert list(index.parent.glob(f"{INDEX}.damaged-*"))


def test_an_index_that_is_gone_is_made_anew_too(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    before = engine.store.entries(mine)
    engine.close()
    for file in (tmp_path / "data/galleries").glob(f"*/{INDEX}*"):
        file.unlink()
    with pytest.raises(DamagedError, match="Re-scan"):
        engine.search(mine, parse_query("cat"), 5)
    filled(engine, mine)
    assert engine.store.entries(mine) == before


def test_a_bundled_gallery_that_was_left_half_way_is_finished(engine: SearchEngine, tmp_path: Path) -> None:
    from crossmodal.retrieval import indexing

    running = engine.prepare("Shipped")
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert not engine.ready("Shipped")
    assert indexing.BATCH > 5
    for _ in engine.prepare("Shipped"):
        pass
    engine.store.remove("Shipped", [engine.store.entries("Shipped")[0].id])
    assert not engine.ready("Shipped")
    *_, last = engine.prepare("Shipped")
    assert (last.done, last.unchanged) == (1, 4)
    assert engine.ready("Shipped")


def test_names_differ_in_more_than_case(engine: SearchEngine, mine: str) -> None:
    with pytest.raises(StoreError, match="ships with the app"):
        engine.create("SHIPPED")
    with pytest.raises(UserError, match="ships with the app"):
        engine.rename(mine, "shipped ")
    with pytest.raises(StoreError, match="already"):
        engine.create("MINE")
    engine.rename(mine, "Mine")
    assert engine.names() == ["Shipped", "Mine"]
    assert engine.info("Mine").pictures == 12


def test_a_gallery_that_was_mended_and_deleted_leaves_its_name_free(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    engine.close()
    for file in (tmp_path / "data/galleries").glob(f"*/{INDEX}*"):
        file.unlink()
    filled(engine, mine)
    engine.delete(mine)
    engine.create("other")
    engine.rename("other", mine)
    assert engine.names() == ["Shipped", mine]


def test_a_caption_of_half_a_character_does_not_stop_the_rest(engine: SearchEngine, mine: str) -> None:
    root = Path(engine.info(mine).root)
    (root / "08.json").write_text('{"caption": "half \\ud800 of it"}')
    filled(engine, mine)
    assert [e.text for e in engine.store.entries(mine) if e.name == "08.png"] == ["half ? of it"]


def test_a_picture_with_an_unwanted_word_is_read_as_a_picture(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    plain = engine.search(mine, like(tmp_path / "sent/00.png"), 3)
    less = engine.search(mine, (*like(tmp_path / "sent/00.png"), Term(words="dog", weight=-0.1)), 3)
    assert less.cutoff.score == pytest.approx(plain.cutoff.score)


def test_two_may_not_change_one_gallery_at_a_time_but_search_it(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    engine.bring_in(mine, [(noise(tmp_path / "new.png", 999), "new.png")])
    running = engine.index(mine, threading.Event())
    next(running)
    for change in (lambda: next(engine.index(mine, threading.Event())), lambda: engine.delete(mine)):
        with pytest.raises(StoreError, match="being changed by somebody else"):
            change()
    assert engine.search(mine, parse_query("cat"), 50).hits
    for _ in running:
        pass
    assert engine.info(mine).pictures == 13
    engine.rename(mine, "yours")
    assert engine.info("yours").pictures == 13


def test_closing_half_way_lets_go_of_the_gallery(engine: SearchEngine, mine: str) -> None:
    running = engine.index(mine, threading.Event())
    next(running)
    running.close()  # type: ignore[attr-defined]
    engine.delete(mine)
    assert engine.names() == ["Shipped"]
    assert not list(Path(engine._data / "pictures").iterdir())


def test_a_picture_is_removed_with_its_copy_and_does_not_come_back(engine: SearchEngine, mine: str) -> None:
    entry = engine.search(mine, parse_query("cat"), 1).hits[0].entry
    engine.remove(mine, entry.id)
    filled(engine, mine)
    assert entry.name not in {e.name for e in engine.store.entries(mine)}
    with pytest.raises(StoreError, match="no longer in the gallery"):
        engine.picture(mine, entry.id)


def test_an_operators_folder_is_searched_and_never_changed(engine: SearchEngine, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    noise(folder / "a.png", 1)
    engine.create("theirs", folder)
    filled(engine, "theirs")
    entry = engine.store.entries("theirs")[0]
    with pytest.raises(UserError, match="folder of the server"):
        engine.bring_in("theirs", [(noise(tmp_path / "b.png", 2), "b.png")])
    with pytest.raises(UserError, match="folder of the server"):
        engine.remove("theirs", entry.id)
    engine.delete("theirs")
    assert (folder / "a.png").exists()


def test_what_lies_in_a_gallery_after_a_restart_is_searched_without_embedding_again(
    engine: SearchEngine, mine: str, manager: ModelManager, spec: ModelSpec, tmp_path: Path
) -> None:
    found = engine.search(mine, parse_query("cat"), 5)
    engine.close()
    again = SearchEngine(manager, spec, "fp32", tmp_path / "data")
    assert again.names() == [mine]
    assert [h.entry for h in again.search(mine, parse_query("cat"), 5).hits] == [h.entry for h in found.hits]
    *_, last = again.index(mine, threading.Event())
    assert (last.done, last.unchanged) == (0, 12)


def test_a_folder_that_cannot_be_written_to_gives_a_sentence(tmp_path: Path, manager: ModelManager, spec: ModelSpec) -> None:
    (tmp_path / "file").write_text("not a folder")
    engine = SearchEngine(manager, spec, "fp32", tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be written"):
        engine.create("mine")


def test_the_map_has_a_point_for_everything_and_the_query(engine: SearchEngine, mine: str) -> None:
    plain = engine.map(mine, ())
    assert (len(plain.entries), len(plain.layout.points), plain.gap) == (12, 12, None)
    full = engine.map(mine, parse_query("cat"), captions=True)
    assert (len(full.entries), len(full.layout.points)) == (18, 19)
    assert full.gap is not None
    assert full.gap > 0


def test_quality_is_measured_by_language(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    rows = engine.quality(mine)
    assert [(title, found.queries, found.among) for title, found in rows] == [
        ("text → picture, English", 6, 12),
        ("picture → text, English", 6, 6),
    ]
    root = Path(engine.info(mine).root)
    (root / "07.txt").write_text("一张图片", encoding="utf-8")
    filled(engine, mine)
    assert [found.queries for _, found in engine.quality(mine)] == [6, 6, 1, 1]


def test_unloading_the_model_forgets_what_was_kept_of_it(engine: SearchEngine, mine: str, manager: ModelManager) -> None:
    before = engine.search(mine, parse_query("cat"), 5)
    assert manager.unload_idle() == 1
    after = engine.search(mine, parse_query("cat"), 5)
    assert [h.entry for h in after.hits] == [h.entry for h in before.hits]
    assert replace(after, hits=()) == replace(before, hits=())


def test_a_store_of_a_later_version_is_named_and_refused(engine: SearchEngine, mine: str, tmp_path: Path) -> None:
    import sqlite3

    engine.close()
    (index,) = (tmp_path / "data/galleries").glob(f"*/{INDEX}")
    connection = sqlite3.connect(index)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    assert mine in engine.names()
    with pytest.raises(StoreError, match="later version"):
        engine.search(mine, parse_query("cat"), 5)
    assert isinstance(engine.store, SqliteStore)
