import csv
import io
import json

from crossmodal.errors import PictureError
from crossmodal.zero_shot.batch import FileResult
from crossmodal.zero_shot.classifier import Score, Verdict
from crossmodal.zero_shot.tables import COLUMNS, as_csv, as_json

GOOD = FileResult("=cmd().png", Verdict((Score("猫", 0.75, 0.5), Score("+dog", 0.25, None)), False, 0.3, False))
BAD = FileResult("b.png", None, PictureError("It is damaged."))


def test_the_csv_reads_back_and_no_cell_is_a_formula() -> None:
    text = as_csv([GOOD, BAD])
    assert text.startswith("\ufeff")
    head, good, bad = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert tuple(head) == COLUMNS
    values = dict(zip(head, good, strict=True))
    assert (values["file"], values["label 1"], values["share 1"], values["label 2"]) == ("'=cmd().png", "猫", "0.75", "'+dog")
    assert (values["is it 1"], values["is it 2"], values["none of these"], values["error"]) == ("0.5", "", "false", "")
    assert dict(zip(head, bad, strict=True))["error"] == "It is damaged."
    assert len(bad) == len(head)


def test_spaces_do_not_hide_a_formula() -> None:
    text = as_csv([FileResult("  =1+1", None, PictureError("x"))])
    assert "'  =1+1" in text


def test_the_json_keeps_names_and_labels_as_they_are() -> None:
    good, bad = json.loads(as_json([GOOD, BAD]))
    assert good == {
        "file": "=cmd().png",
        "none_of_these": False,
        "scores": [{"label": "猫", "share": 0.75, "is_it": 0.5}, {"label": "+dog", "share": 0.25, "is_it": None}],
    }
    assert bad == {"file": "b.png", "error": "It is damaged."}
