"""Losses that bring modalities and domains together, and experiments that show what they do."""
