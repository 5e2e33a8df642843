"""The models tab as a person uses it: load, switch the precision, see the memory move, unload, ask two at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import tabs
from tests.known import CAT

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 740}


def open_tab(page: Page) -> None:
    page.wait_for_selector("#title:has-text('crossmodal')")
    chinese = page.get_by_role("tab", name="对话").is_visible()
    tabs.open_tab(page, "模型" if chinese else "Models", "#mo-load")
    expect(page.locator("#mo-table tr").first).to_be_visible()


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("locale", "fits"), [("en-US", "fits"), ("zh-CN", "放得下")])
def test_the_catalogue_says_at_once_what_fits(visit: Visit, screen: dict[str, int], locale: str, fits: str) -> None:
    page = visit(locale, **screen)
    open_tab(page)
    expect(page.locator("#mo-plan")).to_contain_text(fits)
    expect(page.locator("#mo-table")).to_contain_text("LLaVA 1.5 7B")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_model_is_loaded_in_another_precision_the_memory_moves_and_it_is_unloaded(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    page.locator("#mo-precision").get_by_text("nf4").click()
    page.locator("#mo-load").click()
    expect(page.locator("#mo-said")).to_contain_text("is in memory in nf4: 0.015 GB", timeout=60_000)
    expect(page.locator("#mo-memory")).to_contain_text("nf4 0.015 GB")
    page.locator("#mo-unload").click()
    expect(page.locator("#mo-said")).to_contain_text("left memory")
    expect(page.locator("#mo-memory")).not_to_contain_text("nf4 0.015 GB")


def test_two_are_asked_the_same_and_say_what_it_cost(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    page.locator("#mo-picture input[type=file]").set_input_files(str(CAT))
    page.wait_for_selector("#mo-picture img")
    page.locator("#mo-question textarea").fill("What is the cat doing?")
    page.locator("#mo-ask-both").click()
    for side in ("first", "second"):
        expect(page.locator(f"#mo-{side}-answer")).to_contain_text("tokens/s", timeout=60_000)
        expect(page.locator(f"#mo-{side}-answer")).to_contain_text("cat")


def test_the_chat_asks_the_model_that_was_chosen(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    page.locator("#mo-precision").get_by_text("bf16").click()
    page.locator("#mo-use").click()
    expect(page.locator("#mo-said")).to_contain_text("The chat now asks Picture book (bundled, 12M) in bf16")
    tabs.open_tab(page, "Chat", "#question")
    page.locator("#examples button").first.click()
    expect(page.locator("#chat")).to_contain_text("sitting on the laptop", timeout=60_000)
    tabs.open_tab(page, "Models", "#mo-load")
    expect(page.locator("#mo-memory")).to_contain_text("bf16")
