import pytest

from crossmodal.errors import UserError
from crossmodal.zero_shot.templates import CHINESE, ENGLISH, SIGLIP, default_templates, fill, parse_templates


def test_templates_go_with_the_family_and_the_language() -> None:
    assert default_templates("clip", "cat") == ENGLISH
    assert default_templates("siglip2", "cat") == SIGLIP
    assert default_templates("clip", "猫") == CHINESE


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
