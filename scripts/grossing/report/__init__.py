"""The page on which a person sees the cohort, moves a threshold and looks at a slide."""
