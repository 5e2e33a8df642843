import pytest

from crossmodal.embedding.language import is_chinese
from crossmodal.errors import UserError
from crossmodal.zero_shot.labels import LONGEST_LABEL, MOST_LABELS, parse_labels


def test_one_a_line_or_separated_by_commas() -> None:
    assert parse_labels("cat\ndog, small\n\n  \n").names == ("cat", "dog, small")
    assert parse_labels(" cat ,dog,, red  car ,").names == ("cat", "dog", "red car")
    assert parse_labels("猫，狗、苹果").names == ("猫", "狗", "苹果")
    assert parse_labels("cat").names == ("cat",)


def test_labels_typed_twice_are_merged_and_named() -> None:
    labels = parse_labels("Cat\ndog\ncat \nDOG\ncat")
    assert labels.names == ("Cat", "dog")
    assert labels.merged == ("Cat", "dog")


def test_emoji_and_right_to_left_labels_are_kept_as_they_are() -> None:
    assert parse_labels("🐱\nقطة\n=cmd()").names == ("🐱", "قطة", "=cmd()")


@pytest.mark.parametrize("text", ["", "  \n\t\n", ",,，"])
def test_no_labels(text: str) -> None:
    with pytest.raises(UserError, match="no labels"):
        parse_labels(text)


def test_too_many_and_too_long_are_said_with_the_number() -> None:
    with pytest.raises(UserError, match=r"5,000 labels; the limit is 2,000"):
        parse_labels("\n".join(f"label {i}" for i in range(5_000)))
    with pytest.raises(UserError, match=r"10,000 characters; the limit is 200"):
        parse_labels("x" * 10_000)
    assert len(parse_labels("\n".join(str(i) for i in range(MOST_LABELS))).names) == MOST_LABELS
    assert parse_labels("x" * LONGEST_LABEL).names


def test_chinese_is_told_apart() -> None:
    assert is_chinese("一只 cat")
    assert not is_chinese("cat 🐱")
