"""The alignment tab as a person uses it: what ships, a temperature moved, a short training, a stop, a bug put in."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crossmodal.alignment.names import WAYS
from tests.browser import tabs

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 740}
TRAINING_MS = 240_000
TITLES = {
    "en": ("Alignment", ("Two encoders, one space", "Temperature", "Two domains", "CLIP across domains", "Break it")),
    "zh": ("对齐", ("两个编码器，一个空间", "温度", "两个域", "跨域的 CLIP", "弄坏它")),
}
MARKS = ("#al-pairing-run", "#al-look", "#al-domains-run", "#al-new-pair", "#al-bug")


def open_tab(page: Page, inner: int) -> None:
    page.wait_for_selector("#title:has-text('crossmodal')")
    title, titles = TITLES["zh" if page.get_by_role("tab", name="对话").is_visible() else "en"]
    tabs.open_tab(page, title, "#al-tabs")
    if not page.locator(MARKS[inner]).is_visible():
        tabs.open_tab(page, titles[inner], MARKS[inner], "#al-tabs")


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_every_part_shows_something_at_once_and_fits_the_screen(visit: Visit, screen: dict[str, int], locale: str) -> None:
    page = visit(locale, **screen)
    shown = ("#al-pairing-outcome tr", "#al-trace svg", "#al-domains-drawn svg", "#al-clip-outcome tr", "#al-broken svg")
    for inner, mark in enumerate(shown):
        open_tab(page, inner)
        expect(page.locator(mark).first).to_be_visible(timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_misprint_is_switched_on_and_the_loss_falls_below_zero(visit: Visit) -> None:
    page = visit()
    open_tab(page, 1)
    expect(page.locator("#al-moment")).to_contain_text("loss ends at 0.")
    page.locator("#al-misprint input").check()
    expect(page.locator("#al-moment")).to_contain_text("loss ends at -")
    page.locator("#al-sweep").click()
    expect(page.locator("#al-trace svg")).to_have_count(2)


def test_two_ways_are_trained_on_two_seeds_and_another_run_is_stopped(visit: Visit) -> None:
    page = visit()
    open_tab(page, 2)
    expect(page.locator("#al-domains-outcome table.bars tr")).to_have_count(len(WAYS))
    for box in page.locator("#al-ways label").all():
        wanted = box.inner_text().strip() in ("Control: target statistics", "CORAL")
        if wanted != box.locator("input").is_checked():
            box.click()
    page.locator("#al-domains-run").click()
    expect(page.locator("#al-domains-progress")).to_contain_text("This run: 4 trainings", timeout=TRAINING_MS)
    expect(page.locator("#al-domains-outcome table.bars tr")).to_have_count(2)
    expect(page.locator("#al-domains-drawn svg")).to_have_count(2)
    page.locator("#al-domains-run").click()
    expect(page.locator("#al-domains-progress")).to_contain_text("of 4 trainings done")
    page.locator("#al-domains-stop").click()
    expect(page.locator("#al-domains-progress")).to_contain_text("Stopped:")


def test_a_scene_in_both_styles_is_named_and_a_bug_is_put_in(visit: Visit) -> None:
    page = visit()
    open_tab(page, 3)
    page.locator("#al-new-pair").click()
    page.wait_for_selector("#al-twemoji img")
    expect(page.locator("#al-noto-names")).to_contain_text("%")
    open_tab(page, 4)
    page.get_by_text("Softmax twice").click()
    expect(page.locator("#al-broken")).to_contain_text("cannot fall below 0.31")
