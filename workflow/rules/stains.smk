# Optional: tiles in the colours of a reference, and tiles separated into their stains.


rule pool_stain:
    """The reference of stain normalisation: one slide's colours, or the training slides' median."""
    input:
        facts=of_slides(reference_slides(), [rules.measure_slide.output.facts]),
    output:
        reference="results/stain/reference.json",
    log:
        "logs/pool_stain.log",
    conda:
        "../../envs/pool_stain.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("pool_stain"),
        reference=STAIN["reference"],
        method=STAIN["method"],
    script:
        "../../scripts/pool_stain.py"


rule normalize_tiles:
    """Tiles of one slide in the colours of the reference; unsuitable tiles are passed through."""
    input:
        **({} if STAIN["reference"] == "shipped" else {"reference": rules.pool_stain.output[0]}),
        facts=rules.measure_slide.output.facts,
        metrics=rules.tile_slide.output.metrics,
        container=rules.tile_slide.output.get("container", []),
    output:
        container=stage_container("results/normalized/{slide_id}"),
        tiles="results/normalized_tiles/{slide_id}.parquet",
    log:
        "logs/normalize_tiles/{slide_id}.log",
    benchmark:
        "benchmarks/normalize_tiles/{slide_id}.tsv"
    conda:
        "../../envs/normalize_tiles.yaml"
    resources:
        mem_mb=memory(300, 10),
        runtime=minutes(10, 3),
    params:
        code=code_digest("normalize_tiles"),
        method=STAIN["method"],
        scope=STAIN["scope"],
        tiles=ENCODED_AS,
    script:
        "../../scripts/normalize_tiles.py"


rule separate_stains:
    """Tiles of one slide as grey pictures of hematoxylin and of eosin density."""
    input:
        facts=rules.measure_slide.output.facts,
        metrics=rules.tile_slide.output.metrics,
        container=rules.tile_slide.output.get("container", []),
    output:
        hematoxylin=stage_container("results/stains/hematoxylin/{slide_id}"),
        eosin=stage_container("results/stains/eosin/{slide_id}"),
    log:
        "logs/separate_stains/{slide_id}.log",
    benchmark:
        "benchmarks/separate_stains/{slide_id}.tsv"
    conda:
        "../../envs/pictures.yaml"
    resources:
        mem_mb=memory(300, 10),
        runtime=minutes(10, 3),
    params:
        code=code_digest("separate_stains"),
        tiles=ENCODED_AS,
    script:
        "../../scripts/separate_stains.py"


if NORMALIZED:
    TILE_TABLES["stain"] = rules.normalize_tiles.output.tiles
    PRODUCTS += rules.normalize_tiles.output
if config["stains"]["enabled"]:
    PRODUCTS += rules.separate_stains.output
