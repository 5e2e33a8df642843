"""The known bugs by name, with the line that is wrong and what it does. Without torch: the page lists them early."""

from dataclasses import dataclass

from crossmodal.world.words import Language


@dataclass(frozen=True)
class Bug:
    """One bug of public code."""

    title: tuple[str, str]
    """English and Chinese."""
    right: str
    """The line as it should be."""
    wrong: str
    axes: tuple[tuple[str, str], tuple[str, str]]
    """What x and y are, each in both languages."""
    symptom: tuple[str, str]
    """What a person sees; takes the figure without the bug, and with it."""

    def said(self, language: Language, right: float, wrong: float) -> str:
        return self.symptom[language == "zh"].format(right, wrong)


_STEP, _LOSS = ("step", "训练步"), ("loss", "损失")
BUGS: dict[str, Bug] = {
    "misprint": Bug(
        ("InfoNCE without the temperature in its denominator", "InfoNCE 分母漏掉温度"),
        "log(exp(s_ii / t) / sum_j exp(s_ij / t))",
        "log(exp(s_ii / t) / sum_j exp(s_ij))",
        (_STEP, _LOSS),
        (
            "The loss goes below zero, which a cross-entropy cannot: it ends at {1:.1f} where the right one ends at {0:.2f}. "
            "It hardly pushes wrong pairs apart.",
            "损失会低于零，而交叉熵不可能：它停在 {1:.1f}，正确的停在 {0:.2f}。它几乎不把错误的配对推开。",
        ),
    ),
    "one_output": Bug(
        ("A softmax over one output", "只有一个输出的 softmax"),
        "sigmoid(layer(x))",
        "softmax(layer(x), dim=-1)  # one output: always 1",
        (_STEP, _LOSS),
        (
            "The discriminator's loss does not move from {1:.0f}; the right one falls to {0:.3f}. No gradient reaches it, and "
            "adversarial adaptation does nothing without a word.",
            "判别器的损失停在 {1:.0f} 不动；正确的降到 {0:.3f}。梯度全为零，对抗式适应毫无作用，也没有任何提示。",
        ),
    ),
    "unsquared": Bug(
        ("A Gaussian kernel without the square", "高斯核漏掉平方"),
        "exp(-d ** 2 / (2 * s ** 2))",
        "exp(-d / (2 * s ** 2))",
        (("distance", "距离"), ("kernel", "核值")),
        (
            "At distance 0 it falls with a slope of {1:.2f} instead of {0:.2f}: a spike, so near pairs pull hardest and the "
            "gradient never comes to rest.",
            "在距离 0 处斜率是 {1:.2f}，应为 {0:.2f}：出现尖峰，越近拉力越大，梯度永远不会静止。",
        ),
    ),
    "plain_list": Bug(
        ("Factors held in a plain list", "因子放在普通列表里"),
        "self.factors = nn.ParameterList(factors)",
        "self.factors = factors  # the optimiser is not told of them",
        (_STEP, _LOSS),
        (
            "The factors are never trained: the loss stays at {1:.2f} where it should reach {0:.2f}. The model reports fewer "
            "parameters than it has, and nothing else shows.",
            "这些因子从未被训练：损失停在 {1:.2f}，本应到 {0:.2f}。除了参数量偏少，看不出任何异常。",
        ),
    ),
    "double_softmax": Bug(
        ("Softmax twice", "softmax 做了两次"),
        "cross_entropy(logits, labels)",
        "cross_entropy(softmax(logits), labels)",
        (_STEP, _LOSS),
        (
            "With two classes the loss cannot fall below 0.31: it ends at {1:.2f}, the right one at {0:.3f}. No answer can be "
            "surer than 73 %.",
            "两类时损失不可能低于 0.31：它停在 {1:.2f}，正确的到 {0:.3f}。任何答案的把握都不超过 73 %。",
        ),
    ),
    "anew": Bug(
        ("The optimiser made anew every step", "每一步都新建优化器"),
        "optimizer = Adam(...)  # once",
        "for step in steps: optimizer = Adam(...)",
        (_STEP, _LOSS),
        (
            "Adam forgets its averages, and every step is as long as the learning rate: the loss swings about {1:.4f} and does "
            "not settle; the right one ends at {0:.6f}.",
            "Adam 忘掉了滑动平均，每一步都和学习率一样长：损失在 {1:.4f} 附近摆动，不会收敛；正确的到 {0:.6f}。",
        ),
    ),
    "chosen": Bug(
        ("The test chooses the model", "用测试集挑选模型"),
        "best = max(models, key=score_on_validation)",
        "best = max(models, key=score_on_test)",
        (("models tried", "尝试的模型数"), ("% right", "正确率 %")),
        (
            "Of models that only guess, the best of 200 is reported with {1:.1f} %; on cases it was not chosen by it gets "
            "{0:.1f} % on average: chance.",
            "模型都只是瞎猜：200 个里挑最好的，报告 {1:.1f} %；换一批样本平均只有 {0:.1f} %，就是随机。",
        ),
    ),
    "squeeze": Bug(
        ("squeeze() that drops a batch of one", "squeeze() 丢掉大小为 1 的批"),
        "logits.squeeze(-1)",
        "logits.squeeze()",
        (("batch size", "批大小"), ("% right", "正确率 %")),
        (
            "In batches of one, {1:.0f} % of the answers are right instead of {0:.0f} %: the classes are taken for rows. Tests "
            "with larger batches never see it.",
            "批大小为 1 时只有 {1:.0f} % 正确，应为 {0:.0f} %：类别被当成了行。用更大的批测试永远发现不了。",
        ),
    ),
    "reversal": Bug(
        ("The reversal's strength scales the whole loss", "反转强度乘到了整个损失上"),
        "loss = bce(judge(reverse(features, strength)))",
        "loss = strength * bce(judge(reverse(features)))",
        (_STEP, _LOSS),
        (
            "While the strength is near 0 the discriminator does not learn either: after a tenth of the steps its loss is "
            "{1:.2f}; the right one's is {0:.2f}.",
            "强度接近 0 时判别器也学不动：过了十分之一的步数，它的损失是 {1:.2f}；正确的是 {0:.2f}。",
        ),
    ),
}
