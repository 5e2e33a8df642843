"""The recipes that made `assets/`; each runs as `python -m crossmodal.training.NAME`."""
