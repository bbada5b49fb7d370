"""Nuclei: segmented in a picture, their shape, those of a whole slide."""
