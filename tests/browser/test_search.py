"""The search tab, by hand: search, drop, compose, move the cut-off, the map, galleries that outlive the app."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from tests.browser.tabs import open_tab
from tests.known import CAT, SHIP

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 740}


def search(page: Page, words: str) -> None:
    page.locator("#sr-query textarea").fill(words)
    page.locator("#sr-go").click()


def hits(page: Page):  # type: ignore[no-untyped-def]
    return page.locator("#sr-hits .thumbnail-item")


def chips(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#sr-chips .token span").all_inner_texts() if text.strip()]


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    ("locale", "tab", "words"), [("en-US", "Search", "a cat"), ("zh-CN", "检索", "一只猫")], ids=["english", "chinese"]
)
def test_words_find_pictures_with_scores_and_the_reason(
    visit: Visit, screen: dict[str, int], locale: str, tab: str, words: str
) -> None:
    page = visit(locale, **screen)
    open_tab(page, tab, "#sr-go")
    search(page, words)
    expect(hits(page)).to_have_count(24)
    alts = [hits(page).nth(i).locator("img").get_attribute("alt") or "" for i in range(5)]
    assert any("cat" in alt or "kitty" in alt for alt in alts)
    hits(page).first.click()
    page.wait_for_selector("#sr-selected img")
    page.wait_for_selector("#sr-seen img")
    expect(page.locator("#sr-why table.bars tr")).to_have_count(1)
    expect(page.locator("#sr-histogram svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_dropped_picture_finds_what_is_like_it_and_its_chip_can_be_removed(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Search", "#sr-go")
    page.locator("#sr-picture input[type=file]").first.set_input_files(str(SHIP))
    expect(hits(page)).to_have_count(24)
    assert "🖼 picture" in chips(page)[0]
    search(page, "sea")
    expect(page.locator("#sr-chips .token")).to_have_count(2)
    page.locator("#sr-chips .token").last.locator(".token-remove, button").first.click()
    expect(page.locator("#sr-chips .token")).to_have_count(1)


def test_a_query_is_composed_and_feedback_joins_it(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Search", "#sr-go")
    search(page, "cat - dog")
    expect(page.locator("#sr-chips .token")).to_have_count(2)
    assert chips(page)[:2] == ["+ cat", "− dog"]
    hits(page).first.click()
    expect(page.locator("#sr-why table.bars tr")).to_have_count(2)
    page.locator("#sr-more").click()
    expect(page.locator("#sr-chips .token")).to_have_count(3)
    expect(page.locator("#sr-details")).not_to_be_visible()


def test_nothing_matches_and_the_line_can_be_moved(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Search", "#sr-go")
    search(page, "fax machine - cat - dog")
    expect(page.locator("#sr-headline")).to_contain_text(re.compile("Nothing here matches|pass the cut-off"))
    line = page.locator("#sr-line input[type=range]")
    line.evaluate("e => { e.value = e.min; e.dispatchEvent(new Event('input', {bubbles: true})); }")
    line.dispatch_event("pointerup")
    expect(page.locator("#sr-headline")).to_contain_text("24 of 24 shown pass")
    line.evaluate("e => { e.value = e.max; e.dispatchEvent(new Event('input', {bubbles: true})); }")
    line.dispatch_event("pointerup")
    expect(page.locator("#sr-headline")).to_contain_text("Nothing here matches")


def test_the_map_shows_the_gallery_and_a_click_selects(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Search", "#sr-go")
    search(page, "cat")
    expect(hits(page)).to_have_count(24)
    page.locator("#sr-map").get_by_text("Map", exact=True).click()
    page.locator("#sr-map-captions input").check()
    page.locator("#sr-draw").click()
    page.wait_for_selector("#sr-drawn img")
    expect(page.get_by_text("modality gap")).to_be_visible()
    box = page.locator("#sr-drawn img").bounding_box()
    assert box is not None
    for share in (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65):
        page.locator("#sr-drawn img").click(position={"x": box["width"] * share, "y": box["height"] * 0.5})
        page.wait_for_timeout(700)
        if page.locator("#sr-selected img").is_visible():
            break
    expect(page.locator("#sr-selected img")).to_be_visible()


def test_an_empty_query_and_a_script_as_a_query(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Search", "#sr-go")
    search(page, "")
    expect(page.get_by_text("nothing to search for")).to_be_visible()
    search(page, '<img src=x onerror="document.title=1">')
    expect(hits(page)).to_have_count(24)
    hits(page).first.click()
    page.wait_for_selector("#sr-selected img")
    assert page.locator("#sr-why img, #sr-headline img").count() == 0
    assert page.title() == "crossmodal"


def test_pictures_travel_between_the_tabs(visit: Visit) -> None:
    page = visit()
    page.locator("#picture input[type=file]").first.set_input_files(str(CAT))
    page.wait_for_selector("#picture img")
    page.locator("#find-similar").click()
    expect(hits(page)).to_have_count(24)
    hits(page).first.click()
    page.wait_for_selector("#sr-selected img")
    page.locator("#sr-classify").click()
    page.wait_for_selector("#zs-picture img")
    expect(page.locator("#zs-go")).to_be_visible()


def test_recall_is_measured_on_the_page(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Search", "#sr-go")
    search(page, "cat")
    expect(hits(page)).to_have_count(24)
    page.locator("#sr-quality").get_by_text("Quality").first.click()
    page.locator("#sr-measure").click()
    expect(page.locator("#sr-table")).to_contain_text("500 among 500")


def test_fifty_dropped_files_become_a_gallery_that_outlives_the_app(
    browser: Browser, launch: Callable[..., str], tmp_path: Path
) -> None:
    scenes = [SceneSampler().sample(seed, "one") for seed in range(49)]
    for i, scene in enumerate(scenes):
        render(scene, 96).save(tmp_path / f"{i:02}.png")
    (tmp_path / "49.png").write_text("not a picture")
    kept = str(tmp_path / "kept")
    page = browser.new_page(locale="en-US")
    page.set_default_timeout(60_000)
    page.goto(launch("--galleries", kept))
    open_tab(page, "Search", "#sr-go")
    page.locator("#sr-galleries").get_by_text("Make and change galleries").click()
    page.locator("#sr-name input, #sr-name textarea").fill("my fifty")
    page.locator("#sr-files input[type=file]").set_input_files([str(p) for p in sorted(tmp_path.glob("*.png"))])
    expect(page.locator("#sr-files")).to_contain_text("49")
    page.locator("#sr-add").click()
    expect(page.locator("#sr-progress")).to_contain_text(re.compile("49 new or changed, 0 unchanged, 0 removed, 1 skipped"))
    expect(page.locator("#sr-galleries")).to_contain_text("not a picture")
    search(page, scenes[3].placed[0].thing.name)
    expect(hits(page)).to_have_count(24)
    page.close()
    again = browser.new_page(locale="en-US")
    again.set_default_timeout(60_000)
    again.goto(launch("--galleries", kept))
    open_tab(again, "Search", "#sr-go")
    again.locator("#sr-gallery input").click()
    again.get_by_role("option", name="my fifty").click()
    search(again, scenes[3].placed[0].thing.name)
    expect(hits(again)).to_have_count(24)
    again.close()
