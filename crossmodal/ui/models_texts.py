"""What the models tab says, in English and Chinese."""

from dataclasses import dataclass

from crossmodal.world.words import Language


@dataclass(frozen=True)
class ModelsTexts:
    """One field a text; `{}` is filled in by the page."""

    about: str
    task: str
    chat: str
    embedding: str
    checkpoint: str
    precision: str
    fits: str
    tight: str
    no: str
    needs: str
    about_needs: str
    disk: str
    on_disk: str
    bundled: str
    licence: str
    research: str
    unknown: str
    commit: str
    no_commit: str
    take_smaller: str
    fetch: str
    stop: str
    load: str
    unload: str
    keep: str
    use: str
    delete: str
    fetching: str
    fetched: str
    fetch_first: str
    loading: str
    loaded: str
    unloaded: str
    not_loaded: str
    deleted: str
    used: str
    not_shared: str
    unload_first: str
    memory: str
    table: str
    compare: str
    blind: str
    ask_both: str
    first: str
    second: str
    blind_first: str
    blind_second: str
    cost: str
    together: str
    one_by_one: str


TEXTS: dict[Language, ModelsTexts] = {
    "en": ModelsTexts(
        about=(
            "What can be loaded here, whether it fits before anything is fetched, and what is in memory now. Any Hub id "
            "(`owner/name`) or local folder can be typed in. Only safetensors are read; no code of a checkpoint is run."
        ),
        task="For",
        chat="chat",
        embedding="zero-shot and search",
        checkpoint="Checkpoint",
        precision="Precision",
        fits="fits",
        tight="tight",
        no="does not fit",
        needs=(
            "**{}**: {:.2f} GB of {:.1f} GB that are free ({:.2f} weights, {:.2f} conversation, {:.2f} work), from its "
            "configuration."
        ),
        about_needs="**{}**: about {:.2f} GB of {:.1f} GB that are free, from the number of its weights.",
        disk="To fetch: about {:.1f} GB; {:.0f} GB of the disk are free.",
        on_disk="On the disk: {:.2f} GB.",
        bundled="Ships with the app.",
        licence="Licence: {}.",
        research="⚠️ Licence: {}: not for products.",
        unknown="How large it is will be known once its configuration is here.",
        commit="Commit {}, which stays.",
        no_commit="Its commit is written down when it is first fetched, and the same is used from then on.",
        take_smaller="Take {} in {}",
        fetch="Fetch",
        stop="Stop",
        load="Load",
        unload="Unload",
        keep="Keep in memory",
        use="Chat with it",
        delete="Delete from the disk",
        fetching="Fetching {}: {:.1f} of {:.1f} MB ({:.0f} %), {:.1f} MB/s",
        fetched="{} is on the disk.",
        fetch_first="{} is not on the disk yet. Fetch it first.",
        loading="Loading {}, {:.0f} s so far …",
        loaded="{} is in memory in {}: {:.3f} GB.",
        unloaded="{} left memory.",
        not_loaded="{} is not in memory in {}.",
        deleted="{} was deleted; {:.2f} GB are free again.",
        not_shared="This page is shared: what is on its disk and stays in its memory is not for visitors to change.",
        unload_first="{} is in memory. Unload it first.",
        used="The chat now asks {} in {}.",
        memory="In memory: {:.3f} GB of {:.1f} GB that models may take; peak {:.3f} GB. {}",
        table="Checkpoint | Licence | Weights | bf16 | nf4 | On the disk | In memory",
        compare="Two at once: the same question to both",
        blind="Blind: who answers is shown afterwards",
        ask_both="Ask both",
        first="First",
        second="Second",
        blind_first="A",
        blind_second="B",
        cost="{:.2f} s to the first token · {:.1f} tokens/s · {:.3f} GB",
        together="Both stay in memory.",
        one_by_one="Both do not fit together: one after the other.",
    ),
    "zh": ModelsTexts(
        about=(
            "这里能加载什么、下载前就知道放不放得下、内存里现在有什么。可以输入任意 Hub 名称（`owner/name`）或本地文件夹。"
            "只读取 safetensors，不运行检查点里的任何代码。"
        ),
        task="用途",
        chat="对话",
        embedding="零样本与检索",
        checkpoint="检查点",
        precision="精度",
        fits="放得下",
        tight="勉强",
        no="放不下",
        needs="**{}**：{:.2f} GB，可用 {:.1f} GB（权重 {:.2f}，对话 {:.2f}，计算 {:.2f}），根据其配置计算。",
        about_needs="**{}**：约 {:.2f} GB，可用 {:.1f} GB，根据参数量估计。",
        disk="需下载约 {:.1f} GB；磁盘剩余 {:.0f} GB。",
        on_disk="磁盘占用 {:.2f} GB。",
        bundled="随应用附带。",
        licence="许可：{}。",
        research="⚠️ 许可：{}，不可用于产品。",
        unknown="拿到它的配置后才知道有多大。",
        commit="提交 {}，之后一直用它。",
        no_commit="首次下载时会记下提交号，之后一直用同一个。",
        take_smaller="改用 {}（{}）",
        fetch="下载",
        stop="停止",
        load="加载",
        unload="卸载",
        keep="留在内存",
        use="用它对话",
        delete="从磁盘删除",
        fetching="正在下载 {}：{:.1f} / {:.1f} MB（{:.0f} %），{:.1f} MB/s",
        fetched="{} 已在磁盘上。",
        fetch_first="{} 还不在磁盘上。请先下载。",
        loading="正在加载 {}，已用 {:.0f} 秒……",
        loaded="{} 已以 {} 精度加载：{:.3f} GB。",
        unloaded="{} 已卸载。",
        not_loaded="{} 没有以 {} 精度加载。",
        deleted="{} 已删除，释放 {:.2f} GB。",
        not_shared="这个页面是共享的：访客不能更改磁盘内容或常驻内存的模型。",
        unload_first="{} 还在内存里。请先卸载。",
        used="对话现在使用 {}（{}）。",
        memory="内存：{:.3f} GB，模型最多可用 {:.1f} GB；峰值 {:.3f} GB。{}",
        table="检查点 | 许可 | 参数 | bf16 | nf4 | 磁盘 | 内存",
        compare="两个一起：同一个问题问两个模型",
        blind="盲测：回答后再显示是谁",
        ask_both="一起问",
        first="第一个",
        second="第二个",
        blind_first="甲",
        blind_second="乙",
        cost="首个词元 {:.2f} 秒 · {:.1f} 词元/秒 · {:.3f} GB",
        together="两个都留在内存。",
        one_by_one="两个放不下，依次回答。",
    ),
}
