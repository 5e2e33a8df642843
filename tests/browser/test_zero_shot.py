import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from tests.browser import tabs
from tests.known import SHIP

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 740}


def open_tab(page: Page) -> None:
    page.wait_for_selector("#title:has-text('crossmodal')")
    chinese = page.get_by_role("tab", name="对话").is_visible()
    tabs.open_tab(page, "零样本分类" if chinese else "Zero-shot", "#zs-go")


def upload(page: Page, picture: Path) -> None:
    page.locator("#zs-picture input[type=file]").first.set_input_files(str(picture))
    page.wait_for_selector("#zs-picture img")


def classify(page: Page, labels: str) -> None:
    page.locator("#zs-labels textarea").fill(labels)
    page.locator("#zs-go").click()


def rows(page: Page):  # type: ignore[no-untyped-def]
    return page.locator("#zs-bars table.bars tr:has(td)")


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    ("locale", "labels", "best"),
    [("en-US", "ship\ncat\nbanana", "ship"), ("zh-CN", "轮船\n猫\n香蕉", "轮船")],
    ids=["english", "chinese"],
)
def test_labels_are_typed_and_the_best_is_named_with_bars_and_a_map(
    visit: Visit, screen: dict[str, int], locale: str, labels: str, best: str
) -> None:
    page = visit(locale, **screen)
    open_tab(page)
    upload(page, SHIP)
    classify(page, labels)
    expect(rows(page)).to_have_count(3)
    expect(rows(page).first).to_contain_text(best)
    expect(page.locator("#zs-headline")).to_contain_text(best)
    page.wait_for_selector("#zs-map img")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_a_person_types_is_text_and_never_markup(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    upload(page, SHIP)
    classify(page, '<img src=x onerror="document.title=1">\n**bold**\n[link](http://example.com)')
    expect(rows(page)).to_have_count(3)
    assert page.locator("#zs-bars img, #zs-bars a, #zs-headline img, #zs-headline a").count() == 0
    assert page.title() == "crossmodal"


def test_no_labels_gives_one_sentence_and_keeps_everything(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    upload(page, SHIP)
    classify(page, "")
    expect(page.get_by_text("There are no labels")).to_be_visible()
    classify(page, "cat, dog")
    expect(rows(page)).to_have_count(2)


def test_a_new_scene_comes_with_labels_and_its_picture_travels_to_the_chat(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    page.locator("#zs-new-scene").click()
    expect(rows(page)).to_have_count(10)
    page.locator("#zs-ask").click()
    expect(page.locator("#question textarea")).to_be_visible()
    page.wait_for_selector("#picture img")


def test_fifty_files_with_a_broken_one_become_a_table_that_is_downloaded_and_read_back(visit: Visit, tmp_path: Path) -> None:
    scenes = [SceneSampler().sample(seed, "one") for seed in range(49)]
    for i, scene in enumerate(scenes):
        render(scene, 96).save(tmp_path / f"{i:02}.png")
    (tmp_path / "49.png").write_text("not a picture")
    things = dict.fromkeys(s.placed[0].thing.name for s in scenes)
    page = visit()
    open_tab(page)
    page.locator("#zs-labels textarea").fill("\n".join(things))
    page.locator("#zs-many").get_by_text("Many pictures").click()
    page.locator("#zs-files input[type=file]").set_input_files([str(p) for p in sorted(tmp_path.glob("*.png"))])
    expect(page.locator("#zs-files")).to_contain_text("49")
    page.locator("#zs-run-all").click()
    expect(page.locator("#zs-progress")).to_contain_text(re.compile("49 of 50 done, 1 could not be read"))
    expect(page.locator("#zs-table")).to_contain_text("00.png")
    page.set_viewport_size(PHONE)  # a wide table scrolls by itself and does not widen the page
    expect(page.locator("#zs-table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    with page.expect_download() as waiting:
        page.locator("#zs-csv").click()
    found = list(csv.DictReader(waiting.value.path().open(encoding="utf-8-sig")))
    assert [row["file"] for row in found] == [f"{i:02}.png" for i in range(50)]
    assert "not a picture" in found[49]["error"]
    right = sum(row["label 1"] == s.placed[0].thing.name for row, s in zip(found, scenes, strict=False))
    assert right >= 40


def test_the_code_of_the_call_is_shown(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    upload(page, SHIP)
    classify(page, "cat, dog")
    expect(rows(page)).to_have_count(2)
    page.get_by_text("Show code").click()
    expect(page.get_by_text("api_name=").first).to_be_visible()


def test_folders_of_the_server_are_not_offered_unless_the_operator_opened_one(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    page.locator("#zs-many").get_by_text("Many pictures").click()
    expect(page.locator("#zs-files")).to_be_visible()
    expect(page.locator("#zs-folder")).not_to_be_visible()
