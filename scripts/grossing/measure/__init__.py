"""Measuring one slide before it is tiled: overview, probes, focus, and the files of the results."""
