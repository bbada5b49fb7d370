"""Zones of one slide where nuclei stand dense."""
