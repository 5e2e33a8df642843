from pathlib import Path

import pytest
import torch

from crossmodal.retrieval.copying import copy_gallery
from crossmodal.retrieval.sqlite_store import SqliteStore
from crossmodal.retrieval.store import Entry, Store, StoreError
from tests.retrieval.stores import KINDS, STAMP, entries, opened, some_name


def everything(store: Store, gallery: str) -> tuple[list[Entry], list[Entry], torch.Tensor]:
    pictures, captions = store.entries(gallery), store.entries(gallery, "caption")
    return pictures, captions, store.vectors(gallery, [e.id for e in (*pictures, *captions)])


@pytest.mark.parametrize("kind", KINDS[1:])
def test_there_and_back_gives_an_equal_gallery(tmp_path: Path, kind: str) -> None:
    name = some_name()
    first, last = SqliteStore(tmp_path / "first"), SqliteStore(tmp_path / "last")
    first.create(name, "/pictures", STAMP)
    first.add(name, entries(300, captions=2))
    with opened(kind, tmp_path / "between") as between:
        assert copy_gallery(first, between, name) == 900
        copy_gallery(between, last, name)
        between.delete(name)
    before, after = everything(first, name), everything(last, name)
    assert after[:2] == before[:2]
    assert torch.allclose(after[2], before[2], atol=1e-6)
    assert last.info(name) == first.info(name)


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    first, second = SqliteStore(tmp_path / "1"), SqliteStore(tmp_path / "2")
    for store, count in ((first, 5), (second, 2)):
        store.create("mine", "/pictures", STAMP)
        store.add("mine", entries(count))
    with pytest.raises(StoreError, match="already"):
        copy_gallery(first, second, "mine")
    assert second.info("mine").pictures == 2


def test_a_copy_that_fails_half_way_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = SqliteStore(tmp_path / "1"), SqliteStore(tmp_path / "2")
    first.create("mine", "/pictures", STAMP)
    first.add("mine", entries(600))
    added = second.add

    def failing(gallery: str, given: list[Entry]) -> None:
        if second.info(gallery).pictures:
            raise StoreError("The disk is full.")
        added(gallery, given)

    monkeypatch.setattr(second, "add", failing)
    with pytest.raises(StoreError, match="full"):
        copy_gallery(first, second, "mine")
    assert second.names() == []
