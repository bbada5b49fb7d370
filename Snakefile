# The workflow lives in workflow/; an include alone does not carry its default target.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        *(rules.radiology.input if STUDIES_RUN else rules.all.input),
