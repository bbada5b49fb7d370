"""The results of a cohort as an RO-Crate: metadata that repositories for research data read.

It follows the Process Run Crate profile: the run is an action, whose instrument is the workflow and
whose results are the tables. The Workflow RO-Crate profile does not fit, as it wants the workflow's
files in the crate.

References
----------
.. [1] Leo et al. 2024, doi:10.1371/journal.pone.0309210
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from grossing.export.provenance import Provenance
from grossing.support import files
from grossing.support.types import PathLike

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
#: of `sha256`, among others
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
#: equal runs have equal metadata: whoever publishes the crate fills it in
DATE_PUBLISHED = "1970-01-01"
LICENSE = "That of the {} and of their labels, to be stated by whoever publishes them"
FORMATS = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
}


def write(
    provenance: Provenance, path: PathLike, *, folders: Mapping[str, str], also: Mapping[str, str]
) -> None:
    """Write `ro-crate-metadata.json`.

    Parameters
    ----------
    provenance : its files are in the crate
    path : of the metadata, in the folder of the results
    folders : folders of the results that are in the crate -> what they hold
    also : further files of the results -> what they hold; they are not hashed
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    _describe(crate, provenance)
    inputs = [_file(crate, name, {"description": text}) for name, text in also.items()]
    results = [
        _file(crate, name, {"sha256": made.sha256, "contentSize": str(made.bytes)})
        for name, made in provenance.files.items()
    ]
    results += [
        crate.add_dataset(dest_path=f"{name}/", properties={"name": name, "description": text})
        for name, text in folders.items()
    ]
    action = crate.add_action(
        _workflow(crate, provenance),
        identifier="#run",
        object=inputs,
        result=results,
        properties={
            "name": f"{provenance.of.nouns.capitalize()} {provenance.of.deed} by Grossing",
        },
    )
    crate.root_dataset["mentions"] = action
    text = json.dumps(crate.metadata.generate(), ensure_ascii=False, indent=1, sort_keys=True)
    files.write(path, text.encode() + b"\n")


def _describe(crate: ROCrate, provenance: Provenance) -> None:
    """The root of the crate."""
    of = provenance.of
    crate.name = f"Cohort of {len(provenance.contents)} {of.cohort}"
    crate.description = (
        f"Verdicts, files and tables of the {of.nouns} of a cohort, made by Grossing"
    )
    crate.datePublished = DATE_PUBLISHED
    crate.license = LICENSE.format(of.nouns)
    name, version = "Process Run Crate", PROFILE.rsplit("/", 1)[1]
    crate.root_dataset["conformsTo"] = _entity(
        crate, PROFILE, "CreativeWork", name=name, version=version
    )


def _workflow(crate: ROCrate, provenance: Provenance) -> ContextEntity:
    """Grossing and the software that it used."""
    used = {"Snakemake": [provenance.snakemake], **provenance.libraries}
    software = [
        _entity(crate, f"#{name}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, versions in used.items()
        if name != "Grossing"
        for version in [", ".join(versions)]
    ]
    return _entity(
        crate,
        "#Grossing",
        ["SoftwareSourceCode", "ComputationalWorkflow"],
        name="Grossing",
        version=provenance.grossing,
        license="https://spdx.org/licenses/MIT",
        programmingLanguage=crate.get("#Snakemake"),
        softwareRequirements=software,
        identifier=f"sha256:{provenance.code_digest}",
    )


def _file(crate: ROCrate, name: str, properties: Mapping[str, Any]) -> Any:
    kind = FORMATS.get(Path(name).suffix, "application/octet-stream")
    return crate.add_file(
        dest_path=name, properties={"name": name, "encodingFormat": kind, **properties}
    )


def _entity(crate: ROCrate, key: str, kind: str | list[str], /, **values: Any) -> ContextEntity:
    """An entity that the others refer to; values that are entities become references."""
    entity = crate.add(ContextEntity(crate, key, properties={"@type": kind}))
    for name, value in values.items():
        entity[name] = value
    return entity
