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


ENGLISH = Texts(
    tagline="Ask a picture questions. Runs on this machine, no download, no key.",
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
)
CHINESE = Texts(
    tagline="向图片提问。在本机运行，无需下载，无需密钥。",
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
