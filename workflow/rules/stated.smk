# What provenance.json says of a run besides its tables.

#: their outputs are no part of it: switching the report on or off states nothing else
UNSTATED_RULES = (
    "report_cohort",
    "report_studies",
    "draw_figures",
    "write_methods",
    "write_provenance",
)
#: files of the run itself in the crate -> what they hold
RUN_FILES = {
    PLANNED_SHEET.removeprefix("results/"): "The cohort sheet with which the run was planned",
    "cohort/provenance.json": "Versions, configuration, and hashes of code, slides and tables",
}
#: rule whose files state no libraries -> its environment, and what it uses alone
UNSTATED_LIBRARIES = {
    "rescale_slide": ("rescale_slide", ("pyvips",)),
    "assign_splits": ("assign_splits", ("PuLP", "highspy")),
    "assign_study_splits": ("assign_splits", ("PuLP", "highspy")),
    "export_trident": ("export_hdf5", ("h5py",)),
    "export_clam": ("export_hdf5", ("h5py",)),
    "export_webdataset": ("export_webdataset", ("webdataset",)),
}


def stated_rules():
    """The rules that make what is stated, in this configuration."""
    names = study_rules() if STUDIES_RUN else {*slide_rules(), *cohort_rules()}
    names -= {*UNSTATED_RULES}
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
        for each in slide_rules().values()
        for path in map(patterned, each.output)
    }
    return dict(sorted(made.items()))


@asked_per_job
def workflow_versions(wildcards, resources):
    """Asking for `resources` keeps an update from a rerun."""
    return {"Grossing": grossing.__version__, "Snakemake": snakemake.__version__}


@asked_per_job
def unstated_versions(wildcards, resources):
    """Versions of what writes files that state none; unrecorded."""
    made = {each.name for each in stated_rules()} & {*UNSTATED_LIBRARIES}
    wanted = {
        name: env for rule in made for env, names in [UNSTATED_LIBRARIES[rule]] for name in names
    }
    if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
        files = {env: workflow.source_path(f"../../envs/{env}.yaml") for env in wanted.values()}
        return {name: versions.pinned(name.lower(), files[env]) for name, env in wanted.items()}
    native = {"libvips": "pyvips-binary"} if "pyvips" in wanted else {}
    packages = {name: name for name in wanted} | native
    return {name: versions.installed(package) for name, package in packages.items()}
