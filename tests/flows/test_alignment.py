"""Alignment as a program meets it: the really launched app, `gradio_client`."""

from collections.abc import Iterator

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from crossmodal.alignment.names import CONTROL, WAYS


@pytest.fixture(scope="module")
def client(app: str) -> Iterator[Client]:
    made = Client(app, verbose=False)
    yield made
    made.close()


def test_a_temperature_moves_two_cones(client: Client) -> None:
    low, moderate = (client.predict(degree, False, api_name="/temperature") for degree in (0.01, 0.1))
    assert low["gap_before"] == moderate["gap_before"] > 1
    assert moderate["gap"] < 0.1 < low["gap"]
    assert client.predict(0.05, True, api_name="/temperature")["loss"] < 0


def test_results_are_given_beside_their_control(client: Client) -> None:
    rows = {row["way"]: row for row in client.predict("digits", api_name="/adaptation_results")}
    assert list(rows) == list(WAYS)
    assert rows[CONTROL]["gain"] == [0, 0, 0]
    assert rows["MMD"]["gain"][1] > 5


def test_a_temperature_out_of_range_is_one_sentence(client: Client) -> None:
    with pytest.raises(AppError, match=r"The temperature is 7; choose 0\.01 to 1"):
        client.predict(7, False, api_name="/temperature")
