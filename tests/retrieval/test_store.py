"""What every store must do, run over each of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crossmodal.retrieval.store import Filter, Store, StoreError
from tests.retrieval.stores import DIM, KINDS, STAMP, entries, opened, some_name, unit


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def gallery(store: Store) -> Iterator[str]:
    name = some_name()
    store.create(name, "/pictures", STAMP)
    yield name
    for left in store.names():
        if left.startswith(name):
            store.delete(left)


def test_a_new_gallery_is_listed_and_empty(store: Store, gallery: str) -> None:
    assert gallery in store.names()
    info = store.info(gallery)
    assert (info.name, info.root, info.stamp, info.pictures, info.captions) == (gallery, "/pictures", STAMP, 0, 0)
    assert store.entries(gallery) == []
    assert store.search(gallery, unit(2), 5) == [[], []]
    assert store.sample(gallery, 10).shape == (0, DIM)


def test_a_name_is_taken_once_whatever_its_case(store: Store, gallery: str) -> None:
    with pytest.raises(StoreError, match="already"):
        store.create(gallery.upper(), "/elsewhere", STAMP)
    assert store.info(gallery).root == "/pictures"


def test_what_was_added_comes_back_in_order_with_its_vectors(store: Store, gallery: str) -> None:
    given = entries(20, captions=2)
    store.add(gallery, given[:30])
    store.add(gallery, given[30:])
    for kind in ("picture", "caption"):
        mine = [e for e in given if e.kind == kind]
        assert store.entries(gallery, kind) == [replace(e, vector=None) for e in mine]
        found = store.vectors(gallery, [e.id for e in mine])
        assert torch.allclose(found, torch.stack([e.vector for e in mine]), atol=1e-6)
    info = store.info(gallery)
    assert (info.pictures, info.captions) == (20, 40)


def test_search_is_exact_and_keeps_pictures_and_captions_apart(store: Store, gallery: str) -> None:
    given = entries(60, captions=1)
    store.add(gallery, given)
    queries = unit(3, seed=99)
    for kind in ("picture", "caption"):
        mine = [e for e in given if e.kind == kind]
        scores = queries @ torch.stack([e.vector for e in mine]).T
        for row, found in zip(scores, store.search(gallery, queries, 10, kind), strict=True):
            best = row.argsort(descending=True)[:10].tolist()
            assert [f.entry.id for f in found] == [mine[i].id for i in best]
            assert [f.score for f in found] == pytest.approx(row[best].tolist(), abs=1e-5)


def test_asking_for_more_than_there_is_gives_all_there_is(store: Store, gallery: str) -> None:
    store.add(gallery, entries(3))
    assert len(store.search(gallery, unit(1), 1000)[0]) == 3


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        (Filter(folder="a"), lambda e: e.folder.startswith("a/") or e.folder == "a"),
        (Filter(folder="a/in"), lambda e: e.folder == "a/in"),
        (Filter(folder="a/i"), lambda e: False),
        (Filter(since="2010-01-05"), lambda e: e.date >= "2010-01-05"),
        (Filter(until="2010-01-05"), lambda e: "" < e.date <= "2010-01-05"),
        (Filter(since="2003-01-01", until="2012-12-31"), lambda e: "2003-01-01" <= e.date <= "2012-12-31"),
        (Filter(contains="PICTURE, 1"), lambda e: e.text.split()[-1] == "1" or " 1 " in e.text),
        (Filter(picture="p7"), lambda e: e.picture == "p7"),
        (Filter(folder="b", contains="11 caption"), lambda e: e.id == "p11"),
    ],
)
def test_filters(store: Store, gallery: str, where: Filter, kept: object) -> None:
    given = entries(40)
    store.add(gallery, given)
    wanted = {e.id for e in given if e.kind == "picture" and kept(e)}  # type: ignore[operator]
    assert {e.id for e in store.entries(gallery, where=where)} == wanted
    assert {f.entry.id for f in store.search(gallery, unit(1), 100, where=where)[0]} == wanted


def test_a_picture_that_is_added_again_is_replaced_with_its_captions(store: Store, gallery: str) -> None:
    store.add(gallery, entries(5, captions=3))
    (again, caption) = entries(1, captions=1)
    store.add(gallery, [replace(again, text="new", vector=unit(1, seed=77)[0]), replace(caption, text="new")])
    assert store.info(gallery).pictures == 5
    assert store.info(gallery).captions == 13
    assert [e.text for e in store.entries(gallery, "caption", Filter(picture="p0"))] == ["new"]
    assert store.search(gallery, unit(1, seed=77), 1)[0][0].entry.id == "p0"


def test_removed_pictures_and_their_captions_are_found_no_more(store: Store, gallery: str) -> None:
    given = entries(10)
    store.add(gallery, given)
    vector = given[0].vector
    assert vector is not None
    assert store.search(gallery, vector[None], 1)[0][0].entry.id == "p0"
    store.remove(gallery, ["p0", "p3", "never there"])
    assert {e.id for e in store.entries(gallery)} == {f"p{i}" for i in range(10)} - {"p0", "p3"}
    assert "p0" not in {f.entry.id for f in store.search(gallery, vector[None], 100)[0]}
    assert store.info(gallery).captions == 8
    store.add(gallery, given[:2])
    assert store.search(gallery, vector[None], 1)[0][0].entry.id == "p0"


def test_the_sample_is_some_of_the_vectors_and_the_same_each_time(store: Store, gallery: str) -> None:
    given = entries(50, captions=0)
    store.add(gallery, given)
    found = store.sample(gallery, 20)
    assert found.shape == (20, DIM)
    assert torch.equal(found, store.sample(gallery, 20))
    everything = torch.stack([e.vector for e in given])
    assert ((found @ everything.T).amax(1) > 1 - 1e-5).all()
    assert len({tuple(row) for row in found.tolist()}) == 20
    assert store.sample(gallery, 500).shape == (50, DIM)


def test_renaming_keeps_everything_and_frees_the_old_name(store: Store, gallery: str) -> None:
    store.add(gallery, entries(4))
    new = f"{gallery} renamed"
    store.rename(gallery, new)
    assert gallery not in store.names()
    assert store.info(new).pictures == 4
    with pytest.raises(StoreError, match="There is no gallery"):
        store.info(gallery)
    store.create(gallery, "/other", STAMP)
    with pytest.raises(StoreError, match="already"):
        store.rename(gallery, new)
    assert store.info(new).pictures == 4


def test_a_gallery_is_reset_to_another_space_under_its_name(store: Store, gallery: str) -> None:
    store.add(gallery, entries(4))
    other = replace(STAMP, revision="another", dim=DIM + 1)
    store.reset(gallery, other)
    info = store.info(gallery)
    assert (info.stamp, info.root, info.pictures, info.captions) == (other, "/pictures", 0, 0)
    entry = replace(entries(1, captions=0)[0], vector=unit(1, DIM + 1)[0])
    store.add(gallery, [entry])
    assert [f.entry.id for f in store.search(gallery, unit(1, DIM + 1), 5)[0]] == ["p0"]


def test_another_case_of_a_name_is_the_same_gallery(store: Store, gallery: str) -> None:
    store.add(gallery, entries(2))
    assert store.info(gallery.upper()).pictures == 2
    store.rename(gallery, gallery.upper())
    assert gallery.upper() in store.names()
    assert gallery not in store.names()
    assert store.info(gallery).pictures == 2
    store.rename(gallery.upper(), gallery)


def test_a_deleted_gallery_is_gone_and_its_name_can_be_used_again(store: Store, gallery: str) -> None:
    store.add(gallery, entries(4))
    store.delete(gallery)
    assert gallery not in store.names()
    for call in (store.info, store.delete, store.entries):
        with pytest.raises(StoreError, match="There is no gallery"):
            call(gallery)
    store.create(gallery, "/pictures", STAMP)
    assert store.entries(gallery) == []


def test_an_entry_without_its_vector_is_refused_and_nothing_of_the_batch_is_kept(store: Store, gallery: str) -> None:
    good, bad = entries(2, captions=0)
    with pytest.raises(ValueError, match="no vector"):
        store.add(gallery, [good, replace(bad, vector=unit(1, DIM + 1)[0])])
    assert store.entries(gallery) == []


def test_a_vector_that_is_not_there(store: Store, gallery: str) -> None:
    with pytest.raises(StoreError, match="no longer in the gallery"):
        store.vectors(gallery, ["nobody"])
