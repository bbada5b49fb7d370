"""The report of a cohort: all of its data and pictures, written once."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grossing.cohort import decide, reviews
from grossing.cohort.decide import Criteria
from grossing.columns import meanings
from grossing.report import (
    alarms,
    column_data,
    page,
    picture_data,
    rules,
    slide_data,
    tile_data,
)
from grossing.report.verdict_data import Others, SlideVerdicts
from grossing.slide.record import SlideRecord
from grossing.support import tables

#: pictures of a slide below results/, the first that is there is taken
PICTURES = {
    "gallery": ("overlays/{}.jpg", "tissue/thumbnails/{}.jpg"),
    "picture": ("tissue/thumbnails/{}.jpg",),
    "mask": ("tissue/masks/{}.png",),
    "zones": ("zones/{}.png",),
}


def write(
    folder: Path,
    template: Path,
    *,
    results: Path,
    records: Iterable[SlideRecord],
    config: Mapping[str, Any],
    cohort: str,
    version: str,
    others: Others,
) -> None:
    """The whole folder of the report.

    Parameters
    ----------
    folder : is emptied first
    template : page.html.j2
    results : holds cohort/, tissue/, ...
    records : what was measured of each slide
    config : of the workflow, without paths
    cohort : path of the sheet, relative to the working folder; the page shows its name alone
    version : of Grossing
    others : duplicates of the slides, and the reviews of people
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    criteria = Criteria.from_config(
        **{key: config[key] for key in ("thresholds", "target_mpp", "target_mpp_tolerance")}
    )
    verdicts = tables.read(results / "cohort/cohort_qc.parquet")
    patches = results / "cohort/patch_cohort.parquet"
    steps = tile_data.steps(patches, criteria)
    about = _about(config, cohort, version)
    shown = {"slides": verdicts.num_rows, "counts": column_data.counted(verdicts)}
    page.write(template, folder, shown | {"about": about})
    of = SlideVerdicts(criteria, steps[rules.FOCUS.limit], others)
    ids = verdicts["slide_id"].to_pylist()
    number = {slide_id: i for i, slide_id in enumerate(ids)}
    facts = picture_data.PictureData(folder, results, number, config)
    judged = slide_data.judged(verdicts, facts.passing(records), of)
    counts = _write_tiles(folder, patches, ids, tile_data.JointCounts(steps, criteria))
    page.write_data(
        folder / "data/cohort.js",
        "cohort",
        {
            "about": about,
            "columns": column_data.columns(verdicts, meanings.COLUMNS["cohort_qc"]),
            "judged": judged,
            "config_path": ["thresholds"],
            "rules": rules.as_data(criteria, steps),
            "focus": f"tile.{rules.FOCUS.limit}",
            "margin": float(criteria.slide[rules.MARGIN]),
            "reasons": slide_data.reasons(),
            "doubtful": decide.DOUBTFUL,
            "reviews": {key: asdict(review) for key, review in others.reviews.of.items()},
            "review_columns": list(reviews.COLUMNS),
            "never_accepted": decide.NEVER_ACCEPTED,
            "tile_columns": meanings.COLUMNS["patch_cohort"],
            "alarms": alarms.listed(verdicts, results.parent, cohort),
            "pictures": _link_pictures(folder, results, ids) | {"facts": facts.marks()},
            "tiles": counts.as_data(ids),
            # of the plan as it was when the report was made, if there was one
            "plan": page.link(results / "cohort/plan.html", folder / "plan.html"),
        },
    )


def _write_tiles(
    folder: Path, patches: Path, ids: list[str], counts: tile_data.JointCounts
) -> tile_data.JointCounts:
    number = {slide_id: i for i, slide_id in enumerate(ids)}
    for slide_id, tiles in tile_data.by_slide(patches):
        counts.add(slide_id, tiles)
        i = number[slide_id]
        page.write_data(folder / f"slides/{i}.js", f"slide {i}", tile_data.grid(tiles))
    return counts


def _link_pictures(folder: Path, results: Path, ids: list[str]) -> dict[str, str]:
    """Which slides have which picture: a letter per slide, y or n."""
    there = {}
    for kind, patterns in PICTURES.items():
        marks = []
        for i, slide_id in enumerate(ids):
            places = (results / pattern.format(slide_id) for pattern in patterns)
            suffix = patterns[0].rsplit(".", 1)[1]
            target = folder / kind / f"{i}.{suffix}"
            marks.append("y" if any(page.link(place, target) for place in places) else "n")
        there[kind] = "".join(marks)
    return there


def _about(config: Mapping[str, Any], cohort: str, version: str) -> dict[str, str]:
    return page.about(config, cohort, version) | {
        "reviews": str(config["reviews"]),
        "target_mpp": f"{config['target_mpp']:g}",
    }
