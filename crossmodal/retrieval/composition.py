"""Several terms become one vector."""

import torch.nn.functional as F
from torch import Tensor


def composed(vectors: Tensor, weights: Tensor, text_terms: Tensor, centres: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """One query from several terms, and the part of it that is each term's.

    vectors: (terms, dim), L2-normalised; weights: (terms,); text_terms: (terms,), true for words;
    centres: (dim,) each, the mean of texts and the mean of pictures.
    Returns the query, (dim,), L2-normalised, and parts, (terms, dim), which add up to it.

    A single wanted term stays as it is. Otherwise each vector is first taken from its modality's centre: texts and
    pictures lie in two cones far apart (Liang et al. 2022), and "cat - dog" would leave next to nothing of their cone.
    """
    if len(vectors) == 1 and weights[0] > 0:
        return vectors[0], vectors.clone()
    centre = text_terms[:, None] * centres[0] + (~text_terms)[:, None] * centres[1]
    parts = weights[:, None] * F.normalize(vectors - centre, dim=-1)
    length = parts.sum(0).norm().clamp_min(1e-6)
    return parts.sum(0) / length, parts / length
