# Stacks of focal planes: fused into one slide each, which then takes the way of any slide.


rule fuse_focus:
    """One slide from the focal planes of a stack, each block from the plane that is sharp there."""
    output:
        tiff="results/fused/{slide_id}.tif",
        heatmap="results/fused/{slide_id}.png",
        blocks="results/fused/{slide_id}.parquet",
        facts="results/fused/{slide_id}.json",
    log:
        "logs/fuse_focus/{slide_id}.log",
    benchmark:
        "benchmarks/fuse_focus/{slide_id}.tsv"
    conda:
        "../../envs/fuse_focus.yaml"
    resources:
        mem_mb=stack_memory,
        runtime=stack_minutes,
    params:
        code=code_digest("fuse_focus"),
        paths=plane_paths,
        planes=plane_names,
        fingerprints=plane_fingerprints,
        mpp=given_mpp,
        stain=given_stain,
        mpp_from_objective=config["mpp_from_objective"],
        focus_stack={k: v for k, v in config["focus_stack"].items() if k != "enabled"},
        tissue=config["tissue"],
    script:
        "../../scripts/fuse_focus.py"


FUSED_MAPS = [rules.fuse_focus.output.heatmap, rules.fuse_focus.output.blocks]
FUSED = {"fused": of_stacks(rules.fuse_focus.output.tiff)} if STACKS else {}
FUSED_FACTS = {"stack": of_stacks(rules.fuse_focus.output.facts)} if STACKS else {}
