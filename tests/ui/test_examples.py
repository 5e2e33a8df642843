from crossmodal.ui.examples import bundled_examples


def test_the_first_example_is_the_cat_on_the_laptop() -> None:
    first = bundled_examples()[0]
    assert first.path.name == "cat-on-laptop.webp"
    assert first.question("en") == "What is the cat doing?"
    assert first.question("zh") == "猫在做什么？"


def test_every_example_is_there() -> None:
    assert len(bundled_examples()) >= 4
    assert all(e.path.is_file() for e in bundled_examples())
