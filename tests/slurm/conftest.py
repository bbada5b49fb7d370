"""One throw-away cluster for all tests of a session."""

from collections.abc import Iterator

import cluster
import pytest
from cluster import Cluster


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    if reason := cluster.missing():
        pytest.skip(reason)
    with cluster.running() as up:
        yield up
