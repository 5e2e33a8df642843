"""What the alignment tab says, in English and Chinese."""

from dataclasses import dataclass
from typing import Any

from crossmodal.alignment.names import CONTROL, CURVE, OBJECTIVES, UNTRAINED, WAYS
from crossmodal.ui.components import Labelled
from crossmodal.world.words import Language


@dataclass(frozen=True)
class AlignmentTexts:
    """One field a text; `{}` is filled in by the page."""

    pairing: str
    temperature: str
    domains: str
    clip: str
    bugs: str
    pairing_about: str
    temperature_about: str
    domains_about: str
    clip_about: str
    bugs_about: str
    objectives: str
    seeds: str
    run: str
    bundled: str
    nothing: str
    encoding: str
    started: str
    progress: str
    done: str
    stopped: str
    gain: str
    each_seed: str
    way: str
    curves: str
    loss: str
    step: str
    degree: str
    misprint: str
    material: str
    cones: str
    book: str
    digits: str
    scenes: str
    look: str
    sweep: str
    before: str
    after: str
    pictures: str
    texts: str
    gap: str
    alignment: str
    uniformity: str
    retrieval: str
    moment: str
    lie: str
    ways: str
    classes: str
    experiment: str
    adapting: str
    labels_needed: str
    labels: str
    accuracy: str
    drawn: str
    source: str
    target: str
    new_pair: str
    noto: str
    twemoji: str
    bug: str
    break_it: str
    without_bug: str
    with_bug: str
    command: str
    control_note: str


TEXTS: dict[Language, AlignmentTexts] = {
    "en": AlignmentTexts(
        pairing="Two encoders, one space",
        temperature="Temperature",
        domains="Two domains",
        clip="CLIP across domains",
        bugs="Break it",
        pairing_about=(
            "What the two bundled towers pool, without the projections that CLIP had, is brought into one space again: by "
            "contrast (InfoNCE, SigLIP) or by telling the other modality’s features (encoder-decoder). Which finds the right "
            "picture for a caption it never saw?"
        ),
        temperature_about=(
            "Pictures and captions begin in two cones. The temperature says how hard the loss looks at the nearest wrong pair. "
            "Watch the gap between the modalities, how close pairs lie, how evenly all are spread, and what retrieval makes "
            "of it."
        ),
        domains_about=(
            "A small network learns to name things in one style of drawing and is tried on another whose labels it never sees. "
            "What aligns the two must beat the control, which only lets the target’s pictures pass through the batch norms."
        ),
        clip_about=(
            "The bundled CLIP learned from Noto’s drawings. Here the same scene is drawn by Noto and by Twemoji, and the names "
            "that CLIP finds for each stand below. The table: its zero-shot and retrieval on Twemoji, before and after its "
            "vision tower was adapted."
        ),
        bugs_about="Bugs of public code, each put in and taken out of the same run: what you would see, if you knew to look.",
        objectives="Objectives",
        seeds="Seeds",
        run="Train and compare",
        nothing="No results ship for this choice. Press the button to train.",
        bundled="Bundled results, made with `{}`.",
        encoding="Encoding pictures and captions: {:.0f} %",
        started="0 of {} trainings done …",
        progress="{} of {} trainings done · about {:.0f} s left",
        done="This run: {} trainings in {:.0f} s.",
        stopped="Stopped: {} of {} trainings are done.",
        gain="against the control",
        each_seed="each seed",
        way="Way",
        curves="Training loss, mean of the seeds; the objectives’ losses are not of one scale",
        loss="loss",
        step="step",
        degree="Temperature",
        misprint="The misprint: no temperature in the denominator",
        material="Data",
        cones="Two cones of free vectors in three dimensions",
        book="Picture-book embeddings, projections learned anew",
        digits="scikit-learn’s digits → styled digits",
        scenes="Picture book: drawn by Noto → drawn by Twemoji",
        look="Run",
        sweep="All temperatures",
        before="Before",
        after="After",
        pictures="pictures",
        texts="captions",
        gap="modality gap",
        alignment="alignment (distance of pairs)",
        uniformity="uniformity (lower is more even)",
        retrieval="retrieval, recall at 1 (%)",
        moment=(
            "At temperature {:g}: gap {:.2f} → {:.2f}, alignment {:.2f} → {:.2f}, uniformity {:.2f} → {:.2f}, "
            "recall@1 {:.0f} % → {:.0f} %; the loss ends at {:.2f}."
        ),
        lie="How the two modalities lie",
        ways="Ways",
        classes="Classes that the target has, of ten (fewer: a class shift, where aligning may hurt)",
        experiment="Experiment",
        adapting="Adapting without labels",
        labels_needed="How many labels fine-tuning needs",
        labels="labels a class",
        accuracy="accuracy on the target, %",
        drawn="{}: what the network makes of both domains",
        source="source",
        target="target",
        new_pair="🎲 New scene in both styles",
        noto="Noto, what it learned from",
        twemoji="Twemoji",
        bug="Bug",
        break_it="Break it",
        without_bug="without the bug",
        with_bug="with the bug",
        command="From the command line",
        control_note="A gain counts where its interval lies above 0.",
    ),
    "zh": AlignmentTexts(
        pairing="两个编码器，一个空间",
        temperature="温度",
        domains="两个域",
        clip="跨域的 CLIP",
        bugs="弄坏它",
        pairing_about=(
            "拿掉 CLIP 原有的投影，把内置两座塔的输出重新对齐到一个空间：用对比（InfoNCE、SigLIP），"
            "或互相重建对方的特征（编码器-解码器）。哪一种能为没见过的描述找到正确的图片？"
        ),
        temperature_about=(
            "图片和描述一开始各在一个锥里。温度决定损失多在意最近的错误配对。观察模态间隙、配对的距离、分布的均匀程度，以及检索结果。"
        ),
        domains_about=(
            "一个小网络在一种画风上学会辨认物体，再到没有标签的另一种画风上测试。对齐方法必须胜过对照组："
            "对照组只让目标域的图片经过批归一化。"
        ),
        clip_about=(
            "内置 CLIP 只学过 Noto 的图案。这里把同一场景用 Noto 和 Twemoji 各画一遍，下面是 CLIP 给出的名称。"
            "表中是视觉塔适应前后在 Twemoji 上的零样本和检索结果。"
        ),
        bugs_about="公开代码里的常见错误，在同一次运行里放进去、再拿出来：如果知道该看哪里，就会看到这些。",
        objectives="目标函数",
        seeds="随机种子数",
        run="训练并比较",
        nothing="这个选择没有附带结果。请按按钮训练。",
        bundled="附带的结果，由 `{}` 得到。",
        encoding="正在编码图片和描述：{:.0f} %",
        started="已完成 0 / {} 次训练……",
        progress="已完成 {} / {} 次训练 · 约剩 {:.0f} 秒",
        done="本次运行：{} 次训练，{:.0f} 秒。",
        stopped="已停止：完成了 {} / {} 次训练。",
        gain="与对照组之差",
        each_seed="各个种子",
        way="方法",
        curves="训练损失（各种子平均）；不同目标函数的损失尺度不同",
        loss="损失",
        step="训练步",
        degree="温度",
        misprint="印错的公式：分母里没有温度",
        material="数据",
        cones="三维空间里两个锥中的自由向量",
        book="绘本嵌入，重新学习投影",
        digits="scikit-learn 手写数字 → 换了风格的数字",
        scenes="绘本：Noto 画风 → Twemoji 画风",
        look="运行",
        sweep="所有温度",
        before="之前",
        after="之后",
        pictures="图片",
        texts="描述",
        gap="模态间隙",
        alignment="对齐（配对的距离）",
        uniformity="均匀性（越低越均匀）",
        retrieval="检索，前 1 召回率（%）",
        moment=(
            "温度 {:g}：间隙 {:.2f} → {:.2f}，对齐 {:.2f} → {:.2f}，均匀性 {:.2f} → {:.2f}，前 1 召回率 {:.0f} % → {:.0f} %；"
            "损失最终为 {:.2f}。"
        ),
        lie="两个模态的相对位置",
        ways="方法",
        classes="目标域有几个类别（共十个；更少就是类别偏移，对齐可能有害）",
        experiment="实验",
        adapting="无标签适应",
        labels_needed="微调需要多少标签",
        labels="每类标签数",
        accuracy="目标域准确率 %",
        drawn="{}：网络眼中的两个域",
        source="源域",
        target="目标域",
        new_pair="🎲 两种画风的新场景",
        noto="Noto（它学过的）",
        twemoji="Twemoji",
        bug="错误",
        break_it="弄坏它",
        without_bug="没有错误",
        with_bug="有错误",
        command="用命令行运行",
        control_note="区间在 0 以上才算有提升。",
    ),
}
_ZH = {
    UNTRAINED: "未训练",
    "Encoder-decoder": "编码器-解码器",
    "InfoNCE as misprinted": "印错的 InfoNCE",
    "Source only": "只用源域",
    CONTROL: "对照：目标域统计量",
    "DANN, strength 0.1": "DANN，强度 0.1",
    "Fine-tuned on 5 labels a class": "每类 5 个标签微调",
    "Trained on the target": "直接在目标域训练",
    "As it ships": "出厂时",
    "Control: target's mean moved, no training": "对照：只平移目标域均值，不训练",
    "Control: source alone, as long": "对照：只用源域，训练同样久",
    "Fine-tuned on 1 labelled picture a name": "每个名称 1 张有标签图片微调",
    "Fine-tuned on 3 labelled pictures a name": "每个名称 3 张有标签图片微调",
    CURVE[0]: "先预训练再微调",
    CURVE[1]: "从头训练",
    "target accuracy": "目标域准确率",
    "text → picture R@1": "文→图 R@1",
    "text → picture R@5": "文→图 R@5",
    "text → picture R@10": "文→图 R@10",
    "picture → text R@1": "图→文 R@1",
    "picture → text R@5": "图→文 R@5",
    "picture → text R@10": "图→文 R@10",
}


def named(title: str, language: Language) -> str:
    """A way, an objective or a figure in the page's language; what has no other name keeps its own."""
    return _ZH.get(title, title) if language == "zh" else title


@dataclass(frozen=True)
class Choices(Labelled):
    """Choices that are named: ways, or objectives."""

    attribute: str = "choices"

    def said(self, language: Language) -> Any:
        if self.text == "ways":
            return [(named(way, language), way) for way in WAYS]
        return [(named(title, language), name) for name, title in OBJECTIVES.items()]


@dataclass(frozen=True)
class OfTexts(Labelled):
    """Choices that are fields of AlignmentTexts: `text` names them, with a `:` before what each stands for."""

    attribute: str = "choices"

    def said(self, language: Language) -> Any:
        pairs = (part.split(":") for part in self.text.split())
        return [(getattr(TEXTS[language], field), value) for field, value in pairs]
