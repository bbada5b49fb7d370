"""Nuclei: segmentation of a picture, their shape, and the nuclei of a whole slide."""
