"""Optical density, the stain colours of a slide, and changing them."""
