"""Zones of high cellularity of one slide, such as inflammation."""
