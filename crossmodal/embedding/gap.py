"""How far apart two modalities lie in one space."""

from torch import Tensor


def modality_gap(pictures: Tensor, texts: Tensor) -> float:
    """Distance of the two means (Liang et al. 2022), 0 to 2. Both (rows, dim), L2-normalised."""
    return float((pictures.mean(0) - texts.mean(0)).norm())
