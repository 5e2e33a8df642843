from pathlib import Path

import pytest
from PIL import Image

from crossmodal.retrieval.cutoff import Cutoff
from crossmodal.retrieval.engine import Answer, Hit, Map
from crossmodal.retrieval.layout import lay_out
from crossmodal.retrieval.query import Term, parse_query
from crossmodal.retrieval.store import Entry
from crossmodal.ui.search_view import (
    Shown,
    captions,
    curl_code,
    headline,
    histogram,
    map_picture,
    map_places,
    python_code,
    shown,
    thumbnail,
    why,
)
from crossmodal.ui.texts import TEXTS
from tests.retrieval.stores import unit

EN = TEXTS["en"]


def as_shown(found: Hit, small: str) -> Shown:
    return shown(found, "mine", small)


NASTY = '<img src=x onerror="alert(1)">'


def hit(score: float, name: str = "a.png", text: str = "a cat\n一只猫", terms: str = "cat - dog", duplicates: int = 0) -> Hit:
    parts = tuple((term, score / 2) for term in parse_query(terms))
    return Hit(Entry(name, name, "picture", name, text), score, parts, score > 0.5, duplicates)


def test_the_headline_counts_what_passes_the_line_wherever_it_is_moved() -> None:
    hits = [as_shown(hit(score), "x.webp") for score in (0.9, 0.6, 0.3)]
    assert "<b>2</b> of 3" in headline(hits, 0.5, 1_234, EN)
    assert "1,234" in headline(hits, 0.5, 1_234, EN)
    assert "<b>3</b> of 3" in headline(hits, 0.1, 5, EN)
    assert "Nothing here matches" in headline(hits, 0.95, 5, EN)
    assert "0.900" in headline(hits, 0.95, 5, EN)
    assert EN.sr_no_hits in headline([], 0.5, 5, EN)


def test_captions_mark_what_passes_and_say_how_many_duplicates_were_hidden() -> None:
    hits = [as_shown(hit(0.9, duplicates=2), "x.webp"), as_shown(hit(0.3), "y.webp")]
    (_, first), (_, second) = captions(hits, 0.5, EN)
    assert first.startswith("✓ 0.900")
    assert "2 near-duplicates hidden" in first
    assert second.startswith("0.300")
    assert "a cat" in second


def test_the_reason_escapes_what_a_person_typed() -> None:
    found = why(as_shown(hit(0.9, name=NASTY, text=NASTY, terms=NASTY), ""), 0.5, EN)
    assert "<img" not in found
    assert "&lt;img" in found


def test_the_reason_shows_each_contribution_with_its_sign() -> None:
    terms = (Term(words="cat"), Term(words="dog", weight=-0.5))
    known = Hit(hit(0.4).entry, 0.4, ((terms[0], 0.7), (terms[1], -0.3)), False)
    found = why(as_shown(known, ""), 0.5, EN)
    assert "+0.700" in found
    assert "-0.300" in found
    assert EN.sr_below in found


def test_the_heat_map_is_about_the_heaviest_wanted_words() -> None:
    assert as_shown(hit(0.5, terms="cat + red ball*2 - dog*3"), "").words == "red ball"
    assert as_shown(hit(0.5, terms="- dog"), "").words == ""


def test_the_histogram_holds_the_line_and_the_best_hit() -> None:
    answer = Answer((hit(0.8),), Cutoff(0.5, (0.1, 0.2, 0.2, 0.3)), 4)
    found = histogram(answer, 0.5, EN)
    assert found.count("<rect") == 40
    assert "<line" in found
    assert "<circle" in found
    assert histogram(Answer((), Cutoff(0.5, (0.1,)), 1), 0.5, EN) == ""


def test_a_thumbnail_is_made_once_and_is_small(tmp_path: Path) -> None:
    Image.new("RGB", (1000, 500), "red").save(tmp_path / "a.jpg")
    first = thumbnail(tmp_path / "a.jpg", "f" * 64, tmp_path)
    assert Image.open(first).size == (256, 128)
    (tmp_path / "a.jpg").unlink()
    assert thumbnail(tmp_path / "a.jpg", "f" * 64, tmp_path) == first
    assert thumbnail(tmp_path / "gone.jpg", "e" * 64, tmp_path) == ""


@pytest.mark.parametrize("captioned", [False, True])
def test_everything_lies_on_the_map(captioned: bool) -> None:
    kinds = ["picture"] * 5 + ["caption"] * (3 if captioned else 0)
    entries = tuple(Entry(str(i), str(i), kind, f"{i}.png", "") for i, kind in enumerate(kinds))  # type: ignore[arg-type]
    found = Map(entries, lay_out(unit(len(entries) + 1)), None)
    picture = map_picture(found, [""] * len(entries))
    places = map_places(found)
    assert len(places) == len(entries) + 1
    for x, y in places:
        assert 0 < x < picture.width
        assert 0 < y < picture.height
        assert picture.getpixel((x, y)) != (255, 255, 255)


def test_the_code_of_the_call_holds_the_query_as_it_is() -> None:
    text = 'it\'s "so" 猫'
    compile(python_code(text, 5, "Picture book", "http://x/"), "shown", "exec")
    assert "猫" in python_code(text, 5, "Picture book", "http://x/")
    assert "it'\\''s" in curl_code(text, 5, "Picture book", "http://x/")
