"""Search as a program meets it: the really launched app, the bundled CLIP and gallery, `gradio_client`."""

import json
import shutil
import subprocess
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from crossmodal.retrieval.places import BUNDLED, PICTURE_BOOK
from crossmodal.ui.search_view import curl_code
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from tests.known import CAT

SCENES = [SceneSampler().sample(seed, "one") for seed in range(12)]


@pytest.fixture(scope="module")
def client(app: str) -> Iterator[Client]:
    made = Client(app, verbose=False)
    yield made
    made.close()


@pytest.fixture
def name() -> str:
    return f"mine {uuid.uuid4().hex[:6]}"


def search(client: Client, text: str, image: Path | None = None, k: int = 5, gallery: str = PICTURE_BOOK) -> list[dict]:  # type: ignore[type-arg]
    return client.predict(text, handle_file(str(image)) if image else None, k, gallery, api_name="/search")  # type: ignore[no-any-return]


def drawn(folder: Path) -> list[Path]:
    paths = []
    for i, scene in enumerate(SCENES):
        paths.append(folder / f"scene {i:02}.png")
        render(scene, 128).save(paths[-1])
    return paths


def captions_of_the_bundled_gallery() -> list[tuple[str, str, str]]:
    import csv

    with (BUNDLED[0].root / "captions.csv").open(encoding="utf-8") as file:
        return [(row["file"], row["caption"], row["caption_zh"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("language", [1, 2], ids=["english", "chinese"])
def test_a_caption_finds_its_picture_in_the_bundled_gallery(client: Client, language: int) -> None:
    asked = captions_of_the_bundled_gallery()[:12]
    right = 0
    for row in asked:
        hits = search(client, row[language])
        assert [h["score"] for h in hits] == sorted((h["score"] for h in hits), reverse=True)
        right += row[language] in [h["caption"].splitlines()[language - 1] for h in hits]
    assert right >= 11


def test_a_hit_comes_with_an_address_of_its_picture(client: Client) -> None:
    (hit,) = search(client, "cat", k=1)
    assert set(hit) == {"id", "score", "caption", "url", "matches"}
    with urllib.request.urlopen(hit["url"]) as answer:
        picture = Image.open(answer)
        assert max(picture.size) <= 256


def test_a_picture_finds_itself(client: Client) -> None:
    file, caption, _ = captions_of_the_bundled_gallery()[7]
    (hit,) = search(client, "", BUNDLED[0].root / file, k=1)
    assert hit["caption"].splitlines()[0] == caption
    assert hit["score"] > 0.99


def test_words_and_a_picture_together(client: Client) -> None:
    both = search(client, "sea", CAT, k=10)
    assert len(both) == 10
    assert [h["id"] for h in both] != [h["id"] for h in search(client, "sea", k=10)]


def test_what_is_minused_leaves_the_first_places(client: Client) -> None:
    with_dogs = [h["caption"].splitlines()[0] for h in search(client, "dog", k=8)]
    without = [h["caption"].splitlines()[0] for h in search(client, "animal - dog", k=8)]
    assert any("dog" in caption for caption in with_dogs)
    assert not any(" dog" in f" {caption}" for caption in without)


@pytest.mark.parametrize(
    ("text", "k", "gallery", "sentence"),
    [
        ("", 5, PICTURE_BOOK, "nothing to search for"),
        ("x" * 10_000, 5, PICTURE_BOOK, "10,000 characters"),
        ("cat", 5, "nowhere", "There is no gallery"),
        ("cat", 5, "../../etc", "There is no gallery"),
    ],
)
def test_bad_queries_get_a_sentence_and_the_next_one_works(
    client: Client, text: str, k: int, gallery: str, sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        search(client, text, None, k, gallery)
    assert search(client, "cat")


def test_k_beyond_the_gallery_and_below_one(client: Client) -> None:
    assert len(search(client, "cat", k=100_000)) == 200
    assert len(search(client, "cat", k=-3)) == 1


def test_a_gallery_of_ones_own_is_made_searched_extended_and_listed(client: Client, tmp_path: Path, name: str) -> None:
    paths = drawn(tmp_path)
    (tmp_path / "broken.png").write_text("no picture")
    (tmp_path / "scene 00.txt").write_text("my own caption")
    sent = [*paths[:8], tmp_path / "broken.png", tmp_path / "scene 00.txt"]
    counts = client.predict(name, [handle_file(str(p)) for p in sent], api_name="/index")
    assert (counts["indexed"], counts["unchanged"]) == (8, 0)
    assert [s["file"] for s in counts["skipped"]] == ["broken.png"]
    assert "not a picture" in counts["skipped"][0]["reason"]
    (hit,) = search(client, "", paths[0], 1, name)
    assert hit["caption"] == "my own caption"
    counts = client.predict(name, [handle_file(str(p)) for p in paths[6:]], api_name="/index")
    assert (counts["indexed"], counts["already_there"]) == (4 + 0, 2)
    listed = {g["name"]: g for g in client.predict(api_name="/galleries")}
    assert (listed[name]["pictures"], listed[name]["captions"]) == (12, 1)
    assert listed[PICTURE_BOOK]["pictures"] == 500
    right = sum(
        search(client, scene.placed[0].thing.name, None, 3, name)[0]["url"] == search(client, "", path, 1, name)[0]["url"]
        for scene, path in zip(SCENES, paths, strict=True)
    )
    assert right >= 9


@pytest.mark.parametrize("gallery", ["", "x" * 100, PICTURE_BOOK])
def test_names_that_will_not_do(client: Client, tmp_path: Path, gallery: str) -> None:
    with pytest.raises(AppError, match=r"name has 1 to 60|ships with the app"):
        client.predict(gallery, [handle_file(str(drawn(tmp_path)[0]))], api_name="/index")
    assert len(search(client, "cat")) == 5


def test_nothing_to_index_leaves_no_empty_gallery(client: Client, name: str) -> None:
    with pytest.raises(AppError, match="no pictures yet"):
        client.predict(name, [], api_name="/index")
    assert name not in {g["name"] for g in client.predict(api_name="/galleries")}


def test_galleries_outlive_the_app(launch: Callable[..., str], tmp_path: Path, name: str) -> None:
    folder = tmp_path / "kept"
    first = Client(launch("--galleries", str(folder)), verbose=False)
    paths = drawn(tmp_path)
    first.predict(name, [handle_file(str(p)) for p in paths], api_name="/index")
    before = search(first, "cat", None, 12, name)
    first.close()
    second = Client(launch("--galleries", str(folder)), verbose=False)
    after = search(second, "cat", None, 12, name)
    assert [(h["id"], h["score"]) for h in after] == [(h["id"], h["score"]) for h in before]
    second.close()


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl"))), reason="runs the shell code that the page shows")
def test_the_curl_that_the_page_shows_works_as_it_stands(app: str, tmp_path: Path) -> None:
    code = curl_code("cat - it's a dog", 3, PICTURE_BOOK, app)
    said = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "event: complete" in said
    data = next(line for line in said.splitlines() if line.startswith("data: ")).removeprefix("data: ")
    assert len(json.loads(data)[0]) == 3
