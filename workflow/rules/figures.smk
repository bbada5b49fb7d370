# Figures and a text for papers, from the tables of the cohort.
#: sections and keys of the configuration that the text depends on
DESCRIBED = (
    "target_mpp",
    *("tissue", "tiles", "rescale", "stain", "stains", "focus_stack", "nuclei", "zones"),
    "thresholds",
)


rule draw_figures:
    """Distributions with their limits, verdicts, focus, stain and failures as SVG and PNG."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        patches="results/cohort/patch_cohort.parquet",
        overlays=rules.draw_overlays.output.folder,
    output:
        figures=report(
            directory("results/cohort/figures"),
            patterns=["{figure}.svg"],
            caption="../report/captions/figure.rst",
            category="Figures",
            labels=lambda wildcards: {"figure": wildcards.figure.replace("_", " ")},
        ),
    log:
        "logs/draw_figures.log",
    conda:
        "../../envs/draw_figures.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("draw_figures"),
        thresholds=config["thresholds"],
    script:
        "../../scripts/draw_figures.py"


rule write_methods:
    """A text for the methods section of a paper, with the numbers of this cohort."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        provenance=rules.write_provenance.output.provenance,
    output:
        methods=report(
            "results/cohort/methods.md",
            caption="../report/captions/methods.rst",
            category="Methods",
            labels={"text": "methods section"},
        ),
    log:
        "logs/write_methods.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code_digest("write_methods"),
        settings={key: config[key] for key in DESCRIBED},
    script:
        "../../scripts/write_methods.py"


if config["report"]["enabled"]:
    COHORT_PRODUCTS += [*rules.draw_figures.output, *rules.write_methods.output]
