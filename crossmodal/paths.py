"""Where the repository keeps what it ships."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
MODELS = ASSETS / "models"
PICTURES = ASSETS / "pictures"
SPRITES = ASSETS / "sprites"
