"""Search a collection of pictures by words, by picture, or by both."""
