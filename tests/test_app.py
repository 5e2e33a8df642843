import subprocess
import sys

import pytest

from app import HELP, read_settings
from crossmodal.errors import UserError

FLAGS = ("host", "port", "share", "model", "embedding_model", "pictures", "galleries", "store", "precision", "device")
FLAGS += ("offline", "auth", "mcp")


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys, crossmodal; sys.exit(any(m in sys.modules for m in ('torch', 'gradio', 'transformers')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_page_is_built_without_torch() -> None:
    code = (
        "import sys; from crossmodal.settings import Settings; from crossmodal.ui.page import build; build(Settings());"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_names_every_flag_and_its_variable() -> None:
    said = subprocess.run([sys.executable, "app.py", "--help"], capture_output=True, text=True, check=True).stdout
    assert set(FLAGS) == set(HELP)
    for flag in FLAGS:
        assert f"--{flag.replace('_', '-')}" in said
        assert f"CROSSMODAL_{flag.upper()}" in said


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSMODAL_PORT", "7000")
    monkeypatch.setenv("CROSSMODAL_SHARE", "1")
    assert read_settings(["--port", "8000"]).port == 8000
    assert read_settings([]).port == 7000
    assert read_settings(["--no-share"]).share is False


def test_a_wrong_variable_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSMODAL_PORT", "web")
    with pytest.raises(UserError, match="CROSSMODAL_PORT is 'web'"):
        read_settings([])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--model", "nonsense"], "There is no model “nonsense”"), (["--model", "tests"], "no config.json")],
)
def test_a_model_that_cannot_be_is_one_sentence_at_the_start(arguments: list[str], sentence: str) -> None:
    ended = subprocess.run([sys.executable, "app.py", *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
