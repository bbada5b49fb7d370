# One slide: opened and measured once; thresholds are applied in decide_slides alone.


rule measure_slide:
    """Facts, tissue and pen mask, focus and stain of one slide; judges nothing."""
    input:
        **FUSED,
        **FUSED_FACTS,
    output:
        facts="results/slides/{slide_id}.json",
        mask="results/tissue/masks/{slide_id}.png",
        overview="results/tissue/overviews/{slide_id}.jpg",
        thumbnail="results/tissue/thumbnails/{slide_id}.jpg",
        outlines="results/tissue/outlines/{slide_id}.geojson",
    log:
        "logs/measure_slide/{slide_id}.log",
    benchmark:
        "benchmarks/measure_slide/{slide_id}.tsv"
    conda:
        "../../envs/measure_slide.yaml"
    resources:
        mem_mb=memory(300, 10),
        runtime=minutes(10, 2),
    params:
        code=code_digest("measure_slide"),
        slide=slide_path,
        mpp=given_mpp,
        stain=given_stain,
        fingerprint=fingerprint,
        mask=users_mask,
        mask_fingerprint=mask_fingerprint,
        mpp_from_objective=config["mpp_from_objective"],
        tissue=config["tissue"],
        focus=config["focus"],
    script:
        "../../scripts/measure_slide.py"
