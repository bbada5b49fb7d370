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
class Subject:
    """What a cohort is of: its key in `provenance.json`, the column of its ids, words for it."""

    nouns: str
    id_column: str
    cohort: str
    deed: str


SLIDES = Subject(
    "slides", "slide_id", "whole-slide images", "measured, judged, tiled and described"
)
STUDIES = Subject(
    "studies", "study_id", "CT, MRI and X-ray studies", "measured, judged, prepared and described"
)


@dataclass(frozen=True)
class HashedFile:
    """A file of the results; its SHA-256 and size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Provenance:
    """The fields of `provenance.json` (workflow/schemas/provenance.schema.yaml).

    `contents` are the content hashes of slides, or of studies, under their noun.
    """

    grossing: str
    snakemake: str
    libraries: Mapping[str, list[str]]
    config_digest: str
    config: Mapping[str, Any]
    code_digest: str
    code: Mapping[str, str]
    contents: Mapping[str, str | None]
    files: Mapping[str, HashedFile]
    of: Subject = SLIDES

    def write(self, path: PathLike) -> None:
        """JSON, a line per value."""
        stated = asdict(self)
        del stated["of"]
        named = {self.of.nouns if key == "contents" else key: stated[key] for key in stated}
        text = json.dumps(named, ensure_ascii=False, allow_nan=False, indent=1)
        files.write(path, text.encode() + b"\n")


def describe(
    verdicts: pa.Table,
    made: Iterable[PathLike],
    results: PathLike,
    *,
    of: Subject = SLIDES,
    config: Mapping[str, Any],
    code: Mapping[str, str],
    workflow: Mapping[str, str],
    libraries: Mapping[str, list[str]],
) -> Provenance:
    """The provenance of a cohort.

    Parameters
    ----------
    verdicts : `cohort_qc` or `studies_qc`
    made : tables to hash
    results : folder that their names are relative to
    of : what the rows of the verdicts are
    config : the configuration, without paths
    code : rule to the digest of its code
    workflow : versions of Grossing and Snakemake
    libraries : versions by name (`library_versions`)
    """
    columns = (verdicts[name].to_pylist() for name in (of.id_column, "content_hash"))
    return Provenance(
        grossing=workflow["Grossing"],
        snakemake=workflow["Snakemake"],
        libraries=libraries,
        config_digest=digests.of_settings(config),
        config=config,
        code_digest=digests.of_settings(code),
        code=dict(sorted(code.items())),
        contents=dict(zip(*columns, strict=True)),
        files={Path(os.path.relpath(path, results)).as_posix(): _hashed(path) for path in made},
        of=of,
    )


def _hashed(path: PathLike) -> HashedFile:
    return HashedFile(digests.of_file(path), os.path.getsize(path))


def library_versions(
    records: Iterable[PathLike], made: Iterable[PathLike], more: Mapping[str, str]
) -> dict[str, list[str]]:
    """Versions that the jobs used, as their files state; several where files are of several runs.

    Parameters
    ----------
    records : JSON files of slides or studies
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
