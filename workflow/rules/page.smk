# What the pages of the cohort and of its plan are made from.
import hashlib
import re

import grossing


def page_assets(template):
    """Scripts, styles and licences that a template names."""
    with open(template, encoding="utf-8") as file:
        return re.findall(r'(?:src|href)="((?:css|js|vendor)/[^"]+)"', file.read())


REPORT_PAGE = workflow.source_path("../report/page.html.j2")
#: a path may name a person: of sheet and reviews, the name alone is shown
NOT_STATED = ("part", "accept_failures", "report", "cohort", "studies", "reviews", "plan")
#: the configuration as page and provenance state it
STATED_CONFIG = {key: value for key, value in config.items() if key not in NOT_STATED} | {
    "reviews": os.path.basename(config["reviews"])
}
STUDIES_PAGE = workflow.source_path("../report/studies.html.j2")
PLAN_PAGE = workflow.source_path("../report/plan.html.j2")
PLAN_STYLES = ("css/page.css", "css/plan.css", "css/print.css")


def page_digest(name, assets=()):
    """Hash of a template, its scripts and styles, which only a run that makes the page fetches."""

    @asked_per_job
    def digest(wildcards):
        content = hashlib.sha256()
        template = workflow.source_path(f"../report/{name}")
        for each in [name, *(assets or page_assets(template))]:
            with open(workflow.source_path(f"../report/{each}"), "rb") as file:
                content.update(file.read())
        return content.hexdigest()

    return digest


@asked_per_job
def report_template(wildcards, resources):
    """Path of the template; asking for `resources` keeps it out of the recorded parameters."""
    return REPORT_PAGE


@asked_per_job
def plan_template(wildcards, resources):
    """Paths of the plan's template and of its styles, kept out of the recorded parameters."""
    return [PLAN_PAGE, *(workflow.source_path(f"../report/{name}") for name in PLAN_STYLES)]


@asked_per_job
def report_sheet(wildcards, resources):
    """Cohort sheet, seen from the folder of `results`; asking for `resources` keeps it out of the recorded parameters."""
    return os.path.relpath(config["cohort"], FOLDER or ".")


@asked_per_job
def studies_template(wildcards, resources):
    """Path of the template; asking for `resources` keeps it out of the recorded parameters."""
    return STUDIES_PAGE
