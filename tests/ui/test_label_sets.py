import pytest

from crossmodal.ui.label_sets import ALL, label_sets, labels_of
from crossmodal.world.facts import KINDS
from crossmodal.world.vocabulary import vocabulary
from crossmodal.zero_shot.labels import parse_labels


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_set_is_a_list_of_labels_without_repeats(language: str) -> None:
    sets = label_sets(language)  # type: ignore[arg-type]
    assert [key for _, key in sets] == [ALL, *KINDS]
    for title, key in sets:
        labels = parse_labels(labels_of(key, language))  # type: ignore[arg-type]
        assert labels.merged == ()
        assert f"({len(labels.names):,})" in title


def test_all_names_are_there_and_kinds_hold_their_own() -> None:
    assert set(labels_of(ALL, "en").splitlines()) == set(vocabulary().names)
    animals = labels_of("animal", "en").splitlines()
    assert {"cat", "eagle"} <= set(animals)
    assert "car" not in animals
    with pytest.raises(KeyError):
        labels_of("nothing", "en")
