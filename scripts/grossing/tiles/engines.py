"""The tile engines by their name in the configuration.

An engine is loaded by name, so that a job loads, and its code digest covers, one engine alone.
"""

ENGINES = {
    "tissue": "grossing.tiles.tissue_engine",
    "dzsave": "grossing.tiles.libvips_engine",
}


def module_path(engine: str) -> str:
    """The file of an engine, from the folder that holds the package."""
    return ENGINES[engine].replace(".", "/") + ".py"
