"""The report of a cohort for people: data of the page, figures, text for the methods section."""
