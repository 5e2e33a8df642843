"""Which language a text is in, as far as the choice of templates and tables needs it."""


def is_chinese(text: str) -> bool:
    """Whether a text holds Chinese characters."""
    return any("一" <= c <= "鿿" for c in text)
