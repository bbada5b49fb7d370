# What the rules ask about the planes of a stack.


@asked_per_job
def plane_fingerprints(wildcards):
    """Identity of the planes' content; planes that moved, were touched or archived keep it."""
    paths, before = STACKS[wildcards.slide_id].paths, fused_before(wildcards.slide_id)
    if any(identity and not os.path.exists(p) for p, identity in zip(paths, before)):
        GONE.add(wildcards.slide_id)
    return [content.fingerprint(p, identity) for p, identity in zip(paths, before)]


def fused_before(slide_id):
    """What an earlier fusion recorded of each plane's file, or None for each."""
    paths = STACKS[slide_id].paths
    try:
        with open(f"results/fused/{slide_id}.json", encoding="utf-8") as file:
            before = json.load(file)["files"]
    except (FileNotFoundError, KeyError, json.JSONDecodeError):
        before = []
    return before if len(before) == len(paths) else [None] * len(paths)


@asked_per_job
def plane_paths(wildcards, resources):
    """Paths of the planes; asking for `resources` keeps them out of the recorded parameters."""
    return [os.path.abspath(path) for path in STACKS[wildcards.slide_id].paths]


@asked_per_job
def plane_names(wildcards):
    return list(STACKS[wildcards.slide_id].planes)


def stack_memory(wildcards, attempt):
    """Memory in MB: each plane keeps some decoded tiles; pages without tiles are decoded whole."""
    planes = STACKS[wildcards.slide_id].planes
    return (SNAKEMAKE_MB + 400 + (40 * len(planes) if planes else 1200)) * attempt


def stack_minutes(wildcards, attempt):
    sizes = [os.path.getsize(p) for p in STACKS[wildcards.slide_id].paths if os.path.exists(p)]
    return round((15 + 5 * sum(sizes) / BYTES_PER_GIGAPIXEL) * attempt)


def of_stacks(path):
    """An output of `fuse_focus` as input for the slides that are stacks; none for all others."""

    @asked_per_job
    def wanted(wildcards):
        return path.format(slide_id=wildcards.slide_id) if wildcards.slide_id in STACKS else []

    return wanted
