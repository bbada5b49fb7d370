"""What is left over: files of slides that left the cohort sheet, copies of earlier code."""

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from grossing.cohort.sheet import Sheet

#: rules that make something of each slide
RULES = (
    "measure_slide",
    "fuse_focus",
    "tile_slide",
    "rescale_slide",
    "normalize_tiles",
    "separate_stains",
    "measure_nuclei",
    "find_zones",
)
#: every file or folder that they make of a slide; the measurements last
PRODUCTS = (
    "results/fused/{slide_id}.tif",
    "results/fused/{slide_id}.png",
    "results/fused/{slide_id}.parquet",
    "results/fused/{slide_id}.json",
    "results/tiles/{slide_id}.zip",
    "results/tiles/{slide_id}",
    "results/tile_metrics/{slide_id}.parquet",
    "results/rescaled/{slide_id}.tif",
    "results/normalized/{slide_id}.zip",
    "results/normalized/{slide_id}",
    "results/normalized_tiles/{slide_id}.parquet",
    "results/stains/hematoxylin/{slide_id}.zip",
    "results/stains/hematoxylin/{slide_id}",
    "results/stains/eosin/{slide_id}.zip",
    "results/stains/eosin/{slide_id}",
    "results/nuclei/{slide_id}.parquet",
    "results/nuclei/{slide_id}.geojson",
    "results/nuclei_tiles/{slide_id}.parquet",
    "results/zones/{slide_id}.geojson",
    "results/zones/{slide_id}.png",
    "results/zones/{slide_id}.json",
    "results/tissue/masks/{slide_id}.png",
    "results/tissue/overviews/{slide_id}.jpg",
    "results/tissue/thumbnails/{slide_id}.jpg",
    "results/tissue/outlines/{slide_id}.geojson",
    *(f"benchmarks/{rule}/{{slide_id}}.tsv" for rule in reversed(RULES)),
    *(f"logs/{rule}/{{slide_id}}.log" for rule in reversed(RULES)),
    "results/slides/{slide_id}.json",
)
#: copies of `scripts/` that runs were made with (`workflow/rules/library.smk`)
CODE = ".snakemake/code"
MOST_NAMES = 5


def current_ids(sheet: Sheet) -> set[str]:
    """Ids that the sheet has a slide or a stack of, whether stacks are fused or not."""
    stacks = {sheet.value(slide_id, "z_stack") for slide_id in sheet.rows}
    return {*sheet.rows, *filter(None, stacks)}


def find(workdir: str | os.PathLike[str], current: Collection[str]) -> dict[str, list[Path]]:
    """Files and folders of slides that are not in the sheet.

    Parameters
    ----------
    workdir : where `results`, `logs` and `benchmarks` are
    current : ids of the sheet's slides

    Returns
    -------
    Slide id to its products (`PRODUCTS`) in the order in which they can be removed. Links are left
    out, and so are folders that are links to another place, and names that no slide of a run had.
    """
    root = Path(workdir).resolve()
    products: dict[str, list[Path]] = {}
    for pattern in PRODUCTS:
        for slide_id, path in _of_pattern(root, pattern):
            if slide_id not in current:
                products.setdefault(slide_id, []).append(path)
    return {slide_id: products[slide_id] for slide_id in sorted(products) if _ran(root, slide_id)}


def _of_pattern(root: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    """Slide ids and paths of what is there of a product."""
    folder, _, name = pattern.rpartition("/")
    suffix = name.removeprefix("{slide_id}")
    top, _, below = folder.partition("/")
    place = root / top / below
    if not place.is_dir() or place.resolve() != (root / top).resolve() / below:
        return
    with os.scandir(place) as entries:
        for entry in entries:
            of_kind = entry.is_file if suffix else entry.is_dir
            if of_kind(follow_symlinks=False) and entry.name.endswith(suffix):
                slide_id = entry.name.removesuffix(suffix)
                if slide_id and not slide_id.startswith("."):
                    yield slide_id, place / entry.name


def _ran(root: Path, slide_id: str) -> bool:
    """Whether a slide of this name was measured here: what others put into a folder is not ours."""
    names = (f"logs/measure_slide/{slide_id}.log", f"benchmarks/measure_slide/{slide_id}.tsv")
    if any((root / name).is_file() for name in names):
        return True
    try:
        record = json.loads((root / f"results/slides/{slide_id}.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("slide_id") == slide_id


def old_code(workdir: str | os.PathLike[str]) -> list[Path]:
    """Copies of the code of earlier versions: all but the one that was used last, in order of age.

    Only while no run is going on are they used by none.
    """
    place = Path(workdir).resolve() / CODE
    if not place.is_dir() or place.resolve() != place:
        return []
    copies = [path for path in place.iterdir() if path.is_dir() and not path.is_symlink()]
    return sorted(copies, key=lambda path: path.stat().st_mtime_ns)[:-1]


def notice(left: Mapping[str, list[Path]], command: str) -> str:
    """What a person reads of leftovers at the end of a run; empty where there are none."""
    if not left:
        return ""
    names = ", ".join(list(left)[:MOST_NAMES]) + (", ..." if len(left) > MOST_NAMES else "")
    count = sum(map(len, left.values()))
    return (
        f"{len(left)} slides are no longer in the sheet, {count} of their files are left over: "
        f"{names}. To list and remove them:\n  {command}"
    )


def remove(paths: Iterable[Path]) -> None:
    """Remove files, and folders with what is in them; links are not followed."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
