# What the page of the cohort is made from.
import hashlib
import re

import grossing

REPORT_PAGE = workflow.source_path("../report/page.html.j2")
REPORT_ASSETS = re.findall(
    r'(?:src|href)="((?:css|js|vendor)/[^"]+)"', open(REPORT_PAGE, encoding="utf-8").read()
)
#: a path may name a person: of sheet and reviews, the name alone is shown
NOT_STATED = ("part", "accept_failures", "report", "cohort", "reviews")
#: the configuration as page and provenance state it
STATED_CONFIG = {key: value for key, value in config.items() if key not in NOT_STATED} | {
    "reviews": os.path.basename(config["reviews"])
}


def page_digest():
    """Hash of the page's template, scripts and styles."""
    digest = hashlib.sha256()
    for name in ["page.html.j2", *REPORT_ASSETS]:
        with open(workflow.source_path(f"../report/{name}"), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


@asked_per_job
def report_template(wildcards, resources):
    """Path of the template; asking for `resources` keeps it out of the recorded parameters."""
    return REPORT_PAGE


@asked_per_job
def report_sheet(wildcards, resources):
    """Cohort sheet, seen from the folder of `results`; asking for `resources` keeps it out of the recorded parameters."""
    return os.path.relpath(config["cohort"], FOLDER or ".")
