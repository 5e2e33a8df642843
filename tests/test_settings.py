import pytest

from crossmodal.errors import UserError
from crossmodal.settings import Settings


def test_every_knob_is_read_from_its_variable() -> None:
    environment = {"CROSSMODAL_PORT": "7000", "CROSSMODAL_SHARE": "yes", "CROSSMODAL_MEMORY_BUDGET_GB": "1.5"}
    settings = Settings.from_environment(environment)
    assert (settings.port, settings.share, settings.memory_budget_gb) == (7000, True, 1.5)


def test_without_variables_nothing_is_shared_and_the_bundled_model_is_used() -> None:
    settings = Settings.from_environment({})
    assert not settings.share
    assert settings.model == "auto"
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("key", "value"), [("CROSSMODAL_PORT", "web"), ("CROSSMODAL_SHARE", "maybe"), ("CROSSMODAL_IDLE_MINUTES", "x")]
)
def test_a_value_that_cannot_be_read_is_named_with_its_variable(key: str, value: str) -> None:
    with pytest.raises(UserError, match=f"{key} is '{value}'"):
        Settings.from_environment({key: value})


def test_on_a_space_the_page_listens_to_the_outside() -> None:
    assert Settings.from_environment({"SPACE_ID": "ann/crossmodal"}).host == "0.0.0.0"
    assert Settings.from_environment({"SPACE_ID": "ann/x", "CROSSMODAL_HOST": "10.0.0.1"}).host == "10.0.0.1"
