"""What the results of a cohort were made of: software, configuration, code, slides, tables.

Equal runs have equal provenance: it names no path outside the results, person, machine or time.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from grossing.support import digests, files, tables
from grossing.support.types import PathLike


@dataclass(frozen=True)
class HashedFile:
    """A file of the results; its SHA-256 and size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Provenance:
    """The fields of `provenance.json` (workflow/schemas/provenance.schema.yaml)."""

    grossing: str
    snakemake: str
    libraries: Mapping[str, list[str]]
    config_digest: str
    config: Mapping[str, Any]
    code_digest: str
    code: Mapping[str, str]
    slides: Mapping[str, str | None]
    files: Mapping[str, HashedFile]

    def write(self, path: PathLike) -> None:
        """JSON, a line per value."""
        text = json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1)
        files.write(path, text.encode() + b"\n")


def describe(
    verdicts: pa.Table,
    made: Iterable[PathLike],
    results: PathLike,
    *,
    config: Mapping[str, Any],
    code: Mapping[str, str],
    workflow: Mapping[str, str],
    libraries: Mapping[str, list[str]],
) -> Provenance:
    """The provenance of a cohort.

    Parameters
    ----------
    verdicts : `cohort_qc`
    made : tables to hash
    results : folder that their names are relative to
    config : the configuration, without paths
    code : rule to the digest of its code
    workflow : versions of Grossing and Snakemake
    libraries : versions by name (`library_versions`)
    """
    pairs = zip(verdicts["slide_id"].to_pylist(), verdicts["content_hash"].to_pylist(), strict=True)
    return Provenance(
        grossing=workflow["Grossing"],
        snakemake=workflow["Snakemake"],
        libraries=libraries,
        config_digest=digests.of_settings(config),
        config=config,
        code_digest=digests.of_settings(code),
        code=dict(sorted(code.items())),
        slides=dict(pairs),
        files={Path(os.path.relpath(path, results)).as_posix(): _hashed(path) for path in made},
    )


def _hashed(path: PathLike) -> HashedFile:
    return HashedFile(digests.of_file(path), os.path.getsize(path))


def library_versions(
    records: Iterable[PathLike], made: Iterable[PathLike], more: Mapping[str, str]
) -> dict[str, list[str]]:
    """Versions that the jobs used, as their files state; several where files are of several runs.

    Parameters
    ----------
    records : JSON files of slides
    made : tables as Parquet; other files state nothing
    more : versions of what no file states
    """
    stated = [_of_record(path) for path in records]
    stated += [tables.made_with(path) for path in made if Path(path).suffix == ".parquet"]
    versions: dict[str, set[str]] = {}
    for each in [*stated, more]:
        for name, version in each.items():
            versions.setdefault(name, set()).add(version)
    return {name: sorted(versions[name]) for name in sorted(versions)}


def _of_record(path: PathLike) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(Path(path).read_bytes()).get("made_with", {})
    return found
