"""What this machine has, and the device and precision that follow from it."""

import os
from typing import Literal

from crossmodal.errors import ModelError
from crossmodal.models.catalog import ModelSpec

Precision = Literal["fp32", "bf16", "int8", "nf4"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8", "nf4")
DEVICES = ("cpu", "cuda", "mps")
FULL_PRECISION_LIMIT = 600_000_000
"""Parameters up to which a CPU runs a model in fp32: it is faster there, and it fits."""


def choose_device(wanted: str) -> str:
    """Raises ModelError where the device is unknown or not there."""
    import torch

    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if here[name])
    if wanted not in here:
        raise ModelError(f"There is no device “{wanted[:40]}”. Choose auto, {', '.join(DEVICES)}.")
    if not here[wanted]:
        raise ModelError(f"This machine has no {wanted} device. Choose auto or cpu.")
    return wanted


def choose_precision(wanted: str, spec: ModelSpec, device: str, budget: int) -> Precision:
    """The precision asked for, or the best one that fits. Raises ModelError for an unknown one."""
    if wanted != "auto":
        if wanted not in PRECISIONS:
            raise ModelError(f"There is no precision “{wanted[:40]}”. Choose auto, {', '.join(PRECISIONS)}.")
        return wanted
    if device == "cpu" and 0 < spec.parameters <= FULL_PRECISION_LIMIT:
        return "fp32"
    return "bf16" if spec.bytes_in("bf16") <= budget else "nf4"


def memory_bytes(device: str) -> int:
    """All memory of the device that models compute on."""
    if device == "cuda":
        import torch

        total: int = torch.cuda.get_device_properties(0).total_memory
        return total
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def free_bytes(device: str) -> int:
    """Memory that nothing uses now, on the device that models compute on."""
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return int(psutil.virtual_memory().available)
