"""What the experiments compare, by name. Without torch: the page lists them before it is loaded."""

from typing import Literal

Objective = Literal["info_nce", "siglip", "reconstruction", "misprint"]
OBJECTIVES: dict[Objective, str] = {
    "info_nce": "InfoNCE",
    "siglip": "SigLIP",
    "reconstruction": "Encoder-decoder",
    "misprint": "InfoNCE as misprinted",
}
UNTRAINED = "Untrained"
"""The control: projections as they begin."""

FEW_LABELS = 5
"""Labels for each class that fine-tuning gets."""
CONTROL = "Control: target statistics"
WAYS = (
    "Source only",
    CONTROL,
    "CORAL",
    "MMD",
    "DANN",
    "DANN, strength 0.1",
    f"Fine-tuned on {FEW_LABELS} labels a class",
    "Trained on the target",
)
CURVE = ("Pretrained, then fine-tuned", "From scratch")
