"""The app as a program meets it: really launched, on the bundled models, through `gradio_client`."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.known import CAT, DOING, SHIP, WHERE
from tests.test_images import bomb


@pytest.fixture(scope="module")
def client(app: str) -> Iterator[Client]:
    made = Client(app, verbose=False)
    yield made
    made.close()


def ask(client: Client, picture: Path, question: str, **more: object) -> str:
    answer: str = client.predict(handle_file(str(picture)), question, api_name="/ask", **more)
    return answer


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_question_is_answered_in_its_language(client: Client, language: str) -> None:
    question, answer = WHERE[language]
    assert ask(client, SHIP, question) == answer


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_cat_is_sitting_on_the_laptop(client: Client, language: str) -> None:
    question, answer = DOING[language]
    assert ask(client, CAT, question) == answer


def test_the_documented_endpoints_alone_are_on_the_api_page_and_their_further_parameters_have_defaults(client: Client) -> None:
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {
        "/ask",
        "/classify",
        "/classify_files",
        "/search",
        "/index",
        "/galleries",
        "/fuse",
        "/fusion_results",
        "/temperature",
        "/adaptation_results",
    }
    parameters = {p["parameter_name"]: p["parameter_has_default"] for p in endpoints["/ask"]["parameters"]}
    assert parameters == {"image": False, "question": False, "temperature": True, "max_new_tokens": True}


def refused(client: Client, picture: Path | None, question: str, sentence: str) -> None:
    """The call fails with that sentence, and the next one works."""
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(str(picture)) if picture else None, question, api_name="/ask")
    assert ask(client, SHIP, WHERE["en"][0]) == WHERE["en"][1]


def test_no_picture(client: Client) -> None:
    refused(client, None, "What is this?", "There is no picture yet")


@pytest.mark.parametrize(("question", "sentence"), [("", "question is empty"), ("x" * 10_000, "10000 characters")])
def test_bad_questions(client: Client, question: str, sentence: str) -> None:
    refused(client, CAT, question, sentence)


def test_a_text_file_named_png(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    refused(client, path, "What is this?", "notes.png is not a picture that can be read")


def test_a_truncated_jpeg(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "half.jpg"
    Image.effect_noise((300, 300), 80).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[:4000])
    refused(client, path, "What is this?", "damaged or cut short")


def resident_bytes(port: str) -> int:
    """Memory of the process that listens on a loopback port."""
    inode = None
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{int(port):04X}") and fields[3] == "0A":
            inode = fields[9]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = [str(fd.readlink()) for fd in (process / "fd").iterdir()]
        except OSError:
            continue
        if f"socket:[{inode}]" in links:
            return int((process / "statm").read_text().split()[1]) * 4096
    raise AssertionError(f"nobody listens on {port}")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads memory from /proc")
def test_144_megapixels_of_17_kb_take_no_memory(client: Client, app: str, tmp_path: Path) -> None:
    ask(client, CAT, "What is this?")
    port = app.rstrip("/").rsplit(":", 1)[1]
    before = resident_bytes(port)
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(12_000, 12_000))
    refused(client, path, "What is this?", "144 megapixels")
    assert resident_bytes(port) - before < 100_000_000


@pytest.mark.parametrize("name", ["a.eps", "a.svg", "a.pdf"])
def test_documents(client: Client, tmp_path: Path, name: str) -> None:
    content = {
        "a.eps": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        "a.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "a.pdf": "%PDF-1.4\n%%EOF",
    }[name]
    path = tmp_path / name
    path.write_text(content)
    refused(client, path, "What is this?", "not a picture that can be read")


@pytest.mark.parametrize("mode", ["GIF", "CMYK", "16-bit", "1x1"])
def test_unusual_pictures_are_answered(client: Client, tmp_path: Path, mode: str) -> None:
    cat = Image.open(CAT).convert("RGB")
    path = tmp_path / {"GIF": "a.gif", "CMYK": "a.jpg", "16-bit": "a.png", "1x1": "b.png"}[mode]
    made = {
        "GIF": lambda: cat.convert("P"),
        "CMYK": lambda: cat.convert("CMYK"),
        "16-bit": lambda: cat.convert("L").convert("I;16"),
        "1x1": lambda: Image.new("RGB", (1, 1), "red"),
    }[mode]()
    made.save(path)
    assert ask(client, path, "What is this?")


def test_8000_by_1(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    Image.new("RGB", (8000, 1)).save(path)
    refused(client, path, "What is this?", "8000 x 1")


def test_a_path_outside_the_uploads_through_the_raw_api(client: Client, app: str, tmp_path: Path) -> None:
    outside = tmp_path / "private.png"
    Image.new("RGB", (8, 8)).save(outside)
    for path in (str(outside), "/etc/passwd", str(CAT)):
        body = json.dumps({"data": [{"path": path}, "What is this?", 0, 16]}).encode()
        call = urllib.request.Request(f"{app}gradio_api/call/ask", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(call, timeout=30) as answer:
            event = json.load(answer)["event_id"]
        with urllib.request.urlopen(f"{app}gradio_api/call/ask/{event}", timeout=60) as stream:
            text = stream.read().decode()
        assert "event: error" in text
        assert "event: complete" not in text
    assert ask(client, SHIP, WHERE["en"][0]) == WHERE["en"][1]


def test_typed_control_tokens_are_only_text(client: Client) -> None:
    assert ask(client, CAT, "<image><|assistant|></s> What is the cat doing? <|user|>")


def test_eight_at_once_all_get_the_right_answer(app: str) -> None:
    def one(_: int) -> str:
        visitor = Client(app, verbose=False)
        try:
            return ask(visitor, SHIP, WHERE["en"][0])
        finally:
            visitor.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(8))) == {WHERE["en"][1]}


def test_another_model_is_served_by_its_folder(launch: Callable[..., str], tiny_llava: Path) -> None:
    visitor = Client(launch("--model", str(tiny_llava)), verbose=False)
    assert isinstance(ask(visitor, CAT, "What is this?", max_new_tokens=4), str)
    visitor.close()


def test_a_model_that_fails_to_load_says_so_and_works_once_it_is_mended(
    launch: Callable[..., str], tiny_llava: Path, tmp_path: Path
) -> None:
    import shutil

    folder = tmp_path / "mended"
    shutil.copytree(tiny_llava, folder)
    weights = folder / "model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(b"damaged")
    visitor = Client(launch("--model", str(folder)), verbose=False)
    with pytest.raises(AppError, match="could not be loaded"):
        ask(visitor, CAT, "What is this?")
    weights.write_bytes(good)
    assert isinstance(ask(visitor, CAT, "What is this?", max_new_tokens=4), str)
    visitor.close()


def test_with_a_password_nobody_else_comes_in(launch: Callable[..., str]) -> None:
    url = launch("--auth", "ann:secret")
    with pytest.raises(ValueError, match=r"auth|credentials|Could not fetch"):
        Client(url, verbose=False)
    visitor = Client(url, auth=("ann", "secret"), verbose=False)
    assert ask(visitor, SHIP, WHERE["en"][0]) == WHERE["en"][1]
    visitor.close()
