import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.known import WHERE

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SHELL = "\n".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL))


def test_the_spaces_header_names_the_app_and_a_gradio_that_the_requirements_allow() -> None:
    header = README.split("---")[1]
    fields = dict(re.findall(r"^(\w+): (.+)$", header, re.MULTILINE))
    assert fields["sdk"] == "gradio"
    assert (ROOT / fields["app_file"]).is_file()
    assert fields["sdk_version"].split(".")[:1] == version("gradio").split(".")[:1]


def test_pictures_and_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#h][^)]*)\)", README):
        assert (ROOT / target).exists(), target


def test_the_python_example_without_a_page_prints_the_answer() -> None:
    code = next(block for block in PYTHON_BLOCKS if "ChatEngine" in block)
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == WHERE["en"][1]


def test_the_client_example_shows_the_endpoint_and_its_answer(app: str) -> None:
    code = next(block for block in PYTHON_BLOCKS if "gradio_client" in block)
    expected = re.findall(r"^# '(.*)'$", code, re.MULTILINE)
    code = re.sub(r"^(client\.predict.*)$", r"print(\1)", code.replace("http://127.0.0.1:7860", app), flags=re.MULTILINE)
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip().splitlines()[-2:] == expected


@pytest.mark.parametrize("module", sorted(set(re.findall(r"-m (crossmodal\.(?:training|alignment)\.\w+)", README))))
def test_the_recipes_named_exist_and_know_their_options(module: str) -> None:
    said = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line in README.splitlines():
        if module in line:
            for option in re.findall(r" (--[a-z]+)", line.split(module)[1]):
                assert option in said, option


def test_the_commands_name_files_that_exist() -> None:
    for name in re.findall(r"-r (\S+)", SHELL):
        assert (ROOT / name).is_file()
