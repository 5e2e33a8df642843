"""Every knob, read once from the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from crossmodal.errors import UserError

PREFIX = "CROSSMODAL_"
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


@dataclass(frozen=True)
class Settings:
    """Each field is also an environment variable: `host` is `CROSSMODAL_HOST`."""

    host: str = "127.0.0.1"
    port: int = 7860
    share: bool = False
    """Make a public link."""
    model: str = "auto"
    """The chat model: an id of the catalogue, a Hub id or a local folder; auto for what suits the machine."""
    embedding_model: str = "picturebook-clip"
    """The dual encoder that classifies at first: an id of the catalogue, a Hub id or a local folder."""
    pictures: str = ""
    """A folder of the server's whose pictures visitors may classify and search; none unless given."""
    galleries: str = ""
    """The folder where visitors' galleries are kept; a folder of the person's own data unless given."""
    store: str = ""
    """Where their vectors are: empty for that folder, or the address of a Qdrant server."""
    precision: str = "auto"
    """auto, fp32, bf16, int8 or nf4."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    offline: bool = False
    """Never ask the Hub for anything."""
    auth: str = ""
    """user:password, which the page then asks for."""
    mcp: bool = False
    """Serve the documented endpoints as MCP tools too."""
    memory_budget_gb: float = 0.0
    """What loaded models may take together; 0 for three quarters of the machine's memory."""
    idle_minutes: float = 30.0
    """Unload a model that nobody used for this long; 0 for never."""
    threads: int = 0
    """Threads for PyTorch on a CPU; 0 for its own choice."""
    prefix_cache_mb: int = 1024
    """What kept conversations may take together."""
    feature_cache_mb: int = 256
    """What kept image features may take together."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises UserError, naming the variable and its value, where one cannot be read."""
        given: dict[str, Any] = {}
        if "SPACE_ID" in environment:
            given["host"] = "0.0.0.0"  # a Space is reached from outside its container
        for field in fields(cls):
            key = PREFIX + field.name.upper()
            if key in environment:
                given[field.name] = _parsed(key, environment[key], type(field.default))
        return cls(**given)


def _parsed(key: str, value: str, kind: Callable[[str], Any]) -> Any:
    if kind is bool:
        if value.lower() in TRUE + FALSE:
            return value.lower() in TRUE
        raise UserError(f"{key} is {value!r}; it must be one of {', '.join(TRUE + FALSE[:-1])}.")
    try:
        return kind(value)
    except ValueError:
        noun = {int: "a whole number", float: "a number"}[kind]  # type: ignore[index]
        raise UserError(f"{key} is {value!r}; it must be {noun}.") from None
