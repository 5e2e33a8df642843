import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.known import DOING, SHIP, WHERE

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 740}


def answers(page: Page):  # type: ignore[no-untyped-def]
    return page.locator("#chat .bot.message, #chat .message.bot")


def ask_the_ship(page: Page) -> None:
    """Click the example of the ship."""
    page.locator("#examples button").filter(has_text=WHERE["en"][0]).click()


def ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")


def upload(page: Page, picture: Path) -> None:
    page.locator("#picture input[type=file]").first.set_input_files(str(picture))
    page.wait_for_selector("#picture img")


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    ("locale", "language", "second", "reused"),
    [
        ("en-US", "en", "What is this?", r"[1-9]\d* of \d+ prompt tokens reused"),
        ("zh-CN", "zh", "这是什么？", r"[1-9]\d* / \d+ 个提示词元被复用"),
    ],
    ids=["english", "chinese"],
)
def test_a_question_is_typed_and_answered_and_the_second_one_reuses_the_first(
    visit: Visit, screen: dict[str, int], locale: str, language: str, second: str, reused: str
) -> None:
    page = visit(locale, **screen)
    upload(page, SHIP)
    question, answer = WHERE[language]
    ask(page, question)
    expect(answers(page).first).to_contain_text(answer)
    expect(page.locator("#question textarea")).to_have_value("")
    ask(page, second)
    expect(answers(page).last).to_contain_text(re.compile(reused))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_example_is_asked_on_click(visit: Visit) -> None:
    page = visit()
    ask_the_ship(page)
    expect(answers(page).last).to_contain_text(WHERE["en"][1])


def test_the_first_example_is_the_cat_on_the_laptop(visit: Visit) -> None:
    page = visit()
    page.locator("#examples button").first.click()
    expect(page.locator("#chat .user").last).to_contain_text(DOING["en"][0])
    expect(answers(page).last).to_contain_text("tokens/s")


def test_a_new_scene_offers_four_questions_and_marks_the_answer(visit: Visit) -> None:
    page = visit()
    page.locator("#new-scene").click()
    offers = page.locator("#offers button:visible")
    expect(offers).to_have_count(4)
    offers.first.click()
    expect(answers(page).last).to_contain_text(re.compile("✓ right|✗ the scene says"))


def test_stop_ends_the_answer_and_the_next_question_works(visit: Visit) -> None:
    page = visit()
    upload(page, SHIP)
    page.get_by_text("How to answer").click()
    page.locator("#temperature input[type=number]").fill("2")
    page.locator("#length input[type=number]").fill("1024")
    page.keyboard.press("Tab")
    ask(page, "Describe the picture.")
    page.wait_for_selector("#chat .bot")
    page.locator("#stop").click()
    expect(answers(page).last).to_contain_text("tokens/s")
    page.locator("#temperature input[type=number]").fill("0")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Clear").first.click()  # what was sampled before it would lead this small model astray
    expect(answers(page)).to_have_count(0)
    ask(page, WHERE["en"][0])
    expect(answers(page).last).to_contain_text(WHERE["en"][1])


def test_the_page_switches_language_and_keeps_the_conversation(visit: Visit) -> None:
    page = visit()
    ask_the_ship(page)
    expect(answers(page).last).to_contain_text(WHERE["en"][1])
    page.get_by_text("中文", exact=True).click()
    expect(page.locator("#send")).to_have_text("提问")
    expect(page.locator("#examples button").first).to_contain_text("猫在做什么？")
    expect(answers(page).last).to_contain_text(WHERE["en"][1])


def test_an_empty_question_and_a_missing_picture_are_said_in_a_sentence(visit: Visit) -> None:
    page = visit()
    ask(page, "What is this?")
    expect(page.locator(".toast-body").first).to_contain_text("There is no picture yet")
    expect(page.locator("#question textarea")).to_have_value("What is this?")


def test_a_photograph_is_announced_as_strange(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    path = tmp_path / "photo.png"
    Image.effect_noise((200, 200), 90).convert("RGB").save(path)
    upload(page, path)
    expect(page.locator("#notice")).to_contain_text("does not look like a picture-book scene")
    page.locator("#new-scene").click()
    expect(page.locator("#notice")).not_to_be_visible()


def test_a_file_that_is_no_picture_is_refused_and_the_next_one_works(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    page.locator("#picture input[type=file]").first.set_input_files(str(path))
    expect(page.locator(".toast-body").first).to_contain_text("notes.png is not a picture that can be read")
    ask_the_ship(page)
    expect(answers(page).last).to_contain_text(WHERE["en"][1])


def test_undo_gives_the_question_back_and_clear_empties_the_conversation(visit: Visit) -> None:
    page = visit()
    ask_the_ship(page)
    expect(answers(page).last).to_contain_text("prompt tokens")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#question textarea")).to_have_value(WHERE["en"][0])
    page.locator("#question textarea").press("Enter")
    expect(answers(page).last).to_contain_text("prompt tokens")
    page.get_by_role("button", name="Clear").first.click()
    expect(answers(page)).to_have_count(0)


def test_everything_is_reached_by_keyboard(visit: Visit) -> None:
    page = visit()
    page.locator("#examples button").filter(has_text=WHERE["en"][0]).focus()
    page.keyboard.press("Enter")
    expect(answers(page).last).to_contain_text(WHERE["en"][1])
