# What provenance.json says of a run besides its tables.

#: their outputs are no part of it: switching the report on or off states nothing else
UNSTATED_RULES = ("report_cohort", "draw_figures", "write_methods", "write_provenance")
#: files of the run itself in the crate -> what they hold
RUN_FILES = {
    PLANNED_SHEET.removeprefix("results/"): "The cohort sheet with which the run was planned",
    "cohort/provenance.json": "Versions, configuration, and hashes of code, slides and tables",
}


def stated_rules():
    """The rules that make what is stated, in this configuration."""
    names = {*(each.name for each in slide_rules()), *cohort_rules()} - {*UNSTATED_RULES}
    return [each for each in workflow.rules if each.name in names]


@asked_per_job
def code_digests(wildcards, resources):
    """Rule to the digest of its code; asking for `resources` keeps it unrecorded: changed code runs
    its own rule again."""
    return {each.name: each.params.code for each in stated_rules()}


@asked_per_job
def result_folders(wildcards, resources):
    """Folders of what every slide gets -> what the rule says of them; unrecorded."""
    made = {
        os.path.dirname(path).removeprefix("results/"): each.docstring
        for each in slide_rules()
        for path in map(patterned, each.output)
    }
    return dict(sorted(made.items()))


@asked_per_job
def workflow_versions(wildcards, resources):
    """Asking for `resources` keeps an update from a rerun."""
    return {"Grossing": grossing.__version__, "Snakemake": snakemake.__version__}


@asked_per_job
def unstated_versions(wildcards, resources):
    """Versions of what writes files that state none: a rescaled slide."""
    if not config["rescale"]["enabled"]:
        return {}
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        return {"libvips": versions.installed("pyvips-binary")}
    environment = workflow.source_path("../../envs/rescale_slide.yaml")
    return {"pyvips": versions.pinned("pyvips", environment)}  # which brings libvips
