"""Labels of places: tissue, ink, artefacts, glass; and the outlines of labels."""
