"""The fusion tab as a person uses it: what ships, a run of one's own, a stop, one case through all strategies."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crossmodal.fusion.names import STRATEGIES
from tests.browser import tabs

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 740}
TRAINING_MS = 240_000


def open_tab(page: Page) -> None:
    page.wait_for_selector("#title:has-text('crossmodal')")
    chinese = page.get_by_role("tab", name="对话").is_visible()
    tabs.open_tab(page, "融合" if chinese else "Fusion", "#fu-run")
    expect(page.locator("#fu-bars tr")).to_have_count(len(STRATEGIES))


def tick_only(page: Page, titles: tuple[str, ...]) -> None:
    for box in page.locator("#fu-strategies label").all():
        if (box.inner_text().strip() in titles) != box.locator("input").is_checked():
            box.click()


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("locale", "ships"), [("en-US", "Bundled results of 5 seeds"), ("zh-CN", "内置结果（5 个种子）")])
def test_what_ships_is_shown_at_once_and_a_case_goes_through_all(
    visit: Visit, screen: dict[str, int], locale: str, ships: str
) -> None:
    page = visit(locale, **screen)
    open_tab(page)
    expect(page.locator("#fu-progress")).to_contain_text(ships)
    page.locator("#fu-new-case").click()
    expect(page.locator("#fu-case-table tr:has(td)")).to_have_count(len(STRATEGIES))
    page.wait_for_selector("#fu-attention img")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_three_strategies_are_trained_with_two_seeds_and_their_curves_table_and_charts_appear(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    tick_only(page, ("Text only", "LMF", "Late: product of experts"))
    page.locator("#fu-run").click()
    expect(page.locator("#fu-progress")).to_contain_text("trainings done", timeout=TRAINING_MS)
    expect(page.locator("#fu-progress")).to_contain_text("This run: 6 trainings", timeout=TRAINING_MS)
    shown = page.locator("#fu-bars tr")
    expect(shown).to_have_count(3)
    figures = {row.locator("th").inner_text(): float(row.locator(".figure").inner_text().rstrip(" %")) for row in shown.all()}
    assert figures["LMF mid"] > 90
    assert 40 < figures["Late: product of experts late"] < 60
    expect(page.locator("#fu-curves polyline")).to_have_count(3)
    page.get_by_text("Cost, noise, reliability").click()
    expect(page.locator("#fu-charts svg")).to_have_count(4)
    page.get_by_text("The same run from the command line").click()
    expect(page.locator("#fu-command")).to_contain_text("--task xor --seeds 2")
    page.locator("#language label").filter(has_text="中文").click()
    expect(shown).to_have_count(3)  # the person's own run stays


def test_a_run_is_stopped_and_the_page_goes_on(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    page.locator("#fu-run").click()
    expect(page.locator("#fu-progress")).to_contain_text(re.compile("trainings done|Encoding"), timeout=TRAINING_MS)
    page.locator("#fu-stop").click()
    expect(page.locator("#fu-progress")).to_contain_text("Stopped:", timeout=TRAINING_MS)
    page.locator("#fu-new-case").click()
    expect(page.locator("#fu-case-table tr:has(td)")).to_have_count(len(STRATEGIES))


def test_no_strategy_and_one_seed_are_refused_in_a_sentence(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    tick_only(page, ())
    page.locator("#fu-run").click()
    expect(page.get_by_text("No strategy is chosen")).to_be_visible()
    tick_only(page, ("LMF",))
    page.locator("#fu-options").get_by_text("Seeds, size").click()
    page.locator("#fu-seeds input").fill("1")
    page.locator("#fu-run").click()
    expect(page.get_by_text("an interval needs 2")).to_be_visible()


def test_the_joint_embedding_answers_the_question_about_the_cat(visit: Visit) -> None:
    page = visit()
    open_tab(page)
    page.locator("#fu-task input").click()
    page.get_by_role("option", name="VQA: what is on what?").click()
    page.locator("#fu-picture input[type=file]").first.set_input_files(str(Path("assets/pictures/cat-on-laptop.webp")))
    page.wait_for_selector("#fu-picture img")
    page.locator("#fu-sentence textarea").fill("What is the cat sitting on?")
    page.locator("#fu-tell").click()
    row = page.locator("#fu-case-table tr").filter(has_text="Concat MLP")
    expect(row.locator("td").first).to_contain_text("laptop")
