"""Optical density, the stain colours of a slide, and normalisation to those of a reference."""
