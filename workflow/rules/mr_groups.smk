# The groups of MR studies of the sheet, and what rules ask about them.
wildcard_constraints:
    group="[^/]+",


@asked_per_job
def study_sequence(wildcards):
    return STUDIES.value(wildcards.study_id, "sequence")


def of_groups():
    """Group to its MR studies, in the order of the sheet."""
    groups = {}
    for study_id in of_modality("MR"):
        if group := STUDIES.value(study_id, "group"):
            groups.setdefault(group, []).append(study_id)
    return groups


MR_GROUPS = of_groups()


def of_group(pattern):
    """A file of each study of a group as an input function."""

    @asked_per_job
    def paths(wildcards):
        return [str(pattern).format(study_id=study_id) for study_id in MR_GROUPS[wildcards.group]]

    return paths


@asked_per_job
def group_memory(wildcards, attempt):
    size = max(study_megavoxels(study_id) for study_id in MR_GROUPS[wildcards.group])
    count = len(MR_GROUPS[wildcards.group])
    return round((SNAKEMAKE_MB + 600 + (60 + 10 * count) * size) * attempt)
