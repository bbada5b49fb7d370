# Optional: what passes, in the formats of other tools (docs/exports.md).
EXPORTS = config["exports"]
EXPORT_SPLITS = {"splits": "results/cohort/splits.csv"} if SPLITS["enabled"] else {}
TILING = {
    "size_px": ENCODED_AS["size_px"],
    "target_mpp": config["target_mpp"],
    "target_mpp_tolerance": config["target_mpp_tolerance"],
}


rule export_trident:
    """Coordinates of the passing tiles for TRIDENT."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        patches="results/cohort/patch_cohort.parquet",
        facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
    output:
        folder=directory("results/exports/trident"),
        report="results/exports/trident.csv",
    log:
        "logs/export_trident.log",
    conda:
        "../../envs/export_hdf5.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("export_trident"),
        tiling=TILING,
    script:
        "../../scripts/export_trident.py"


rule export_clam:
    """Coordinates of the passing tiles, data set and splits for CLAM."""
    input:
        **EXPORT_SPLITS,
        verdicts="results/cohort/cohort_qc.parquet",
        patches="results/cohort/patch_cohort.parquet",
    output:
        folder=directory("results/exports/clam"),
        report="results/exports/clam.csv",
    log:
        "logs/export_clam.log",
    conda:
        "../../envs/export_hdf5.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("export_clam"),
        tiling=TILING,
    script:
        "../../scripts/export_clam.py"


rule export_hs2p:
    """Coordinates of the passing tiles for hs2p and slide2vec."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        patches="results/cohort/patch_cohort.parquet",
        facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
    output:
        folder=directory("results/exports/hs2p"),
        report="results/exports/hs2p.csv",
    log:
        "logs/export_hs2p.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("export_hs2p"),
        slides=exported_slides,
        tiling=TILING,
        tissue_fraction_min=config["thresholds"]["tile"]["tissue_fraction_min"],
    script:
        "../../scripts/export_hs2p.py"


rule export_webdataset:
    """Passing tiles as WebDataset shards, one series per split."""
    input:
        **EXPORT_SPLITS,
        verdicts="results/cohort/cohort_qc.parquet",
        patches="results/cohort/patch_cohort.parquet",
        containers=of_slides(COMPLETE, [rules.tile_slide.output.get("container", [])]),
    output:
        folder=directory("results/exports/webdataset"),
        report="results/exports/webdataset.csv",
    log:
        "logs/export_webdataset.log",
    conda:
        "../../envs/export_webdataset.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        code=code_digest("export_webdataset"),
    script:
        "../../scripts/export_webdataset.py"


rule export_geojson:
    """Passing tiles as GeoJSON for QuPath."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        patches="results/cohort/patch_cohort.parquet",
    output:
        folder=directory("results/exports/geojson"),
        report="results/exports/geojson.csv",
    log:
        "logs/export_geojson.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("export_geojson"),
    script:
        "../../scripts/export_geojson.py"


EXPORT_TABLES = []  # what became of each slide
if EXPORTS["enabled"]:
    if EXPORTS["webdataset"] and ENCODED_AS["container"] == "none":
        raise WorkflowError(
            "exports.webdataset: tiles.container none holds no pixels: use tiles.container zip or "
            "directory, or exports.webdataset: false"
        )
    for name in ("trident", "clam", "hs2p", "webdataset", "geojson"):
        if EXPORTS[name]:
            COHORT_PRODUCTS += getattr(rules, f"export_{name}").output
            EXPORT_TABLES.append(getattr(rules, f"export_{name}").output.report)
