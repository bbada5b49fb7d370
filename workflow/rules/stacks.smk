# Functions that rules call for the planes of a stack.
library("grossing/slide/stack_record.py")
library("grossing/slide/tiff_directory.py")

from grossing.slide.stack_record import StackRecord
from grossing.support.errors import Unsupported


@asked_per_job
def plane_fingerprints(wildcards):
    """Identity of the planes' content; planes that moved, were touched or archived keep it."""
    paths, before = STACKS[wildcards.slide_id].paths, fused_before(wildcards.slide_id)
    if any(
        recorded and recorded.content_hash and not os.path.exists(p)
        for p, recorded in zip(paths, before)
    ):
        GONE.add(wildcards.slide_id)
    return [identity.fingerprint(p, recorded) for p, recorded in zip(paths, before)]


def fused_before(slide_id):
    """Identity of each plane's file as an earlier fusion recorded it, or None for each."""
    paths = STACKS[slide_id].paths
    try:
        before = StackRecord.read(here(f"results/fused/{slide_id}.json")).files
    except (FileNotFoundError, KeyError, ValueError):
        before = []
    return before if len(before) == len(paths) else [None] * len(paths)


@asked_per_job
def plane_paths(wildcards, resources):
    """Paths of the planes; asking for `resources` keeps them out of the recorded parameters."""
    return [os.path.abspath(path) for path in STACKS[wildcards.slide_id].paths]


@asked_per_job
def plane_names(wildcards):
    return list(STACKS[wildcards.slide_id].planes)


@functools.lru_cache(maxsize=None)
def page_count(path):
    """Planes in a TIFF; called for the stacks that are fused, not for all of the sheet."""
    from grossing.slide import tiff_directory  # needs tifffile, which only such stacks need

    if not os.path.isfile(path):  # a FIFO would be waited for
        return 0

    try:
        return len(tiff_directory.equal_pages(path))
    except Unsupported:
        return 0


def stack_memory(wildcards, attempt):
    """Memory in MB, for planes 120,000 px wide: two rows of blocks, and what each plane decodes.

    libvips keeps two and a half rows of tiles of each page; pages without tiles are decoded whole.
    """
    stack, row = STACKS[wildcards.slide_id], 4 * config["focus_stack"]["block_um"]
    planes = (
        100 * len(stack.planes) if stack.planes else max(1200, 250 * page_count(stack.paths[0]))
    )
    return round((SNAKEMAKE_MB + 400 + row + planes) * attempt)


@functools.lru_cache(maxsize=None)
def plane_bytes(path):
    """Size of a plane with its companions; 0 where it is gone."""
    now = identity.stat(path)
    return now.bytes if now else 0


def stack_minutes(wildcards, attempt):
    size = sum(map(plane_bytes, STACKS[wildcards.slide_id].paths))
    return round((15 + 5 * size / BYTES_PER_GIGAPIXEL) * attempt)


def of_stacks(path):
    """An output of `fuse_focus` as input for the slides that are stacks; none for all others."""

    @asked_per_job
    def output(wildcards):
        return of_slide(path, wildcards.slide_id) if wildcards.slide_id in STACKS else []

    return output


def exported_slides(wildcards, resources):
    """File of each slide; asking for `resources` keeps it out of the recorded parameters."""
    return {i: placed(f"results/fused/{i}.tif") if i in STACKS else slide_file(i) for i in COMPLETE}
