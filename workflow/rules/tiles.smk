# Tiles of the slides that passed; the gate is a parameter, so a flipped verdict reruns its slide.

CONTAINERS = {
    "zip": {"container": "results/tiles/{slide_id}.zip"},
    "directory": {"container": directory("results/tiles/{slide_id}")},
    "none": {},
}


rule tile_slide:
    """Tiles of one slide where there is tissue, each measured before it is encoded."""
    input:
        facts=rules.measure_slide.output.facts,
        mask=rules.measure_slide.output.mask,
    output:
        **CONTAINERS[config["tiles"]["container"]],
        metrics="results/tile_metrics/{slide_id}.parquet",
    log:
        "logs/tile_slide/{slide_id}.log",
    benchmark:
        "benchmarks/tile_slide/{slide_id}.tsv"
    conda:
        "../../envs/tile_slide.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("tile_slide"),
        gate=gate,
        slide=slide_path,
        tiles=config["tiles"],
        target_mpp=config["target_mpp"],
        target_mpp_tolerance=config["target_mpp_tolerance"],
    message:
        "Tiling {wildcards.slide_id}: {params.gate}"
    script:
        "../../scripts/tile_slide.py"
