# Studies of CT, MRI and X-ray: their sheet, what rules call for one study, measuring.
# A modality adds its rule file (radiology_ct.smk and the like), an entry in each table below, and a
# function in grossing.radiology.modality_measures.
from grossing.columns import studies_qc
from grossing.radiology.studies import study_decision, study_sheet
from grossing.radiology.reading import study_files
from grossing.radiology.studies.study_record import StudyRecord

STUDIES_SHEET = "results/cohort/planned_studies.json"
FAILED_STUDIES = "results/cohort/failed_studies.csv"
#: modality -> what preparing makes of each study of it
PREPARED_FILES = {}
#: modality -> the pictures of each study that the report shows
STUDY_PICTURES = {}
#: modality -> the JSON with what preparing measured, for the verdicts
PREPARED_RECORDS = {}
#: modality -> the files that patches are cut from, by name
PATCH_SOURCES = {}
#: tables and files of all studies together
STUDY_TABLES = []
#: JSONs with what was measured of the studies of a group
STUDY_GROUPS = []


def checked_studies():
    """The sheet of studies; UserError for its faults."""
    if not STUDIES_RUN:
        return PlannedSheet(sheets.Sheet("", (), {}), {})
    studies, warnings = study_sheet.read(
        config["studies"],
        workflow.source_path("../schemas/studies.schema.yaml"),
        set(studies_qc.SCHEMA.names),
        leakage=config["leakage"],
    )
    if warnings:
        logger.warning(findings.text(warnings))
    return PlannedSheet(studies, {})


try:
    if STUDIES_RUN and not workflow.is_main_process and os.path.exists(STUDIES_SHEET):
        PLANNED_STUDIES = PlannedSheet.read(
            STUDIES_SHEET, folder=os.path.dirname(config["studies"])
        )
    else:
        PLANNED_STUDIES = checked_studies()
except UserError as error:
    raise WorkflowError(str(error)) from None
STUDIES = PLANNED_STUDIES.sheet
ACCEPTED_STUDIES = [
    failure.slide_id
    for failure in (failures.read(FAILED_STUDIES) if config["accept_failures"] else [])
    if failure.slide_id in STUDIES.rows
]
COMPLETE_STUDIES = [study_id for study_id in STUDIES.rows if study_id not in ACCEPTED_STUDIES]
STUDY_LIMITS = config["radiology"]["thresholds"]


def of_modality(modality, study_ids=COMPLETE_STUDIES):
    """The studies of one modality."""
    return [i for i in study_ids if STUDIES.value(i, "modality") == modality]


def of_studies(patterns):
    """Files of many studies as an input function.

    `patterns`: modality to files of each study of it; a list for all studies.
    """
    key = "{study_id}"
    if not isinstance(patterns, dict):
        return of_slides(COMPLETE_STUDIES, patterns, key=key)

    def paths(wildcards):
        return [
            path
            for modality, files in patterns.items()
            for path in of_slides(of_modality(modality), files, key=key)(wildcards)
        ]

    return paths


@functools.lru_cache(maxsize=None)
def study_before(study_id, mtime_ns):
    """Identity, verdict before preparing and millions of voxels of a measured study."""
    record = StudyRecord.read(f"results/studies/{study_id}.json")
    size = record.geometry
    voxels = size.slices * size.rows * size.columns / 1e6 if size else 0
    return record.identity, study_decision.study(record, STUDY_LIMITS), voxels


def known_study(study_id):
    """`study_before` of a study, None before it is measured."""
    try:
        return study_before(study_id, os.stat(f"results/studies/{study_id}.json").st_mtime_ns)
    except (FileNotFoundError, ValueError):
        return None


def study_text(study_id):
    """Status and reasons of a measured study; empty where it passes or is not measured yet."""
    before = known_study(study_id)
    passes = before is None or before[1].status == decide.PASS
    return "" if passes else f"{before[1].status} {before[1].text}"


@asked_per_job
def study_gate(wildcards):
    """pass, fail, or pending before the study is measured."""
    before = known_study(wildcards.study_id)
    return study_decision.gate(before[1]) if before else "pending"


@asked_per_job
def study_announced(wildcards, resources):
    """What a job behind the gate does with its study, and why; `resources` keeps it unrecorded."""
    study_id, passes = wildcards.study_id, study_gate(wildcards)
    verdict = study_text(study_id)
    because = " if it passes" if passes == "pending" else f": {verdict}" if verdict else ""
    return f"{'Not preparing' if passes == 'fail' else 'Preparing'} {study_id}{because}"


@asked_per_job
def study_path(wildcards, resources):
    """Path of a study; asking for `resources` keeps it out of the recorded parameters."""
    return os.path.abspath(STUDIES.slide_path(wildcards.study_id))


@asked_per_job
def study_modality(wildcards):
    return STUDIES.value(wildcards.study_id, "modality")


@asked_per_job
def study_series(wildcards):
    """Hash of the series UID that the sheet names."""
    return STUDIES.value(wildcards.study_id, "series_uid")


@asked_per_job
def study_fingerprint(wildcards):
    """Identity of a study's content; one that only moved, was touched or archived keeps it."""
    path, before = STUDIES.slide_path(wildcards.study_id), known_study(wildcards.study_id)
    recorded = before[0] if before else None
    if recorded and recorded.content_hash and not os.path.exists(path):
        GONE.add(wildcards.study_id)
    return study_files.fingerprint(path, recorded)


@functools.lru_cache(maxsize=None)
def study_megavoxels(study_id):
    """Size of a study: from its JSON once it is measured, else a voxel per byte of its files."""
    before = known_study(study_id)
    if before and before[2]:
        return before[2]
    found = study_files.stat(STUDIES.slide_path(study_id))
    return min(found.bytes / 1e6, 1000) if found else 0


def study_memory(base_mb, mb_per_megavoxel):
    """Memory of a rule in MB."""

    @asked_per_job
    def mem_mb(wildcards, attempt):
        size = study_megavoxels(wildcards.study_id)
        return round((SNAKEMAKE_MB + base_mb + mb_per_megavoxel * size) * attempt)

    return mem_mb


def study_minutes(base, per_megavoxel):
    """Time limit of a rule in minutes."""

    @asked_per_job
    def runtime(wildcards, attempt):
        return round((base + per_megavoxel * study_megavoxels(wildcards.study_id)) * attempt)

    return runtime


def patch_source(name):
    """The file of a study that patches need, by its modality."""

    def path(wildcards):
        files = PATCH_SOURCES.get(study_modality(wildcards), {})
        return str(files[name]).format(study_id=wildcards.study_id) if name in files else []

    return path


def patch_tables(wildcards):
    """The tables of patches of all studies that have some."""
    studies = [i for modality in PATCH_SOURCES for i in of_modality(modality)]
    return [f"results/patches/{study_id}.parquet" for study_id in studies]


def of_a_cohort(wildcards):
    """Nothing; an error where a target of slides is asked for in a run that is about studies."""
    if STUDIES_RUN:
        raise WorkflowError(
            f"`studies` is set ({config['studies']}): such a run has the target `radiology`; "
            "for slides, leave `studies` out"
        )
    return []


def of_radiology(wildcards):
    """What the target `radiology` makes."""
    if not STUDIES_RUN:
        raise WorkflowError(
            "radiology: no sheet of studies: give --config studies=SHEET.csv (docs/radiology.md)"
        )
    return [
        *rules.decide_studies.output,
        *of_studies(["results/studies/{study_id}.json"])(wildcards),
        *of_studies(PREPARED_FILES)(wildcards),
        *STUDY_TABLES,
        *rules.write_study_provenance.output,
    ]
