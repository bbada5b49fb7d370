# Optional: zones of high cellularity, from the tiles.


rule find_zones:
    """Zones of high cellularity of one slide: outlines, mask and area."""
    input:
        facts=rules.measure_slide.output.facts,
        mask=rules.measure_slide.output.mask,
        metrics=rules.tile_slide.output.metrics,
        container=rules.tile_slide.output.get("container", []),
    output:
        outlines="results/zones/{slide_id}.geojson",
        mask="results/zones/{slide_id}.png",
        facts="results/zones/{slide_id}.json",
    log:
        "logs/find_zones/{slide_id}.log",
    benchmark:
        "benchmarks/find_zones/{slide_id}.tsv"
    conda:
        "../../envs/find_zones.yaml"
    resources:
        mem_mb=memory(388 + 12 * (config["tiles"]["size_px"] / 512) ** 2, 60),
        runtime=minutes(10, 2),
    params:
        code=code_digest("find_zones"),
        stain=given_stain,
        zones={key: value for key, value in config["zones"].items() if key != "enabled"},
    script:
        "../../scripts/find_zones.py"


rule collect_zones:
    """Zones of high cellularity of the whole cohort: one row per slide, number, area and share."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        zones=of_slides(COMPLETE, [rules.find_zones.output.facts]),
    output:
        csv="results/cohort/zones_cohort.csv",
        parquet="results/cohort/zones_cohort.parquet",
    log:
        "logs/collect_zones.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("collect_zones"),
    script:
        "../../scripts/collect_zones.py"


if config["zones"]["enabled"]:
    COHORT_TABLES += rules.collect_zones.output
    PRODUCTS += rules.find_zones.output
