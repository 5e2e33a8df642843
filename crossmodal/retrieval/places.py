"""Where galleries are kept, by the settings and what the machine has."""

import os
from dataclasses import dataclass
from pathlib import Path

from crossmodal.paths import PICTURES
from crossmodal.retrieval.store import Store
from crossmodal.settings import Settings


@dataclass(frozen=True)
class Bundled:
    """A gallery that ships with the app."""

    name: str
    root: Path


PICTURE_BOOK = "Picture book"
BUNDLED = (Bundled(PICTURE_BOOK, PICTURES / "gallery"),)
SPACE_DISK = Path("/data")
"""What a Space keeps, where it has a disk at all."""


def data_folder(settings: Settings) -> Path:
    """The folder that the settings name, a Space's disk, or the user's own data folder."""
    if settings.galleries:
        return Path(settings.galleries).expanduser()
    if os.access(SPACE_DISK, os.W_OK) and "SPACE_ID" in os.environ:
        return SPACE_DISK / "crossmodal"
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "crossmodal"


def chosen_store(settings: Settings) -> Store | None:
    """Qdrant where the settings name a server; None for the folder. Raises StoreError where it needs a package."""
    if not settings.store:
        return None
    from crossmodal.retrieval.qdrant_store import QdrantStore

    return QdrantStore(settings.store, os.environ.get("QDRANT_API_KEY"))
