# Tiles of the slides that pass; the gate is a parameter, so a changed verdict reruns its slide.

CONTAINERS = {
    "zip": {"container": "results/tiles/{slide_id}.zip"},
    "directory": {"container": directory("results/tiles/{slide_id}")},
    "none": {},
}


rule tile_slide:
    """Tiles of one slide where there is tissue, each measured before it is encoded."""
    input:
        **FUSED,
        facts=rules.measure_slide.output.facts,
        mask=rules.measure_slide.output.mask,
        overview=rules.measure_slide.output.overview,
    output:
        **CONTAINERS[config["tiles"]["container"]],
        metrics="results/tile_metrics/{slide_id}.parquet",
    log:
        "logs/tile_slide/{slide_id}.log",
    benchmark:
        "benchmarks/tile_slide/{slide_id}.tsv"
    conda:
        "../../envs/tile_slide.yaml"
    threads: TILE_THREADS
    resources:
        mem_mb=memory(300, 10),
        runtime=minutes(10, 25 if config["tiles"]["denoise"] else 3),
    params:
        code=code_digest("tile_slide", engines.module_path(config["tiles"]["engine"])),
        gate=gate,
        announced=announced("tiling"),
        slide=slide_path,
        tiles=config["tiles"],
        target_mpp=config["target_mpp"],
        target_mpp_tolerance=config["target_mpp_tolerance"],
    message:
        "{params.announced}"
    script:
        "../../scripts/tile_slide.py"


rule rescale_slide:
    """One slide as a pyramidal TIFF at the target resolution."""
    input:
        **FUSED,
        facts=rules.measure_slide.output.facts,
    output:
        tiff="results/rescaled/{slide_id}.tif",
    log:
        "logs/rescale_slide/{slide_id}.log",
    benchmark:
        "benchmarks/rescale_slide/{slide_id}.tsv"
    conda:
        "../../envs/rescale_slide.yaml"
    resources:
        mem_mb=memory(500, 50),
        runtime=minutes(15, 5),
    params:
        code=code_digest("rescale_slide"),
        gate=gate,
        announced=announced("rescaling"),
        slide=slide_path,
        target_mpp=config["target_mpp"],
        target_mpp_tolerance=config["target_mpp_tolerance"],
        quality=config["rescale"]["quality"],
    message:
        "{params.announced}"
    script:
        "../../scripts/rescale_slide.py"


if config["rescale"]["enabled"]:
    PRODUCTS += rules.rescale_slide.output
