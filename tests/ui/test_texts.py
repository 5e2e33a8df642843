import pytest

from crossmodal.ui.texts import CHINESE, ENGLISH, preferred_language, text_names
from tests.known import slots


@pytest.mark.parametrize("name", text_names())
def test_both_languages_say_it_with_the_same_slots(name: str) -> None:
    en, zh = getattr(ENGLISH, name), getattr(CHINESE, name)
    assert en
    assert zh
    assert slots(en) == slots(zh)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en", "en"),
        ("de-DE,de;q=0.9,zh;q=0.2", "zh"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_the_browser_chooses_the_language(header: str, language: str) -> None:
    assert preferred_language(header) == language
