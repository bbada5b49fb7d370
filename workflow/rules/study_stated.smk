# What studies_provenance.json says of a run besides its tables (stated.smk: of slides).

#: files of the run itself in the crate -> what they hold
STUDY_RUN_FILES = {
    STUDIES_SHEET.removeprefix("results/"): "The sheet of studies with which the run was planned",
    "cohort/studies_provenance.json": "Versions, configuration, and hashes of code, studies and tables",
}
CUT_PATCHES = list(rules.cut_patches.output) if config["radiology"]["patches"]["enabled"] else []
#: what rules make of every study, of those of one modality, or of a group
PER_STUDY = [
    *rules.measure_study.output,
    *(
        path
        for modality in PREPARED_FILES
        if of_modality(modality)
        for path in PREPARED_FILES[modality]
    ),
    *(rules.fuse_sequences.output if MR_GROUPS else []),
    *(CUT_PATCHES if COMPLETE_STUDIES else []),
]


def study_rules():
    """Names of the rules that make the files and tables of studies, in this configuration."""
    wanted = {*map(patterned, [*PER_STUDY, *STUDY_TABLES, *rules.decide_studies.output])}
    made = own_rules().items()
    return {name for name, each in made if wanted & {*map(patterned, each.output)}}


@asked_per_job
def study_folders(wildcards, resources):
    """Folders of what every study gets -> what the rule says of them; unrecorded."""
    made = {
        os.path.dirname(path).removeprefix("results/"): each.docstring
        for each in own_rules().values()
        for path in {*map(patterned, PER_STUDY)} & {*map(patterned, each.output)}
    }
    return dict(sorted(made.items()))
