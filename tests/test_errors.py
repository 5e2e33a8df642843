import ast
from pathlib import Path

from crossmodal.errors import UserError

PACKAGE = Path(__file__).resolve().parent.parent / "crossmodal"


def test_an_error_is_said_in_the_language_of_the_page() -> None:
    error = UserError("The question is empty.", "问题是空的。")
    assert (error.said("en"), error.said("zh"), str(error)) == (
        "The question is empty.",
        "问题是空的。",
        "The question is empty.",
    )


def test_what_is_said_while_chatting_is_said_in_both_languages() -> None:
    """Settings and the catalogue speak to the command line, in English; everything else to the page."""
    one_language = []
    for path in PACKAGE.rglob("*.py"):
        if path.name in ("settings.py", "catalog.py", "machine.py", "__main__.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if not named or node.func.id not in (
                "UserError",
                "PictureError",
                "ModelError",
                "StoreError",
                "DamagedError",
                "OtherSpaceError",
            ):  # type: ignore[union-attr]
                continue
            if len(node.args) != 2 and not isinstance(node.args[0], ast.Starred):  # type: ignore[union-attr]
                one_language.append(f"{path.name}:{node.lineno}")
    assert one_language == []
