"""One slide file: opening, identity, tile grid, and readers that decode its pixels."""
