"""The strategies by name, as the literature calls them. Without torch: the page lists them before it is loaded."""

from dataclasses import dataclass
from typing import Literal

Stage = Literal["baseline", "early", "mid", "late"]


@dataclass(frozen=True)
class Kind:
    """A strategy before it is made for a task."""

    title: str
    stage: Stage
    also: str
    """What else it is called."""
    wiring: str
    """How it fuses, in a formula."""


STRATEGIES: dict[str, Kind] = {
    "majority": Kind("Majority", "baseline", "prior", "argmax p(y)"),
    "picture_only": Kind("Picture only", "baseline", "unimodal", "MLP(v)"),
    "text_only": Kind("Text only", "baseline", "unimodal", "MLP(t)"),
    "early_concat": Kind("Early concat", "early", "feature-level fusion", "MLP([raw v; raw t])"),
    "concat_mlp": Kind("Concat MLP", "mid", "joint embedding, intermediate fusion", "MLP([v; t])"),
    "gmu": Kind("GMU", "mid", "gated multimodal unit", "z tanh(Wv) + (1 - z) tanh(Ut)"),
    "tfn": Kind("TFN", "mid", "tensor fusion network", "[v; 1] ⊗ [t; 1]"),
    "lmf": Kind("LMF", "mid", "low-rank multimodal fusion", "Σ (W[v; 1]) * (U[t; 1])"),
    "film": Kind("FiLM", "mid", "feature-wise linear modulation", "γ(t) V + β(t), pooled"),
    "cross_attention": Kind("Cross-attention", "mid", "co-attention, ViLBERT", "V attends to T, T to V"),
    "global_local": Kind("Global + local attention", "mid", "pooled and token-level together", "[v; t; t attends to V]"),
    "mbt": Kind("MBT", "mid", "attention bottlenecks", "V and T meet in 4 tokens"),
    "mean_probability": Kind("Late: mean probability", "late", "decision-level fusion, sum rule", "(p(v) + p(t)) / 2"),
    "product_of_experts": Kind("Late: product of experts", "late", "summed logits", "p(v) p(t) / Z"),
    "stacking": Kind("Late: stacking", "late", "stacked generalisation", "W[log p(v); log p(t)]"),
}
"""Baselines first, then early, mid and late."""
BASELINES = tuple(name for name, kind in STRATEGIES.items() if kind.stage == "baseline")
LATE = tuple(name for name, kind in STRATEGIES.items() if kind.stage == "late")
