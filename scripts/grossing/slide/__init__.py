"""One slide file: opening, identity, geometry and tile grid, and readers of its pixels."""
