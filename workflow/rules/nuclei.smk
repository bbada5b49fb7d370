# Nuclei: one table per slide, counts for the tile table.

NUCLEI = config["nuclei"]
NUCLEI_LIMITS = ["median_area_um2_min", "median_area_um2_max"]
NUCLEI_GEOJSON = {"geojson": "results/nuclei/{slide_id}.geojson"} if NUCLEI["geojson"] else {}


rule measure_nuclei:
    """The nuclei of one slide: size, shape and stain of each, count and density per tile."""
    input:
        facts=rules.measure_slide.output.facts,
        mask=rules.measure_slide.output.mask,
        container=rules.tile_slide.output.get("container", []),
        metrics=rules.tile_slide.output.metrics,
    output:
        **NUCLEI_GEOJSON,
        nuclei="results/nuclei/{slide_id}.parquet",
        tiles="results/nuclei_tiles/{slide_id}.parquet",
    log:
        "logs/measure_nuclei/{slide_id}.log",
    benchmark:
        "benchmarks/measure_nuclei/{slide_id}.tsv"
    conda:
        "../../envs/measure_nuclei.yaml"
    resources:
        mem_mb=memory(470 + 30 * (config["tiles"]["size_px"] / 512) ** 2, 0),
        runtime=minutes(10, 30),
    params:
        code=code_digest("measure_nuclei"),
        stain=given_stain,
        nuclei={k: v for k, v in NUCLEI.items() if k not in ("enabled", "geojson", *NUCLEI_LIMITS)},
    script:
        "../../scripts/measure_nuclei.py"


rule collect_nuclei:
    """Nuclei of the whole cohort: one row per slide, number, density, size and stain."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        nuclei=of_slides(COMPLETE, [rules.measure_nuclei.output.nuclei]),
        tiles=of_slides(COMPLETE, [rules.measure_nuclei.output.tiles]),
    output:
        csv="results/cohort/nuclei_cohort.csv",
        parquet="results/cohort/nuclei_cohort.parquet",
    log:
        "logs/collect_nuclei.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        median_area_um2=[NUCLEI[limit] for limit in NUCLEI_LIMITS],
        code=code_digest("collect_nuclei"),
    script:
        "../../scripts/collect_nuclei.py"


if NUCLEI["enabled"]:
    COHORT_TABLES += rules.collect_nuclei.output
    PRODUCTS += rules.measure_nuclei.output
    TILE_TABLES["nuclei"] = rules.measure_nuclei.output.tiles
