"""What the page says, in English and Chinese."""

from dataclasses import dataclass, fields

from crossmodal.world.words import Language


@dataclass(frozen=True)
class Texts:
    """One field a text; `{}` is filled in by the page."""

    tagline: str
    language: str
    model_loading: str
    model_ready: str
    model_failed: str
    picture: str
    new_scene: str
    try_asking: str
    examples: str
    chat: str
    chat_empty: str
    question: str
    question_hint: str
    send: str
    stop: str
    clear: str
    options: str
    temperature: str
    top_p: str
    length: str
    system_prompt: str
    unfamiliar: str
    cost: str
    cost_reused: str
    cost_fresh: str
    stopped: str
    right: str
    wrong: str
    interrupted: str
    classify_this: str
    ask_about: str
    labels: str
    labels_hint: str
    label_set: str
    templates: str
    zs_options: str
    embedding_model: str
    classify: str
    zs_empty: str
    which: str
    is_it: str
    not_measured: str
    none_of_these: str
    best_is: str
    best_only: str
    merged: str
    template_changed: str
    unknown_words: str
    zs_unfamiliar: str
    seen_where: str
    seen_note: str
    no_map: str
    show_code: str
    many: str
    files: str
    folder: str
    run_all: str
    progress: str
    all_done: str
    stopped_at: str
    csv: str
    json: str
    zs_table: str


ENGLISH = Texts(
    tagline="Ask a picture questions, or sort it into labels of your own. Runs on this machine, no download, no key.",
    language="Language",
    model_loading="⏳ {} is loading, {:.0f} s so far. You can already choose a picture and ask.",
    model_ready="● {} · {} on {} · {:.2f} GB",
    model_failed="⚠️ {}",
    picture="Picture",
    new_scene="🎲 New scene",
    try_asking="Try asking",
    examples="Examples: click one to ask it",
    chat="Conversation",
    chat_empty="Choose an example, compose a new scene or upload a picture. Then ask.",
    question="Question",
    question_hint="What is the cat doing?",
    send="Ask",
    stop="Stop",
    clear="Clear",
    options="How to answer",
    temperature="Temperature (0: always the most likely word)",
    top_p="Top-p",
    length="Longest answer, in tokens",
    system_prompt="System prompt",
    unfamiliar=(
        "⚠️ This does not look like a picture-book scene. The bundled model knows nothing else and will answer wrongly. "
        "For photographs, start the app with another model: `python app.py --model HuggingFaceTB/SmolVLM-256M-Instruct`."
    ),
    cost="{} picture tokens · {} · first token {:.2f} s · {:.0f} tokens/s",
    cost_reused="{} of {} prompt tokens reused",
    cost_fresh="{} prompt tokens, none reused",
    stopped="stopped",
    right="✓ right, says the scene",
    wrong="✗ the scene says: {}",
    interrupted="(no answer)",
    classify_this="🏷️ Classify this",
    ask_about="💬 Ask about it",
    labels="Labels: one a line, or separated by commas",
    labels_hint="cat, dog, sailboat",
    label_set="A set of labels to start from",
    templates="Templates: one a line, {} where the label goes (empty: those that suit the model)",
    zs_options="Model and templates",
    embedding_model="Model",
    classify="Classify",
    zs_empty="Type labels, choose a picture, and see which label fits it, and whether any does.",
    which="Which of these?",
    is_it="Is it this?",
    not_measured="not measured for this model",
    none_of_these="🚫 <b>None of these</b>, most likely: the best label, {}, reaches {:.0%} where {:.0%} is needed.",
    best_is="✅ <b>{}</b>",
    best_only="<b>{}</b>, of these. Whether any of them is right was not measured for this model.",
    merged="Typed more than once, used once: {}.",
    template_changed="Alone, the template “{}” would have chosen <b>{}</b>.",
    unknown_words="⚠️ The picture-book model never learned these words, so what it says of them means nothing: {}.",
    zs_unfamiliar=(
        "⚠️ This does not look like a picture-book scene. The bundled model knows nothing else and will be wrong. "
        "For photographs, choose another model below."
    ),
    seen_where="Where is it seen?",
    seen_note="Bright where the picture is most like the label. A wrong label has a brightest place too.",
    no_map="This model's patches cannot be compared with texts, so there is no map.",
    show_code="Show code",
    many="Many pictures",
    files="Pictures, or a zip of them",
    folder="Folder of the server's, below the open one",
    run_all="Classify all",
    progress="{} of {} · about {:.0f} s left",
    all_done="{} of {} done, {} could not be read.",
    stopped_at="Stopped after {} of {}; what is done is below.",
    csv="Download CSV",
    json="Download JSON",
    zs_table="Best five labels for each picture",
)
CHINESE = Texts(
    tagline="向图片提问，或用自己的标签分类。在本机运行，无需下载，无需密钥。",
    language="语言",
    model_loading="⏳ {} 正在加载，已用 {:.0f} 秒。现在就可以选图提问。",
    model_ready="● {} · {} 精度，在 {} 上 · {:.2f} GB",
    model_failed="⚠️ {}",
    picture="图片",
    new_scene="🎲 新场景",
    try_asking="试着问",
    examples="示例：点击即可提问",
    chat="对话",
    chat_empty="选一个示例、生成新场景或上传图片，然后提问。",
    question="问题",
    question_hint="猫在做什么？",
    send="提问",
    stop="停止",
    clear="清空",
    options="回答方式",
    temperature="温度（0：总选最可能的词）",
    top_p="Top-p",
    length="回答最长多少个词元",
    system_prompt="系统提示",
    unfamiliar=(
        "⚠️ 这不像绘本场景。内置模型只认识绘本场景，会答错。"
        "如果要问照片，请换一个模型启动：`python app.py --model HuggingFaceTB/SmolVLM-256M-Instruct`。"
    ),
    cost="{} 个图片词元 · {} · 首词元 {:.2f} 秒 · 每秒 {:.0f} 词元",
    cost_reused="{} / {} 个提示词元被复用",
    cost_fresh="{} 个提示词元，无复用",
    stopped="已停止",
    right="✓ 正确（依据场景数据）",
    wrong="✗ 场景的答案是：{}",
    interrupted="（没有回答）",
    classify_this="🏷️ 给它分类",
    ask_about="💬 就它提问",
    labels="标签：每行一个，或用逗号隔开",
    labels_hint="猫，狗，帆船",
    label_set="从一组标签开始",
    templates="模板：每行一个，标签的位置写 {}（留空则用适合模型的）",
    zs_options="模型与模板",
    embedding_model="模型",
    classify="分类",
    zs_empty="输入标签，选一张图片，看哪个标签合适，以及有没有合适的。",
    which="是其中哪个？",
    is_it="是不是它？",
    not_measured="该模型没有测量过",
    none_of_these="🚫 很可能<b>都不是</b>：最好的标签 {} 只有 {:.0%}，至少需要 {:.0%}。",
    best_is="✅ <b>{}</b>",
    best_only="其中最像 <b>{}</b>。该模型没有测量过是否真的有一个正确。",
    merged="重复输入的标签只用一次：{}。",
    template_changed="只用模板“{}”会选 <b>{}</b>。",
    unknown_words="⚠️ 绘本模型没有学过这些词，对它们的判断没有意义：{}。",
    zs_unfamiliar="⚠️ 这不像绘本场景。内置模型只认识绘本场景，会判断错误。要分类照片，请在下面换一个模型。",
    seen_where="在哪里看到的？",
    seen_note="亮的地方是图片中与标签最像的部分。总会有最亮的地方，即使标签不对。",
    no_map="这个模型的图块不能与文字比较，因此没有图。",
    show_code="查看代码",
    many="多张图片",
    files="图片，或图片的 zip 压缩包",
    folder="服务器上开放目录下的文件夹",
    run_all="全部分类",
    progress="{} / {} · 约剩 {:.0f} 秒",
    all_done="完成 {} / {}，{} 张无法读取。",
    stopped_at="在 {} / {} 处停止；已完成的在下方。",
    csv="下载 CSV",
    json="下载 JSON",
    zs_table="每张图片的前五个标签",
)
TEXTS: dict[Language, Texts] = {"en": ENGLISH, "zh": CHINESE}
LANGUAGE_CHOICES: list[tuple[str, str]] = [("English", "en"), ("中文", "zh")]


def preferred_language(accept_language: str) -> Language:
    """The page's language for a browser's `Accept-Language` header."""
    for part in accept_language.lower().split(","):
        if part.strip().startswith("zh"):
            return "zh"
        if part.strip().startswith("en"):
            return "en"
    return "en"


def text_names() -> tuple[str, ...]:
    return tuple(f.name for f in fields(Texts))
