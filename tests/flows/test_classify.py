"""Zero-shot as a program meets it: the really launched app, the bundled CLIP, `gradio_client`."""

import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from crossmodal.ui.zero_shot_view import curl_code
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from crossmodal.zero_shot.labels import Labels
from tests.known import CAT

COMMON = [s for seed in range(60) if (s := SceneSampler().sample(seed, "one")).placed[0].thing.common == 3][:12]
NAMES = list(dict.fromkeys(s.placed[0].thing.name for s in COMMON))


@pytest.fixture(scope="module")
def client(app: str) -> Iterator[Client]:
    made = Client(app, verbose=False)
    yield made
    made.close()


def saved(folder: Path, index: int) -> Path:
    path = folder / f"scene {index}.png"
    render(COMMON[index], 192).save(path)
    return path


def classify(client: Client, picture: Path | None, labels: str, **more: object) -> dict[str, float]:
    found = client.predict(handle_file(str(picture)) if picture else None, labels, api_name="/classify", **more)
    return {entry["label"]: entry["confidence"] for entry in found["confidences"]}


@pytest.mark.parametrize("joint", ["\n", ", "])
def test_the_right_label_comes_first_and_the_shares_add_up(client: Client, tmp_path: Path, joint: str) -> None:
    right = 0
    for i, scene in enumerate(COMMON):
        shares = classify(client, saved(tmp_path, i), joint.join(NAMES))
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
        right += next(iter(shares)) == scene.placed[0].thing.name
    assert right >= len(COMMON) - 2


def test_one_label_is_enough_and_repeats_count_once(client: Client) -> None:
    assert classify(client, CAT, "cat") == {"cat": pytest.approx(1)}
    assert set(classify(client, CAT, "cat\nCat\ndog")) == {"cat", "dog"}


def test_emoji_braces_and_right_to_left_labels_are_labels(client: Client) -> None:
    labels = ["🐱", "قطة", "{0}", "=cmd()", "<b>x</b>"]
    assert set(classify(client, CAT, "\n".join(labels))) == set(labels)


@pytest.mark.parametrize(
    ("labels", "more", "sentence"),
    [
        ("", {}, "There are no labels"),
        ("\n".join(map(str, range(5_000))), {}, "5,000 labels"),
        ("x" * 10_000, {}, "10,000 characters"),
        ("cat", {"templates": "a cat"}, "Template 1"),
        ("cat", {"model": "/etc"}, "no such model in the menu"),
    ],
)
def test_bad_labels_are_refused_with_a_sentence_and_the_next_call_works(
    client: Client, labels: str, more: dict[str, str], sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        classify(client, CAT, labels, **more)
    assert classify(client, CAT, "cat, dog")


def test_no_picture(client: Client) -> None:
    with pytest.raises(AppError, match="There is no picture yet"):
        classify(client, None, "cat, dog")


def test_many_files_a_broken_one_among_them(client: Client, tmp_path: Path) -> None:
    pictures = [saved(tmp_path, i) for i in range(4)]
    (tmp_path / "broken.png").write_bytes(b"no picture")
    packed = tmp_path / "more.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(saved(tmp_path, 5), "in/five.png")
        archive.write(pictures[0], "../out.png")
    sent = [handle_file(str(p)) for p in (*pictures, tmp_path / "broken.png", packed)]
    found = client.predict(sent, "\n".join(NAMES), api_name="/classify_files")
    assert [entry["file"] for entry in found] == [
        *(f"scene {i}.png" for i in range(4)),
        "broken.png",
        "in/five.png",
        "../out.png",
    ]
    assert "not a picture" in found[4]["error"]
    assert "outside" in found[6]["error"]
    right = [found[i]["scores"][0]["label"] == COMMON[i].placed[0].thing.name for i in range(4)]
    assert sum(right) >= 3
    assert len(found[5]["scores"]) == 5


def test_no_files(client: Client) -> None:
    with pytest.raises(AppError, match="no picture in what was sent"):
        client.predict([], "cat", api_name="/classify_files")


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl"))), reason="runs the shell code that the page shows")
def test_the_curl_that_the_page_shows_works_as_it_stands(app: str, tmp_path: Path) -> None:
    saved(tmp_path, 0).rename(tmp_path / "picture.png")
    code = curl_code(Labels((*NAMES, "it's $FILE")), ("{}",), "", app)
    said = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "event: complete" in said
    assert f'"label": "{COMMON[0].placed[0].thing.name}"' in said
