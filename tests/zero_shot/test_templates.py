import pytest

from crossmodal.errors import UserError
from crossmodal.zero_shot.templates import DEFAULTS, default_templates, fill, parse_templates


def test_templates_go_with_the_family_and_the_language() -> None:
    assert default_templates("clip", False, "cat")[0] == "a photo of a {}."
    assert default_templates("clip", True, "cat")[0] == "{}"
    assert default_templates("siglip2", False, "cat") == ("This is a photo of {}.",)
    assert "照片" in default_templates("clip", False, "猫")[0]


def test_both_languages_have_as_many_templates_so_that_neither_changes_the_other() -> None:
    assert all(len(english) == len(chinese) for english, chinese in DEFAULTS.values())


def test_a_template_has_a_longest_length() -> None:
    with pytest.raises(UserError, match="10,002 characters; the limit is 200"):
        parse_templates("x" * 10_000 + "{}")


def test_one_a_line_without_repeats() -> None:
    assert parse_templates("a {}\n\n a {} \nthe {} here") == ("a {}", "the {} here")
    assert parse_templates("") == ()


@pytest.mark.parametrize("text", ["a cat", "{} and {}"])
def test_a_template_without_one_place_for_the_label_is_refused_by_its_number(text: str) -> None:
    with pytest.raises(UserError, match="Template 2 does not have"):
        parse_templates(f"a {{}}\n{text}")


def test_too_many_templates() -> None:
    with pytest.raises(UserError, match="30 templates; the limit is 20"):
        parse_templates("\n".join(f"{i} {{}}" for i in range(30)))


def test_braces_in_a_label_are_only_braces() -> None:
    assert fill("a {} here", "{0.__class__}") == "a {0.__class__} here"
