"""Which modules of the library a script reaches, whatever the configuration."""

from grossing.support import code_digest
from grossing.tiles import engines
from running import REPOSITORY

SCRIPTS = REPOSITORY / "scripts"
#: script -> modules that it loads by a name from the configuration
BY_NAME = {"tile_slide.py": [engines.module_path(engine) for engine in engines.ENGINES]}


def modules_of(script: str) -> set[str]:
    """Files of the library that a script reaches, directly or through others, below `SCRIPTS`."""
    also = BY_NAME.get(script, ())
    return code_digest.modules_of(script, lambda name: str(SCRIPTS / name), also)
