"""Trains the bilingual tokenizers of the bundled models: byte-level BPE, every Chinese character on its own."""

from collections.abc import Iterable, Sequence

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

CHINESE = "[\\u3400-\\u9fff\\u3000-\\u303f\\uff00-\\uffef]"

PAD, BOS, UNK, EOS = "<pad>", "<s>", "<unk>", "</s>"
"""In this order, so that the end token is 3: CLIPTextModel reads an end token of 2 as a mark of old checkpoints."""


def train_tokenizer(
    corpus: Iterable[str], vocab_size: int, lowercase: bool, extra_tokens: Sequence[str] = (), max_length: int = 64
) -> PreTrainedTokenizerFast:
    """A tokenizer that knows the corpus by whole words where its size allows, and any other text by bytes.

    With `lowercase` it encloses each text in start and end tokens, as a dual encoder's text tower expects.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNK))
    if lowercase:
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(CHINESE), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=lowercase)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, BOS, UNK, EOS, *extra_tokens],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    if lowercase:
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A {EOS}", special_tokens=[(BOS, 1), (EOS, 3)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        unk_token=UNK,
        eos_token=EOS,
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
        additional_special_tokens=[AddedToken(t, special=True) for t in extra_tokens],
    )
