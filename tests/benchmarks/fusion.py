"""What the strategies' modules cost over the same computation written as one plain torch function, interleaved.

    python -m tests.benchmarks.fusion

Prints, for one training step and for one inference, the ratio of ours to the plain function (aim: at most 1.1), then how
each strategy grows with tokens and batch.
"""

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.fusion.cases import Tokens
from crossmodal.fusion.catalogue import Shape, make
from crossmodal.fusion.names import STRATEGIES

SHAPE = Shape((16, 256), (12, 192), 4)
ROUNDS, BATCH = 60, 64
Parameters = dict[str, Tensor]


def tokens(batch: int, shape: tuple[int, int]) -> Tokens:
    return Tokens(torch.randn(batch, *shape), torch.ones(batch, shape[0], dtype=torch.bool))


def _linear(values: Tensor, p: Parameters, name: str) -> Tensor:
    return F.linear(values, p[f"{name}.weight"], p[f"{name}.bias"])


def _encoded(t: Tokens, p: Parameters, name: str) -> tuple[Tensor, Tensor]:
    normed = F.layer_norm(t.values, (t.width,))
    learned = _linear(F.gelu(_linear(normed, p, f"{name}.project") + p[f"{name}.place"][: t.length]), p, f"{name}.mix")
    weights = t.mask.float()[..., None]
    return learned, (learned * weights).sum(1) / weights.sum(1)


def plain_concat_mlp(picture: Tokens, text: Tokens, p: Parameters) -> Tensor:
    joined = torch.cat([_encoded(picture, p, "picture")[1], _encoded(text, p, "text")[1]], -1)
    hidden = F.gelu(_linear(F.gelu(_linear(joined, p, "fusion.mlp.0")), p, "fusion.mlp.2"))
    return _linear(hidden, p, "head")


def plain_gmu(picture: Tokens, text: Tokens, p: Parameters) -> Tensor:
    v, t = _encoded(picture, p, "picture")[1], _encoded(text, p, "text")[1]
    gate = torch.sigmoid(_linear(torch.cat([v, t], -1), p, "fusion.gate"))
    fused = gate * torch.tanh(_linear(v, p, "fusion.picture")) + (1 - gate) * torch.tanh(_linear(t, p, "fusion.text"))
    return _linear(fused, p, "head")


def plain_film(picture: Tokens, text: Tokens, p: Parameters) -> Tensor:
    v, t = _encoded(picture, p, "picture")[0], _encoded(text, p, "text")[1]
    gamma, beta = _linear(t, p, "fusion.modulate")[:, None].chunk(2, -1)
    modulated = _linear(F.relu((1 + gamma) * v + beta), p, "fusion.mix")
    weights = picture.mask.float()[..., None]
    return _linear(F.relu((modulated * weights).sum(1) / weights.sum(1)), p, "head")


def _attended(tokens: Tensor, others: Tensor, mask: Tensor, p: Parameters, name: str) -> Tensor:
    def normed(values: Tensor, which: str) -> Tensor:
        return F.layer_norm(values, (values.shape[-1],), p[f"{name}.{which}.weight"], p[f"{name}.{which}.bias"])

    def split(values: Tensor) -> Tensor:
        return values.reshape(*values.shape[:2], 4, -1).transpose(1, 2)

    query = split(_linear(normed(tokens, "norm"), p, f"{name}.query"))
    key, value = (split(part) for part in _linear(normed(others, "norm_other"), p, f"{name}.key_value").chunk(2, -1))
    scores = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).masked_fill(~mask[:, None, None], -1e9)
    tokens = tokens + _linear((scores.softmax(-1) @ value).transpose(1, 2).flatten(2), p, f"{name}.join")
    return tokens + _linear(F.gelu(_linear(normed(tokens, "norm_out"), p, f"{name}.feed.0")), p, f"{name}.feed.2")


def plain_cross_attention(picture: Tokens, text: Tokens, p: Parameters) -> Tensor:
    v, t = _encoded(picture, p, "picture")[0], _encoded(text, p, "text")[0]
    v, t = (
        _attended(v, t, text.mask, p, "fusion.to_text.0"),
        _attended(t, v, picture.mask, p, "fusion.to_picture.0"),
    )
    pooled = [(x * m.float()[..., None]).sum(1) / m.float().sum(1, True) for x, m in ((v, picture.mask), (t, text.mask))]
    return _linear(torch.cat(pooled, -1), p, "head")


PLAIN: dict[str, Callable[[Tokens, Tokens, Parameters], Tensor]] = {
    "concat_mlp": plain_concat_mlp,
    "gmu": plain_gmu,
    "film": plain_film,
    "cross_attention": plain_cross_attention,
}


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(name: str) -> None:
    torch.manual_seed(0)
    ours, plain = make(name, SHAPE), PLAIN[name]
    parameters = dict(ours.named_parameters())
    picture, text, labels = tokens(BATCH, SHAPE.picture), tokens(BATCH, SHAPE.text), torch.randint(0, 4, (BATCH,))
    torch.testing.assert_close(ours(picture, text), plain(picture, text, parameters))
    optimizer = torch.optim.AdamW(ours.parameters(), lr=1e-4)

    def step(forward: Callable[[], Tensor]) -> None:
        optimizer.zero_grad()
        torch.autograd.backward(F.cross_entropy(forward(), labels))
        optimizer.step()

    one_picture, one_text = tokens(1, SHAPE.picture), tokens(1, SHAPE.text)
    ratios = {}
    for title, own, other in (
        (
            "training step",
            lambda: step(lambda: ours(picture, text)),
            lambda: step(lambda: plain(picture, text, parameters)),
        ),
        ("one case", lambda: ours(one_picture, one_text), lambda: plain(one_picture, one_text, parameters)),
        ("64 cases", lambda: ours(picture, text), lambda: plain(picture, text, parameters)),
    ):
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            times[0].append(seconds(own))
            times[1].append(seconds(other))
        ratios[title] = (statistics.median(times[0]) * 1e3, statistics.median(times[0]) / statistics.median(times[1]))
    cells = " | ".join(f"{ms:.2f} | {ratio:.2f}" for ms, ratio in ratios.values())
    print(f"| {STRATEGIES[name].title} | {cells} |")


def growth(name: str) -> None:
    cells = []
    for count, batch in ((16, 1), (64, 1), (256, 1), (16, 64)):
        strategy = make(name, Shape((count, 256), SHAPE.text, 4)).eval()
        picture, text = tokens(batch, (count, 256)), tokens(batch, SHAPE.text)
        with torch.inference_mode():
            cells.append(1e3 * statistics.median(seconds(lambda: strategy(picture, text)) for _ in range(20)))  # noqa: B023
    print(f"| {STRATEGIES[name].title} | {' | '.join(f'{c:.2f}' for c in cells)} |")


def main() -> None:
    torch.set_num_threads(1)
    print(
        "| strategy | training step, ms | ratio | one case, ms | ratio | 64 cases, ms | ratio |\n|---|---|---|---|---|---|---|"
    )
    for name in PLAIN:
        compare(name)
    print("\n| strategy, ms | 16 tokens | 64 tokens | 256 tokens | 16 tokens, batch of 64 |\n|---|---|---|---|---|")
    for name in STRATEGIES:
        growth(name)


if __name__ == "__main__":
    main()
