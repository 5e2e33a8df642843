import re
from xml.etree import ElementTree

from crossmodal.ui.charts import Axes, chart


def test_a_chart_names_every_series_and_is_well_formed() -> None:
    drawn = chart("Loss & more", {"a < b": [(0, 1), (1, 0)], "c": [(0, 0.5), (1, 0.5)]}, Axes("step", "loss"))
    ElementTree.fromstring(drawn)
    assert "a &lt; b" in drawn
    assert "Loss &amp; more" in drawn
    assert drawn.count("<polyline") == 2


def test_higher_values_are_drawn_higher_and_later_ones_further_right() -> None:
    drawn = chart("t", {"s": [(0, 0), (10, 100)]}, Axes("x", "y"))
    (x0, y0), (x1, y1) = [map(float, p.split(",")) for p in re.findall(r'points="([^"]+)"', drawn)[0].split()]
    assert x1 > x0
    assert y1 < y0


def test_a_name_has_one_colour_in_all_charts() -> None:
    palette = ("one", "two", "three")
    both = chart("t", {"one": [(0, 0)], "three": [(1, 1)]}, Axes("x", "y"), palette)
    alone = chart("t", {"three": [(1, 1)]}, Axes("x", "y"), palette)
    colour = re.findall(r'background:([^"]+)"', alone)[0]
    assert re.findall(r'background:([^"]+)"', both)[1] == colour


def test_nothing_is_drawn_of_nothing() -> None:
    assert chart("t", {}, Axes("x", "y")) == ""
    assert chart("t", {"s": []}, Axes("x", "y")) == ""
