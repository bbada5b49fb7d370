# Optional: tiles in the colours of a reference, and tiles separated into their stains.

STAIN = config["stain"]
ENCODED_AS = {
    key: config["tiles"][key] for key in ("size_px", "format", "quality", "chroma", "container")
}


def stage_container(path):
    """A stage's container of one slide, of the kind that the tiles are in."""
    made = tile_container(path)
    return directory(made) if made == path else made


def tile_container(path):
    """Where tiling leaves a slide's tiles."""
    return path if ENCODED_AS["container"] == "directory" else f"{path}.zip"


def check_stains():
    """Stops at start where a stage that is on cannot work."""
    for section in ("stain", "stains"):
        if config[section]["enabled"] and ENCODED_AS["container"] == "none":
            remedy = f"use tiles.container zip or directory, or {section}.enabled: false"
            raise WorkflowError(
                f"{section}.enabled: tiles.container none holds no pixels: {remedy}"
            )
    if STAIN["enabled"] and STAIN["reference"] != "shipped" and not reference_slides():
        said = f"no slide {STAIN['reference']!r} in {config['cohort']}: give one of its ids"
        if STAIN["reference"] == "training":
            said = f"no slide of {config['cohort']} has the split train: fill that column, or give an id"
        raise WorkflowError(f"stain.reference: {said}, or shipped")


def reference_slides():
    """The slides whose colours are the reference; never one outside the training split."""
    if STAIN["reference"] == "training":
        return [i for i in COMPLETE if SHEET.cell(i, "split") == "train"]
    return [i for i in COMPLETE if i == STAIN["reference"]]


check_stains()


rule pool_stain:
    """The colours that all slides are brought to: one slide's, or the training slides' median."""
    input:
        facts=expand(rules.measure_slide.output.facts, slide_id=reference_slides()),
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
    """Tiles of one slide in the colours of the reference; what would be ruined stays as it is."""
    input:
        **({} if STAIN["reference"] == "shipped" else {"reference": rules.pool_stain.output[0]}),
        facts=rules.measure_slide.output.facts,
        metrics=rules.tile_slide.output.metrics,
        container=tile_container("results/tiles/{slide_id}"),
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
        stain=given_stain,
        method=STAIN["method"],
        scope=STAIN["scope"],
        tiles=ENCODED_AS,
    script:
        "../../scripts/normalize_tiles.py"


rule separate_stains:
    """Tiles of one slide as grey pictures of haematoxylin and of eosin density."""
    input:
        facts=rules.measure_slide.output.facts,
        metrics=rules.tile_slide.output.metrics,
        container=tile_container("results/tiles/{slide_id}"),
    output:
        hematoxylin=stage_container("results/stains/hematoxylin/{slide_id}"),
        eosin=stage_container("results/stains/eosin/{slide_id}"),
    log:
        "logs/separate_stains/{slide_id}.log",
    benchmark:
        "benchmarks/separate_stains/{slide_id}.tsv"
    conda:
        "../../envs/separate_stains.yaml"
    resources:
        mem_mb=memory(300, 10),
        runtime=minutes(10, 3),
    params:
        code=code_digest("separate_stains"),
        tiles=ENCODED_AS,
    script:
        "../../scripts/separate_stains.py"


if STAIN["enabled"]:
    TILE_TABLES["stain"] = expand(rules.normalize_tiles.output.tiles, slide_id=COMPLETE)
    PRODUCTS += expand(rules.normalize_tiles.output.container, slide_id=COMPLETE)
if config["stains"]["enabled"]:
    PRODUCTS += expand(rules.separate_stains.output, slide_id=COMPLETE)
