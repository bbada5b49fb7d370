"""Tiles of one slide: cut, measured, written as DeepZoom, read back, normalised, separated."""
