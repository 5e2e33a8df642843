"""What can be loaded, and what is known of it before it is."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crossmodal.errors import ModelError
from crossmodal.paths import MODELS

Task = Literal["chat", "embedding"]
LLAVA = "llava-hf/llava-1.5-7b-hf"
"""What starts on a GPU that has it."""


@dataclass(frozen=True)
class ModelSpec:
    """An entry of the catalogue."""

    id: str
    """A bundled name, a Hub id ("owner/name") or a local folder."""
    task: Task
    title: str
    licence: str
    parameters: int
    """0 where it is not known before the checkpoint is read."""
    revision: str | None = None
    folder: Path | None = None
    """Where the weights lie, for bundled and local checkpoints."""
    picture_book_only: bool = False
    """True for the small models that know nothing but picture-book scenes."""
    suits: str = ""
    """The machine that it is meant for, by its memory."""

    @property
    def research_only(self) -> bool:
        return RESEARCH in self.licence

    def bytes_in(self, precision: str) -> int:
        """Memory for the weights alone, 0 where the size is not known."""
        return int(self.parameters * BYTES_PER_PARAMETER[precision])


BYTES_PER_PARAMETER = {"fp32": 4.0, "bf16": 2.0, "int8": 1.1, "nf4": 0.65}
"""For the quantised ones, with the parts that stay in 16 bits counted in."""


def _bundled(name: str, task: Task, title: str) -> ModelSpec:
    parameters = {"picturebook-clip": 7_100_000, "picturebook-llava": 11_900_000}[name]
    return ModelSpec(name, task, title, "Apache-2.0", parameters, None, MODELS / name, picture_book_only=True)


def _hub(model_id: str, task: Task, title: str, licence: str, parameters: float, **more: Any) -> ModelSpec:
    """parameters: in millions, as its page says."""
    return ModelSpec(model_id, task, title, licence, int(parameters * 1e6), **more)


APACHE, LLAMA = "Apache-2.0", "Llama 2 community"
RESEARCH = "research only"
CATALOG: dict[str, ModelSpec] = {
    spec.id: spec
    for spec in (
        _bundled("picturebook-llava", "chat", "Picture book (bundled, 12M)"),
        _hub("HuggingFaceTB/SmolVLM-256M-Instruct", "chat", "SmolVLM 256M", APACHE, 256, suits="CPU"),
        _hub("HuggingFaceTB/SmolVLM2-500M-Video-Instruct", "chat", "SmolVLM2 500M", APACHE, 507, suits="CPU"),
        _hub("llava-hf/llava-interleave-qwen-0.5b-hf", "chat", "LLaVA interleave 0.5B", RESEARCH, 870, suits="CPU"),
        _hub("Qwen/Qwen3-VL-2B-Instruct", "chat", "Qwen3-VL 2B", APACHE, 2_127, suits="8 GB"),
        _hub("HuggingFaceTB/SmolVLM2-2.2B-Instruct", "chat", "SmolVLM2 2.2B", APACHE, 2_200, suits="8 GB"),
        _hub(LLAVA, "chat", "LLaVA 1.5 7B", LLAMA, 7_063, suits="8 GB, nf4"),
        _hub("llava-hf/llava-v1.6-mistral-7b-hf", "chat", "LLaVA 1.6 Mistral 7B", f"{APACHE} (check)", 7_600, suits="24 GB"),
        _hub("Qwen/Qwen3-VL-8B-Instruct", "chat", "Qwen3-VL 8B", f"{APACHE} (check)", 8_800, suits="24 GB"),
        _bundled("picturebook-clip", "embedding", "Picture book (bundled, 7M)"),
        _hub("openai/clip-vit-base-patch32", "embedding", "CLIP ViT-B/32", "MIT", 151, suits="CPU"),
        _hub("openai/clip-vit-large-patch14", "embedding", "CLIP ViT-L/14", "MIT", 428, suits="CPU"),
        _hub("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "embedding", "CLIP ViT-B/32 LAION-2B", "MIT", 151, suits="CPU"),
        _hub("google/siglip-base-patch16-224", "embedding", "SigLIP base", APACHE, 203, suits="CPU"),
        _hub("google/siglip2-base-patch16-224", "embedding", "SigLIP 2 base", APACHE, 375, suits="CPU"),
        _hub("google/siglip2-so400m-patch14-384", "embedding", "SigLIP 2 so400m", APACHE, 1_100, suits="8 GB"),
        _hub("OFA-Sys/chinese-clip-vit-base-patch16", "embedding", "Chinese-CLIP base", f"{APACHE} (check)", 188, suits="CPU"),
    )
}


def find_spec(model_id: str, task: Task) -> ModelSpec:
    """The spec of a catalogue id, a local folder or a Hub id. Raises ModelError for anything else."""
    known = CATALOG.get(model_id)
    if known is not None:
        if known.task != task:
            raise ModelError(f"{known.title} is a model for {known.task}, not for {task}. Choose another one.")
        return known
    folder = Path(model_id).expanduser()
    if folder.is_dir():
        return _local_spec(folder, task)
    owner, _, name = model_id.partition("/")
    if owner and name and "/" not in name and all(part.replace("-", "").replace("_", "") for part in (owner, name)):
        if any(not (c.isalnum() or c in "-_./") for c in model_id) or ".." in model_id or owner.startswith("."):
            raise ModelError(f"{_quoted(model_id)} is not a model id. Write owner/name, or the path of a folder.")
        return ModelSpec(model_id, task, model_id, "see the model's page", 0)
    choices = ", ".join(spec.id for spec in CATALOG.values() if spec.task == task)
    raise ModelError(f"There is no model {_quoted(model_id)}. Choose one of {choices}, a Hub id or a local folder.")


def _local_spec(folder: Path, task: Task) -> ModelSpec:
    if not (folder / "config.json").is_file():
        raise ModelError(f"The folder {_quoted(folder.name)} has no config.json. Point to the folder of a checkpoint.")
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if not weights:
        raise ModelError(
            f"The folder {_quoted(folder.name)} holds no .safetensors weights. Convert the checkpoint, or download it whole."
        )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width = 4 if "32" in str(config.get("dtype") or config.get("torch_dtype") or "float32") else 2
    return ModelSpec(str(folder), task, folder.name, "see the folder", weights // width, folder=folder)


def _quoted(text: str) -> str:
    plain = "".join(c for c in text if c.isprintable() and c not in "<>&`\"'")
    return f"“{plain[:80]}”"
