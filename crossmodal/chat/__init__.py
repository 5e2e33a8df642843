"""A conversation about pictures -> a stream of text."""
