"""The thin model-management layer: what can be loaded, and the one place where weights enter and leave memory."""
