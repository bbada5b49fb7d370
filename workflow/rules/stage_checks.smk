# Settings that optional stages share, and checks at start that they can work.

STAIN = config["stain"]
NORMALIZED = STAIN["enabled"] and STAIN["method"] != "none"
ENCODED_AS = {
    key: config["tiles"][key] for key in ("size_px", "format", "quality", "chroma", "container")
}


def stage_container(path):
    """A stage's container of one slide, of the kind that the tiles are in."""
    return directory(path) if ENCODED_AS["container"] == "directory" else f"{path}.zip"


def check_stages():
    """Stops at start where a stage that is on cannot work."""
    for section in ("stain", "stains", "nuclei", "zones"):
        on = NORMALIZED if section == "stain" else config[section]["enabled"]
        if on and ENCODED_AS["container"] == "none":
            remedy = f"use tiles.container zip or directory, or {section}.enabled: false"
            raise WorkflowError(
                f"{section}.enabled: tiles.container none holds no pixels: {remedy}"
            )
    if NORMALIZED and STAIN["reference"] != "shipped" and not reference_slides():
        problem = f"no slide {STAIN['reference']!r} in {config['cohort']}: give one of its ids"
        if STAIN["reference"] in ACCEPTED:
            problem = (
                f"slide {STAIN['reference']!r} has a failed job ({FAILED_JOBS}): give another id"
            )
        if STAIN["reference"] == "training":
            problem = f"no slide of {config['cohort']} has the split train: fill that column, or give an id"
        raise WorkflowError(f"stain.reference: {problem}, or shipped")


def reference_slides():
    """The slides whose colours are the reference: the one that is named, or the training split."""
    if STAIN["reference"] == "training":
        return [i for i in COMPLETE if SHEET.value(i, "split") == "train"]
    return [i for i in COMPLETE if i == STAIN["reference"]]


def check_part():
    """Stops the run of a part where the reference that all parts need is missing."""
    made = here("results/stain/reference.json")
    needed = NORMALIZED and STAIN["reference"] != "shipped" and config["part"] != "1/1"
    if needed and not os.path.exists(made):
        remedy = f"make it first, as a target without part: snakemake {made} ..."
        raise WorkflowError(
            f"part: {config['part']}: {made} does not exist, and all parts need it: {remedy}"
        )


check_stages()
check_part()


def check_splits():
    """Stops at start where the wanted splits make no sense."""
    wanted = config["splits"]
    fractions = wanted["fractions"]
    if abs(sum(fractions.values()) - 1) > 1e-6:
        listed = ", ".join(f"{name} {fractions[name]:g}" for name in ("train", "val", "test"))
        raise WorkflowError(f"splits.fractions: {listed}: they must sum to 1; 0 leaves one out")
    siteless = [i for i in SHEET.rows if not SHEET.value(i, "site")]
    if wanted["strategy"] == "site" and siteless:
        names = ", ".join(siteless[:5]) + (", ..." if len(siteless) > 5 else "")
        raise WorkflowError(
            f"splits.strategy: site: {len(siteless)} slides of {config['cohort']} have no site "
            f"({names}): fill that column, or use strategy: patient"
        )


if config["splits"]["enabled"]:
    check_splits()
