"""What the page says, in English and Chinese."""

from dataclasses import dataclass, fields

from crossmodal.world.words import Language


@dataclass(frozen=True)
class Texts:
    """One field a text; `{}` is filled in by the page."""

    tagline: str
    language: str
    tab_chat: str
    tab_zero_shot: str
    tab_search: str
    tab_fusion: str
    tab_alignment: str
    tab_models: str
    fu_task: str
    fu_own: str
    fu_files: str
    fu_own_hint: str
    fu_left_out: str
    fu_slider: str
    fu_strategies: str
    fu_seeds: str
    fu_cases: str
    fu_dropout: str
    fu_adversarial: str
    fu_options: str
    fu_run: str
    fu_bundled: str
    fu_nothing: str
    fu_queue: str
    fu_encoding: str
    fu_progress: str
    fu_stopped: str
    fu_done: str
    fu_table: str
    fu_headings: str
    fu_curves: str
    fu_pareto: str
    fu_noise_picture: str
    fu_noise_text: str
    fu_reliability: str
    fu_no_reading: str
    fu_step: str
    fu_loss: str
    fu_accuracy: str
    fu_noise: str
    fu_claimed: str
    fu_plots: str
    fu_wiring: str
    fu_export: str
    fu_stage_baseline: str
    fu_stage_early: str
    fu_stage_mid: str
    fu_stage_late: str
    fu_case: str
    fu_new_case: str
    fu_sentence: str
    fu_tell: str
    fu_case_headings: str
    fu_truth: str
    fu_unknown_case: str
    fu_unfamiliar: str
    fu_attention: str
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
    find_similar: str
    sr_gallery: str
    sr_query: str
    sr_query_hint: str
    sr_picture: str
    sr_go: str
    sr_chips: str
    sr_filters: str
    sr_folder: str
    sr_since: str
    sr_until: str
    sr_contains: str
    sr_most: str
    sr_hide: str
    sr_kind: str
    sr_pictures: str
    sr_captions: str
    sr_empty: str
    sr_preparing: str
    sr_matches: str
    sr_nothing: str
    sr_unknown: str
    sr_no_hits: str
    sr_cut: str
    sr_histogram: str
    sr_hits: str
    sr_why: str
    sr_score: str
    sr_below: str
    sr_duplicates: str
    sr_more: str
    sr_less: str
    sr_selected: str
    sr_seen: str
    sr_galleries: str
    sr_shared: str
    sr_name: str
    sr_files: str
    sr_index: str
    sr_rescan: str
    sr_anew: str
    sr_rename: str
    sr_rename_go: str
    sr_delete: str
    sr_sure: str
    sr_remove: str
    sr_progress: str
    sr_done: str
    sr_stopped: str
    sr_there: str
    sr_mended: str
    sr_skipped: str
    sr_gone: str
    sr_renamed: str
    sr_removed: str
    sr_map: str
    sr_method: str
    sr_with_captions: str
    sr_draw: str
    sr_map_note: str
    sr_kept: str
    sr_gap: str
    sr_quality: str
    sr_measure: str
    sr_quality_note: str


ENGLISH = Texts(
    tagline="Ask a picture questions, sort it, search a collection. Runs on this machine, no download, no key.",
    language="Language",
    tab_chat="Chat",
    tab_zero_shot="Zero-shot",
    tab_search="Search",
    tab_fusion="Fusion",
    tab_alignment="Alignment",
    tab_models="Models",
    fu_task="Task",
    fu_own="Your own pictures, sentences and labels",
    fu_files="A CSV with the columns picture, text, label, and the pictures; or a zip of all",
    fu_left_out="{} rows of the table lack a picture, a text or a label, and are left out.",
    fu_own_hint=(
        "Send your files, then press the button. The loaded CLIP’s towers encode them; "
        "a quarter of the pictures is kept for testing."
    ),
    fu_slider="From redundant (0) to XOR (1)",
    fu_strategies="Strategies",
    fu_seeds="Seeds",
    fu_cases="Training cases a seed",
    fu_dropout="Modality dropout: how often a training case loses the picture or the text",
    fu_adversarial="Adversarial training (VILLA): how far embeddings are pushed",
    fu_options="Seeds, size, dropout, adversarial training",
    fu_run="Train and compare",
    fu_bundled="Bundled results of {} seeds, made with the command below. Press the button to train anew.",
    fu_nothing="No results ship for this task. Press the button to train.",
    fu_queue="Somebody else is training. Your place in the queue: {}.",
    fu_encoding="Encoding pictures: {:.0f} %",
    fu_progress="{} of {} trainings done · about {:.0f} s left",
    fu_stopped="Stopped: {} of {} trainings are done.",
    fu_done="This run: {} trainings in {:.0f} s.",
    fu_table="All figures",
    fu_headings=(
        "Strategy | Stage | Accuracy % | 95 % interval | EMAP % / itself | without picture | without text | "
        "Shapley picture / text | "
        "Interaction | Attacked % | ECE % | Parameters | MFLOP | ms p50 / p95"
    ),
    fu_curves="Training loss, mean of the seeds; of late fusion the sum of its members’ losses",
    fu_pareto="Cost and accuracy: MFLOP a case, %",
    fu_noise_picture="Accuracy with noise in the picture",
    fu_noise_text="Accuracy with noise in the text",
    fu_reliability="Reliability: on the diagonal a probability can be taken at its word",
    fu_no_reading="Choose at least two strategies that fuse, and there is something to compare.",
    fu_step="step",
    fu_loss="loss",
    fu_accuracy="accuracy %",
    fu_noise="noise, in spreads of the values",
    fu_claimed="probability claimed, %",
    fu_plots="Cost, noise, reliability",
    fu_wiring="How each strategy is wired",
    fu_export="The same run from the command line, and its files",
    fu_stage_baseline="baseline",
    fu_stage_early="early",
    fu_stage_mid="mid",
    fu_stage_late="late",
    fu_case="One case through all strategies",
    fu_new_case="🎲 New case",
    fu_sentence="Question or sentence",
    fu_tell="Ask every strategy",
    fu_case_headings="Strategy | Answer | without the picture | without the text",
    fu_truth="Right is: **{}**",
    fu_unknown_case="The strategies know only sentences of this task’s kind. Nobody checked this one.",
    fu_unfamiliar="⚠️ This does not look like a picture-book scene. The strategies know nothing else and will be wrong.",
    fu_attention="Where cross-attention looks",
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
    find_similar="🔎 Find similar",
    sr_gallery="Gallery",
    sr_query="Search for",
    sr_query_hint="cat on laptop · cat - dog · beach without umbrella",
    sr_picture="… and like this picture",
    sr_go="Search",
    sr_chips="The query: remove a part, or type one more, as “- dog” or “+ cat*0.5”",
    sr_filters="Only some pictures",
    sr_folder="In the folder",
    sr_since="From (YYYY-MM-DD)",
    sr_until="To (YYYY-MM-DD)",
    sr_contains="Caption contains the words",
    sr_most="How many",
    sr_hide="Hide near-duplicates",
    sr_kind="Look for",
    sr_pictures="pictures",
    sr_captions="captions",
    sr_empty=("Type what you are looking for. The bundled gallery holds 500 picture-book scenes that no model was trained on."),
    sr_preparing="⏳ Indexing {}: {} of {}, about {:.0f} s left. This is done once.",
    sr_matches="✅ <b>{}</b> of {} shown pass the cut-off; the gallery holds {:,}.",
    sr_nothing=(
        "🚫 <b>Nothing here matches</b>, most likely: the best score is {:.3f} "
        "where {:.3f} is needed. The nearest pictures are below."
    ),
    sr_unknown="⚠️ The picture-book model never learned these words, so what it finds for them means nothing: {}.",
    sr_no_hits="There is nothing to show: no picture or caption passes the filters.",
    sr_cut="Cut-off: move it to be stricter or more generous",
    sr_histogram="How random pictures of the gallery score for this query; the line is the cut-off, the dot the best hit",
    sr_hits="Hits, best first",
    sr_why="Why this one",
    sr_score="score",
    sr_below="below the cut-off",
    sr_duplicates="{} near-duplicates hidden",
    sr_more="👍 More like this",
    sr_less="👎 Less like this",
    sr_selected="Selected",
    sr_seen="Where “{}” is seen",
    sr_galleries="Make and change galleries",
    sr_shared="Everyone who can open this page sees its galleries.",
    sr_name="Name of a new or existing gallery",
    sr_files="Pictures, captions beside them (.txt, .json, .csv), or a zip of them",
    sr_index="Add and index",
    sr_rescan="Re-scan: only what changed",
    sr_anew="Embed anew with this model",
    sr_rename="Rename to",
    sr_rename_go="Rename",
    sr_delete="Delete the gallery",
    sr_sure="Yes, with its pictures",
    sr_remove="Remove the selected picture",
    sr_progress="{} of {} · about {:.0f} s left · decoding {:.0%}, embedding {:.0%} of the time",
    sr_done="✅ {}: {} new or changed, {} unchanged, {} removed, {} skipped.",
    sr_stopped="Stopped after {} of {}. What is done stays; re-scan to go on.",
    sr_there="{} were there already.",
    sr_mended="⚠️ The index of {} was damaged. It was put aside and is being made anew from the pictures.",
    sr_skipped="Skipped",
    sr_gone="Deleted: {}.",
    sr_renamed="Renamed to {}.",
    sr_removed="Removed: {}.",
    sr_map="Map",
    sr_method="Laid out by",
    sr_with_captions="Captions too",
    sr_draw="Draw the map",
    sr_map_note="Near together: alike to the model. Click a picture to select it. {}",
    sr_kept="Two dimensions keep {:.0%} of the variance.",
    sr_gap=(
        "Pictures (blue) and captions (orange) lie apart: the modality gap, here {:.2f} between "
        "their centres. A search asks which is nearest, not how near."
    ),
    sr_quality="Quality: recall on this gallery's captions",
    sr_measure="Measure",
    sr_quality_note="A caption's own picture (or a picture's own caption) among the first k. In brackets: 95 % intervals.",
)
CHINESE = Texts(
    tagline="向图片提问，用自己的标签分类，检索图库。在本机运行，无需下载，无需密钥。",
    language="语言",
    tab_chat="对话",
    tab_zero_shot="零样本分类",
    tab_search="检索",
    tab_fusion="融合",
    tab_alignment="对齐",
    tab_models="模型",
    fu_task="任务",
    fu_own="您自己的图片、句子和标签",
    fu_files="含 picture、text、label 三列的 CSV 和图片，或 zip 压缩包",
    fu_left_out="表格中有 {} 行缺少图片、文字或标签，已略去。",
    fu_own_hint="请发送文件，然后点击按钮。由已加载的 CLIP 编码；四分之一的图片用于测试。",
    fu_slider="从冗余（0）到异或（1）",
    fu_strategies="策略",
    fu_seeds="随机种子数",
    fu_cases="每个种子的训练样本数",
    fu_dropout="模态丢弃：训练样本失去图片或文字的比例",
    fu_adversarial="对抗训练（VILLA）：嵌入被推动的幅度",
    fu_options="种子、规模、模态丢弃、对抗训练",
    fu_run="训练并比较",
    fu_bundled="内置结果（{} 个种子），由下面的命令得到。点击按钮可重新训练。",
    fu_nothing="此任务没有内置结果。点击按钮开始训练。",
    fu_queue="其他人正在训练。您排在第 {} 位。",
    fu_encoding="正在编码图片：{:.0f}%",
    fu_progress="已完成 {} / {} 次训练 · 约剩 {:.0f} 秒",
    fu_stopped="已停止：完成 {} / {} 次训练。",
    fu_done="本次运行：{} 次训练，用时 {:.0f} 秒。",
    fu_table="全部数据",
    fu_headings=(
        "策略 | 阶段 | 准确率 % | 95% 区间 | EMAP % / 自身 | 无图片 | 无文字 | Shapley 图 / 文 | "
        "交互 | 受攻击 % | ECE % | 参数 | MFLOP | 毫秒 p50 / p95"
    ),
    fu_curves="训练损失（各种子平均；后期融合为各成员损失之和）",
    fu_pareto="计算量与准确率：每例 MFLOP，%",
    fu_noise_picture="图片加噪后的准确率",
    fu_noise_text="文字加噪后的准确率",
    fu_reliability="可靠性：越靠近对角线，概率越可信",
    fu_no_reading="请至少选择两种融合策略，才能比较。",
    fu_step="步数",
    fu_loss="损失",
    fu_accuracy="准确率 %",
    fu_noise="噪声（相对于数值的标准差）",
    fu_claimed="声称的概率，%",
    fu_plots="计算量、噪声、可靠性",
    fu_wiring="各策略的结构",
    fu_export="命令行中的相同运行，以及结果文件",
    fu_stage_baseline="基线",
    fu_stage_early="早期",
    fu_stage_mid="中期",
    fu_stage_late="后期",
    fu_case="一个例子通过所有策略",
    fu_new_case="🎲 新例子",
    fu_sentence="问题或句子",
    fu_tell="询问所有策略",
    fu_case_headings="策略 | 回答 | 无图片时 | 无文字时",
    fu_truth="正确答案：**{}**",
    fu_unknown_case="这些策略只认识此类任务的句子。这个例子没有标准答案。",
    fu_unfamiliar="⚠️ 这不像绘本场景。这些策略只认识绘本场景，会判断错误。",
    fu_attention="交叉注意力看向何处",
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
    find_similar="🔎 找相似",
    sr_gallery="图库",
    sr_query="检索",
    sr_query_hint="笔记本电脑上的猫 · 猫 - 狗 · 没有狗的公园",
    sr_picture="……以及像这张图片",
    sr_go="检索",
    sr_chips="检索条件：可删除，也可再输入，如“- 狗”或“+ 猫*0.5”",
    sr_filters="只看部分图片",
    sr_folder="在文件夹",
    sr_since="起始日期（YYYY-MM-DD）",
    sr_until="截止日期（YYYY-MM-DD）",
    sr_contains="说明中包含",
    sr_most="显示数量",
    sr_hide="隐藏近似重复",
    sr_kind="查找",
    sr_pictures="图片",
    sr_captions="说明文字",
    sr_empty="输入要找的内容。内置图库有 500 张模型没有见过的绘本场景。",
    sr_preparing="⏳ 正在为 {} 建立索引：{} / {}，约剩 {:.0f} 秒。只需一次。",
    sr_matches="✅ 显示的 {1} 张中有 <b>{0}</b> 张达到分界线；图库共 {2:,} 张。",
    sr_nothing="🚫 很可能<b>没有匹配的图片</b>：最高分 {:.3f}，需要 {:.3f}。下面是最接近的。",
    sr_unknown="⚠️ 绘本模型没有学过这些词，检索结果没有意义：{}。",
    sr_no_hits="没有可显示的：没有图片或说明符合筛选条件。",
    sr_cut="分界线：可移动，更严或更宽",
    sr_histogram="图库中随机图片对该检索的得分；竖线是分界线，圆点是最高分",
    sr_hits="结果，从好到差",
    sr_why="为什么是它",
    sr_score="得分",
    sr_below="低于分界线",
    sr_duplicates="隐藏了 {} 张近似重复",
    sr_more="👍 更像这张",
    sr_less="👎 不要像这张",
    sr_selected="选中的图片",
    sr_seen="“{}”在哪里",
    sr_galleries="新建和管理图库",
    sr_shared="能打开本页面的人都能看到这些图库。",
    sr_name="新图库或已有图库的名称",
    sr_files="图片、说明文件（.txt、.json、.csv）或 zip 压缩包",
    sr_index="添加并建立索引",
    sr_rescan="重新扫描：只处理变化",
    sr_anew="用当前模型重新生成",
    sr_rename="改名为",
    sr_rename_go="改名",
    sr_delete="删除图库",
    sr_sure="确定，连同图片",
    sr_remove="移除选中的图片",
    sr_progress="{} / {} · 约剩 {:.0f} 秒 · 解码占 {:.0%}，嵌入占 {:.0%}",
    sr_done="✅ {}：新增或变化 {}，未变 {}，移除 {}，跳过 {}。",
    sr_stopped="在 {} / {} 处停止。已完成的保留；重新扫描可继续。",
    sr_there="{} 张已经在图库中。",
    sr_mended="⚠️ {} 的索引已损坏。已另存，正在从图片重建。",
    sr_skipped="跳过的文件",
    sr_gone="已删除：{}。",
    sr_renamed="已改名为 {}。",
    sr_removed="已移除：{}。",
    sr_map="地图",
    sr_method="布局方法",
    sr_with_captions="包括说明文字",
    sr_draw="绘制地图",
    sr_map_note="越近越相似。点击图片可选中。{}",
    sr_kept="两个维度保留了 {:.0%} 的方差。",
    sr_gap="图片（蓝）与说明（橙）分处两处：这就是模态间隙，中心距离 {:.2f}。检索看的是哪张最近，而不是有多近。",
    sr_quality="质量：用图库的说明文字测召回率",
    sr_measure="测量",
    sr_quality_note="说明的图片（或图片的说明）是否排在前 k 个。括号内为 95 % 区间。",
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
