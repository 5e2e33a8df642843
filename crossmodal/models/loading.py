"""Reads one checkpoint into memory, in the precision asked for."""

from dataclasses import dataclass, field, replace
from threading import Lock
from types import SimpleNamespace
from typing import Any

from crossmodal.errors import ModelError
from crossmodal.models.catalog import ModelSpec, Task
from crossmodal.models.hub import cached_folder, fetch, not_cached
from crossmodal.models.machine import Precision

KEPT_IN_16_BITS = [".*vision_tower", ".*vision_model", ".*visual", ".*multi_modal_projector", ".*connector", "lm_head"]
"""Quantising these costs answers and saves little. Patterns match from the start of a module's full name."""


@dataclass
class LoadedModel:
    """A model in memory with its processor. `computing` is held while it runs: one user at a time."""

    spec: ModelSpec
    precision: Precision
    device: str
    model: Any
    processor: Any
    bytes: int
    computing: Any = field(default_factory=Lock)  # a plain one: a stream may end on another thread than it began


ONE_AT_A_TIME = Lock()
"""transformers imports a model's modules when first asked for it; two threads that do so get half of a module each.
It also sets torch's default dtype while it builds one, for the whole process."""


def load_checkpoint(spec: ModelSpec, precision: Precision, device: str, offline: bool) -> LoadedModel:
    """Weights and processor from a folder, the Hub's cache or the Hub.

    Raises ModelError, in one sentence, where that fails.
    """
    if spec.folder is None:
        folder = cached_folder(spec) if offline else fetch(spec)  # before the lock: a download may take long
        if folder is None:
            raise not_cached(spec)
        spec = replace(spec, folder=folder)
    with ONE_AT_A_TIME:
        return _load(spec, precision, device)


def _load(spec: ModelSpec, precision: Precision, device: str) -> LoadedModel:
    import torch

    source = str(spec.folder)
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    try:
        processor = read_processor(source)
        model: Any = automodel(spec.task).from_pretrained(
            source,
            dtype=dtype,
            use_safetensors=True,
            quantization_config=_quantisation(precision),
            device_map=device if precision in ("int8", "nf4") else None,
            local_files_only=True,
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # loaders of many families and formats fail in as many ways
        raise ModelError(*_sentence(spec, error)) from error
    if precision in ("fp32", "bf16"):
        model.to(torch.device(device))
    model.eval()
    model.requires_grad_(False)
    return LoadedModel(spec, precision, device, model, processor, bytes_of(model))


def read_processor(folder: str) -> Any:
    """The checkpoint's own, with Pillow for pictures.

    A family that also takes videos is read without its part for them: that part knows no Pillow, and would keep the whole
    from loading.
    """
    from transformers import PROCESSOR_MAPPING, AutoConfig, AutoProcessor

    family = type(AutoConfig.from_pretrained(folder, local_files_only=True))
    known: Any = PROCESSOR_MAPPING.get(family, None)
    maker = AutoProcessor if known is None or "video_processor" not in known.get_attributes() else _without_videos(known)
    return maker.from_pretrained(folder, backend="pil", local_files_only=True)


def _without_videos(family: Any) -> Any:
    """The same class with nothing where its processor of videos was. Its constructor must stay: transformers reads it."""

    class Pictures(family):  # type: ignore[misc]
        video_processor = SimpleNamespace(num_frames=None, fps=None)  # asked for also where there is no video

        @classmethod
        def get_attributes(cls) -> list[str]:
            return [name for name in super().get_attributes() if name != "video_processor"]

        @classmethod
        def _get_arguments_from_pretrained(cls, *given: Any, **named: Any) -> list[Any]:
            return [*super()._get_arguments_from_pretrained(*given, **named), None]

    Pictures.__name__ = family.__name__
    return Pictures


def automodel(task: Task) -> Any:
    """The class of transformers that knows every family of the task."""
    from transformers import AutoModelForImageTextToText, AutoModelForZeroShotImageClassification

    return AutoModelForImageTextToText if task == "chat" else AutoModelForZeroShotImageClassification


def bytes_of(model: Any) -> int:
    """What its weights take, with the scales of quantised ones, which transformers' own count leaves out."""
    return int(model.get_memory_footprint()) + sum(scale_bytes(parameter) for parameter in model.parameters())


def scale_bytes(parameter: Any) -> int:
    """Of the scales that belong to one quantised weight; 0 for a plain one."""
    state = getattr(parameter, "quant_state", None)
    scales = (state.absmax if state is not None else None, getattr(parameter, "SCB", None))
    return sum(int(scale.numel() * scale.element_size()) for scale in scales if scale is not None)


def _quantisation(precision: Precision) -> Any:
    if precision not in ("int8", "nf4"):
        return None
    import torch
    from transformers import BitsAndBytesConfig

    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=KEPT_IN_16_BITS)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=KEPT_IN_16_BITS,
    )


def _sentence(spec: ModelSpec, error: Exception) -> tuple[str, str]:
    """What to tell the person, in English and Chinese."""
    if isinstance(error, ImportError):
        package = error.name or "see the log"
        return (
            f"{spec.title} needs a package that is not installed ({package}). Install it and try again.",
            f"{spec.title} 需要一个尚未安装的包（{package}）。请安装后再试。",
        )
    if isinstance(error, OSError):
        return (
            f"{spec.title} could not be loaded: its folder lacks files or they are damaged. Download it again.",
            f"{spec.title} 加载失败：文件夹缺少文件或文件已损坏。请重新下载。",
        )
    return (
        f"{spec.title} could not be loaded: its files are damaged or not for this task. Choose another checkpoint.",
        f"{spec.title} 加载失败：文件已损坏，或不适合这个任务。请换一个。",
    )
