"""What all tests share: the real slide, and synthetic ones made once per session."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def real_slide():
    """Aperio, JPEG, 240 px tiles, 2220 x 2967 px, 0.499 um/px, one level."""
    return DATA / "CMU-1-Small-Region.svs"
