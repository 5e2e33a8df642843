"""The picture book: a world of sprites in which every picture, caption and answer is known to be true."""
