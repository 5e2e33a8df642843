import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from crossmodal.errors import UserError
from crossmodal.retrieval.composition import composed
from crossmodal.retrieval.query import LESS_WEIGHT, Term, checked, more_like, parse_query
from tests.retrieval.stores import unit


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("cat", [("cat", 1)]),
        ("  cat   on a  laptop ", [("cat on a laptop", 1)]),
        ("cat - dog", [("cat", 1), ("dog", -0.5)]),
        ("cat -dog", [("cat", 1), ("dog", -0.5)]),
        ("cat −dog + red ball*2", [("cat", 1), ("dog", -0.5), ("red ball", 2)]),
        ("- dog", [("dog", -0.5)]),
        ("t-shirt", [("t-shirt", 1)]),
        ("a jack-o'-lantern + t-shirt", [("a jack-o'-lantern", 1), ("t-shirt", 1)]),
        ("cat - dog*1.5", [("cat", 1), ("dog", -1.5)]),
        ("face without glasses", [("face", 1), ("glasses", -0.5)]),
        ("chair without a cat", [("chair", 1), ("cat", -0.5)]),
        ("没有狗的公园", [("公园", 1), ("狗", -0.5)]),
        ("猫 － 狗", [("猫", 1), ("狗", -0.5)]),
        ("", []),
        ("   ", []),
        ("cat + CAT", [("CAT", 1)]),
    ],
)
def test_what_is_typed_becomes_terms(text: str, terms: list[tuple[str, float]]) -> None:
    assert [(t.words, t.weight) for t in parse_query(text)] == terms


@pytest.mark.parametrize("text", ["cat", "- dog", "cat*0.25", "- dog*2", "红苹果"])
def test_a_chip_reads_back_as_its_term(text: str) -> None:
    (term,) = parse_query(text)
    assert parse_query(term.label) == (term,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("x" * 10_000, "10,000 characters"), ("cat*9", "weight is 9"), (" + ".join(f"w{i}" for i in range(30)), "30 parts")],
)
def test_queries_that_are_too_much(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        parse_query(text)


def test_one_wanted_term_stays_as_it_is() -> None:
    vector = unit(1)
    query, parts = composed(vector, torch.tensor([1.0]), torch.tensor([True]), (unit(1, seed=1)[0], unit(1, seed=2)[0]))
    assert torch.equal(query, vector[0])
    assert torch.equal(parts, vector)


def test_the_parts_add_up_to_the_query_which_has_length_one() -> None:
    weights, of_words = torch.tensor([1.0, -0.5, 2.0]), torch.tensor([True, True, False])
    query, parts = composed(unit(3), weights, of_words, (unit(1, seed=1)[0], unit(1, seed=2)[0]))
    assert torch.allclose(parts.sum(0), query, atol=1e-6)
    assert float(query.norm()) == pytest.approx(1, abs=1e-5)


def test_what_is_not_wanted_is_pushed_away() -> None:
    """Three pictures: a, a with b, b. "a - b" prefers the first, "a + b" the second."""
    a, b = torch.eye(8)[0], torch.eye(8)[1]
    cone = torch.ones(8) * 0.5
    pictures = F.normalize(torch.stack([a, a + b, b]) + cone, dim=-1)
    texts = F.normalize(torch.stack([a, b]) - cone, dim=-1)
    centres = (F.normalize(-cone, dim=0), F.normalize(cone, dim=0))
    both = torch.tensor([True, True])
    minus, _ = composed(texts, torch.tensor([1.0, -0.5]), both, centres)
    plus, _ = composed(texts, torch.tensor([1.0, 1.0]), both, centres)
    assert int((pictures @ minus).argmax()) == 0
    assert int((pictures @ plus).argmax()) == 1


def test_feedback_replaces_what_was_said_of_a_picture_before() -> None:
    terms = more_like(parse_query("cat"), "p1", "one.png")
    assert [(t.picture, t.weight) for t in terms] == [("", 1), ("p1", 0.75)]
    terms = more_like(terms, "p1", "one.png", LESS_WEIGHT)
    assert [(t.picture, t.weight) for t in terms] == [("", 1), ("p1", -0.25)]


def test_two_pictures_from_outside_are_two_terms() -> None:
    pictures = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    assert len({Term(image=p, title="picture").label for p in pictures}) == 1
    assert len(checked([Term(image=p) for p in pictures])) == 2
