"""The label picture of a slide (tissue, ink, artefacts, glass) and the outlines of its labels."""
