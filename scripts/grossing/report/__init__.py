"""Pictures of the results for people: what was found on a slide, drawn over its thumbnail."""
