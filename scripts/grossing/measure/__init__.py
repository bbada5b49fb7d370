"""Everything that is measured of one slide before it is tiled, and the files that hold it."""
