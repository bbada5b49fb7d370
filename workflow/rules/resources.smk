# Memory and time of the per-slide jobs: from the slide's own size, growing with each attempt.
# Measured (docs/benchmarks.md): the jobs need less than 250 MB whatever the slide, and less than
# 20 CPU seconds per gigapixel; a scheduler's job holds two Snakemake processes besides.

SNAKEMAKE_MB = 500
BYTES_PER_GIGAPIXEL = (
    1e8  # of a JPEG slide that is mostly glass: small files are not underestimated
)
MOST_GIGAPIXELS = 20

# Threads of a tile job: two where one machine has cores that would idle; many slides at once cost
# less than threads within each. A cluster's jobs have one, or what `--set-threads` gives them.
MOST_THREADS = 2
MACHINE = workflow.resource_settings
ONE_MACHINE = workflow.is_main_process and MACHINE.nodes is None  # no `jobs:` of a cluster
IDLE = (MACHINE.cores or 1) // max(1, len(PART)) if ONE_MACHINE else 1
TILE_THREADS = max(1, min(MOST_THREADS, IDLE))


def gigapixels(wildcards):
    """Size of a slide: from its JSON once it is measured, from its (first plane's) file before."""
    before = known(wildcards.slide_id)
    if before and before[2]:
        return before[2]
    try:
        size = (
            plane_bytes(STACKS[wildcards.slide_id].paths[0])
            if wildcards.slide_id in STACKS
            else os.path.getsize(SHEET.slide_path(wildcards.slide_id))
        )
    except OSError:
        return 0
    return min(size / BYTES_PER_GIGAPIXEL, MOST_GIGAPIXELS)


def memory(base_mb, mb_per_gigapixel):
    """Memory of a rule in MB."""

    @asked_per_job
    def mem_mb(wildcards, attempt):
        size = min(gigapixels(wildcards), MOST_GIGAPIXELS)
        return round((SNAKEMAKE_MB + base_mb + mb_per_gigapixel * size) * attempt)

    return mem_mb


def minutes(base, per_gigapixel):
    """Time limit of a rule in minutes."""

    @asked_per_job
    def runtime(wildcards, attempt):
        return round((base + per_gigapixel * gigapixels(wildcards)) * attempt)

    return runtime
