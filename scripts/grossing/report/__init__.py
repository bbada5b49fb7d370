"""What people look at: the page, figures and methods text of a cohort, overlays of slides."""
