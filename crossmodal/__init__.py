"""Chat, classify, search and fuse across modalities with small or large vision-language models."""
