"""What a person looks at: the page of the cohort, and what was found drawn over a slide."""
