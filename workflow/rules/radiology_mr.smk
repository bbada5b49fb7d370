# MRI: bias field, intensities, cubic voxels; the sequences of a group aligned and stacked.


rule prepare_mr:
    """Bias field, intensities in units of white matter and cubic voxels of one MR study."""
    input:
        facts=rules.measure_study.output.facts,
    output:
        volume="results/mr/{study_id}.nii.gz",
        brain="results/mr_brain/{study_id}.nii.gz",
        field="results/mr_field/{study_id}.png",
        planes="results/mr_planes/{study_id}.jpg",
        facts="results/mr/{study_id}.json",
    log:
        "logs/prepare_mr/{study_id}.log",
    benchmark:
        "benchmarks/prepare_mr/{study_id}.tsv"
    conda:
        "../../envs/prepare_study.yaml"
    resources:
        mem_mb=study_memory(600, 80),
        runtime=study_minutes(15, 1),
    params:
        code=code_digest("prepare_mr"),
        gate=study_gate,
        announced=study_announced,
        study=study_path,
        series=study_series,
        sequence=study_sequence,
        mr=config["radiology"]["mr"],
    message:
        "{params.announced}"
    script:
        "../../scripts/prepare_mr.py"


rule fuse_sequences:
    """The studies of one group aligned to the first of them and stacked as channels."""
    input:
        volumes=of_group(rules.prepare_mr.output.volume),
        brains=of_group(rules.prepare_mr.output.brain),
        facts=of_group(rules.prepare_mr.output.facts),
    output:
        volume="results/mr_groups/{group}.nii.gz",
        facts="results/mr_groups/{group}.json",
    log:
        "logs/fuse_sequences/{group}.log",
    benchmark:
        "benchmarks/fuse_sequences/{group}.tsv"
    conda:
        "../../envs/fuse_sequences.yaml"
    resources:
        mem_mb=group_memory,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("fuse_sequences"),
    script:
        "../../scripts/fuse_sequences.py"


PREPARED_FILES["MR"] = list(rules.prepare_mr.output)
PREPARED_RECORDS["MR"] = [rules.prepare_mr.output.facts]
STUDY_PICTURES["MR"] = [rules.prepare_mr.output.planes, rules.prepare_mr.output.field]
PATCH_SOURCES["MR"] = {
    "volume": rules.prepare_mr.output.volume,
    "mask": rules.prepare_mr.output.brain,
    "facts": rules.prepare_mr.output.facts,
}
STUDY_GROUPS += [rules.fuse_sequences.output.facts.format(group=group) for group in MR_GROUPS]
STUDY_TABLES += [rules.fuse_sequences.output.volume.format(group=group) for group in MR_GROUPS]
