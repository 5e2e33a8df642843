"""The model cards of the bundled checkpoints: what they are, how they were made, what was measured."""

import re
from pathlib import Path

CARDS = {
    "picturebook-clip": """---
license: apache-2.0
library_name: transformers
pipeline_tag: zero-shot-image-classification
language: [en, zh]
---

# picturebook-clip

A small `CLIPModel` (vision tower 96 px, patch 12, 6 layers of 256; text tower 3 layers of 192) that knows the
crossmodal picture book: scenes composed of Noto Color Emoji sprites, captioned in English and Chinese.

- **Data**: generated, `crossmodal/world/`; seeds from 1,000,000,000 on. Seeds below are never trained on.
- **Recipe**: on two CPU cores, 77 minutes of `python -m crossmodal.training.clip` (`curves.csv`); then the shared tower went
  on with the language model, in `python -m crossmodal.training.llava --stage tune`; then 40 minutes more,
  `torchrun --nproc_per_node 2 -m crossmodal.training.clip --minutes 40 --rate 4e-4 --warmup 60 --weights FOLDER --seeds-from
  3000000000` (`curves-2.csv`), with 400 names to tell apart in each batch instead of 160, and with the loss that asks each
  patch where in the picture it lies.
- **How scenes are drawn**: common, ordinary and rare words in the shares 8 : 2 : 1, which the table calls "as trained". The
  first 77 minutes drew them 3 : 1.6 : 1, the last 40 in every other picture with every thing alike.
- **Limits**: it knows picture-book scenes and nothing else. On photographs its answers mean nothing.
- **Licence**: weights Apache-2.0; the sprites it was trained on are under the SIL Open Font Licence 1.1.
""",
    "picturebook-llava": """---
license: apache-2.0
library_name: transformers
pipeline_tag: image-text-to-text
language: [en, zh]
---

# picturebook-llava

A small `LlavaForConditionalGeneration`: the vision tower of picturebook-clip, an MLP projector and a Llama of 6
layers of 256 that learned English and Chinese from picture-book conversations alone.

- **Data**: generated, `crossmodal/world/`; seeds from 1,000,000,000 on. Seeds below are never trained on, and two to
  four phrasings of each family of questions neither. The first two were set aside from the start, but read when more phrasings
  were written to train on, because the model did not understand them; the others were written apart. The last row of the table
  is on those alone.
- **Recipe**: on two CPU cores, `python -m crossmodal.training.llava --stage align`, then `--stage tune` with the tower learning
  on (`curves-align.csv`, `curves-tune.csv`), then `--stage tune --tower-share 0 --minutes 68 --rate 1e-3 --batch 12` with three
  times as many phrasings (`curves-tune-2.csv`), after the projector's last layer had been divided by 87, which makes
  projected patches as long as words; then the same for 50 minutes on the tower of the later picturebook-clip, whose patches
  know where they lie (`curves-tune-3.csv`), in the last twenty of them with the loss that makes the projector pass that on.
  Three stretches in between were thrown away: two in which the tower went on learning at a high rate and got worse, and one
  in which a mistake in the attention mask let each answer be read from what follows.
- **Right answers**: descriptions, lists and graphs name the left or upper thing first. Earlier they followed how the
  scene had been made, which a picture does not show; figures before that change are not comparable.
- **Limits**: it knows picture-book scenes and nothing else. Asked about a photograph it answers, and is wrong.
- **Licence**: weights Apache-2.0; the sprites it was trained on are under the SIL Open Font Licence 1.1.
""",
}
TITLES = {
    "precisions": "Memory and answers in fewer bits, on {n} unseen scenes",
    "calibration": "Is it this, and none of these, on {n} unseen scenes",
    "zero-shot": "Zero-shot with a short and a long list of labels, on {n} unseen single-thing scenes",
    "retrieval": "Search in the bundled gallery of {n} unseen scenes",
    "clip": "Zero-shot over all names, on {n} unseen single-thing scenes",
    "chat": "Answers right word for word, on {n} unseen scenes, held-out phrasings only",
    "familiarity": "Does it look like the picture book?",
}


def write_section(folder: Path, what: str, scenes: int, text: str) -> None:
    """Put measured figures into the card, in the place of those measured before."""
    card = folder / "README.md"
    body = card.read_text(encoding="utf-8") if card.is_file() else CARDS.get(folder.name, f"# {folder.name}\n")
    script = {"calibration": "calibrate", "precisions": "precisions"}.get(what, f"evaluate {what}")
    command = f"python -m crossmodal.training.{script} --scenes {scenes}"
    section = (
        f"<!-- {what} -->\n## {TITLES[what].format(n=f'{scenes:,}')}\n\n{text}\n\n"
        f"Printed by `{command}`. In brackets: 95 % intervals (Wilson).\n<!-- end {what} -->\n"
    )
    pattern = re.compile(f"<!-- {what} -->.*<!-- end {what} -->\n", re.DOTALL)
    body = pattern.sub(lambda _: section, body) if pattern.search(body) else f"{body.rstrip()}\n\n{section}"
    card.write_text(body, encoding="utf-8")
