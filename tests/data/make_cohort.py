"""Make the demo cohort: a few small slides, good and bad, and the sheet that lists them.

Example: make_cohort.py demo
"""

import argparse
import csv
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from damage import truncate
from make_slide import make_slide

REGION = Path(__file__).with_name("CMU-1-Small-Region.svs")
COLUMNS = ("slide_id", "path", "case_id", "site", "scanner", "stain", "label", "split")

#: slide_id -> case_id, site, label, split; every slide is H&E
ROWS = {
    "CMU-1-Small-Region": ("CMU-1", "CMU", "normal", "train"),
    "synthetic_pen": ("case-1", "site-A", "normal", "train"),
    "synthetic_blurred": ("case-2", "site-A", "tumor", "train"),
    "blank": ("case-3", "site-B", "tumor", "val"),
    "no_mpp": ("case-4", "site-B", "normal", "val"),
    "truncated": ("case-5", "site-C", "tumor", "test"),
    "missing": ("case-6", "site-C", "normal", "test"),
}


def make_cohort(out_dir: Path) -> Path:
    """Write the slides that are not there yet, and the sheet.

    Parameters
    ----------
    out_dir : receives `cohort.csv` and `slides/`

    Returns
    -------
    path of the sheet
    """
    slides = Path(out_dir, "slides")
    slides.mkdir(parents=True, exist_ok=True)
    for slide_id, write in _writers(slides).items():
        path = slides / f"{slide_id}.svs"
        if not path.exists():
            partial_path = path.with_suffix(".part")
            write(partial_path)
            partial_path.replace(path)
    sheet = Path(out_dir, "cohort.csv")
    partial_sheet = sheet.with_suffix(".part")
    with partial_sheet.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for slide_id, (case_id, site, label, split) in ROWS.items():
            table.writerow(
                [slide_id, f"slides/{slide_id}.svs", case_id, site, "Aperio", "H&E", label, split]
            )
    partial_sheet.replace(sheet)
    return sheet


def _writers(slides: Path) -> dict[str, Callable[[Path], object]]:
    """What writes each slide; `missing` has nothing on purpose."""
    return {
        "CMU-1-Small-Region": partial(shutil.copyfile, REGION),
        "synthetic_pen": _synthetic(6000, 5000, seed=11),
        "synthetic_blurred": _synthetic(4000, 3600, seed=12, blurred_fraction=0.95, pen=False),
        "blank": _synthetic(3000, 2400, seed=13, tissue_fraction=0, pen=False),
        "no_mpp": _synthetic(3000, 2400, seed=14, with_mpp=False, pen=False),
        "truncated": lambda path: truncate(slides / "synthetic_pen.svs", path, 0.6),
    }


def _synthetic(width_px: int, height_px: int, **options: Any) -> Callable[[Path], object]:
    return lambda path: make_slide(REGION, path, width_px, height_px, **options)


def main() -> None:
    """Command line of `make_cohort`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir", type=Path)
    print(make_cohort(parser.parse_args().out_dir))


if __name__ == "__main__":
    main()
