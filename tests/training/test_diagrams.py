from xml.etree import ElementTree

from crossmodal.reliability import Bin
from crossmodal.training.diagrams import reliability_diagram


def test_the_diagram_is_svg_with_a_curve_and_a_name_for_each() -> None:
    drawn = reliability_diagram({"a <b>": [Bin(0.1, 0.0, 5), Bin(0, 0, 0), Bin(0.9, 1.0, 5)], "after": [Bin(0.5, 0.5, 3)]})
    root = ElementTree.fromstring(drawn)
    texts = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert {"a <b>", "after"} <= set(texts)
    assert len([e for e in root.iter() if e.tag.endswith("circle")]) == 3


def test_a_claim_that_came_true_lies_on_the_diagonal() -> None:
    root = ElementTree.fromstring(reliability_diagram({"x": [Bin(0.5, 0.5, 1)]}))
    (dot,) = [e for e in root.iter() if e.tag.endswith("circle")]
    assert dot.get("cx") == dot.get("cy") == "160.0"
