"""What the page shows of one slide besides its row: where its pictures lie, what its file states,
sampled places, planes and zones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from grossing.report import page, tile_data
from grossing.slide import grid as grids
from grossing.slide.record import FocusPlaces, SlideRecord, UsableSlide
from grossing.slide.stack_record import StackRecord
from grossing.support import tables
from grossing.zones.zones_record import ZonesRecord

PLACES = ("x_level0_px", "y_level0_px")
BLOCK_METRICS = ("plane", "sharpness", "sharpness_ratio", "tissue_fraction")
#: the mask's labels, as the page's layers name them
LABELS = {
    **{"tissue": 1, "fold": 2, "dark spot": 3, "ink": 4, "possible ink": 8, "bubble": 5},
    "not scanned": 0,
}


@dataclass
class PictureData:
    """Writes `facts/{i}.js` of every slide with a record.

    Parameters
    ----------
    folder : of the page
    results : holds zones/ and fused/, where these were made
    number : of each slide_id
    config : of the workflow
    """

    folder: Path
    results: Path
    number: Mapping[str, int]
    config: Mapping[str, Any]
    written: set[int] = field(default_factory=set)

    def passing(self, records: Iterable[SlideRecord]) -> Iterator[SlideRecord]:
        """The same records; what the page shows of each is written as it passes."""
        for record in records:
            i = self.number.get(record.slide_id)
            if i is not None:
                page.write_data(self.folder / f"facts/{i}.js", f"facts {i}", self._facts(record))
                self.written.add(i)
            yield record

    def marks(self) -> str:
        """A letter per slide, y or n: whether it has facts."""
        return "".join("y" if i in self.written else "n" for i in range(len(self.number)))

    def _facts(self, record: SlideRecord) -> dict[str, Any]:
        stack = self.results / "fused" / f"{record.slide_id}.json"
        zones = self.results / "zones" / f"{record.slide_id}.json"
        made: dict[str, Any] = {
            "file": asdict(record.file) if record.file else None,
            "zones": ZonesRecord.read(zones).to_json() if zones.exists() else None,
            "stack": _stack(stack) if stack.exists() else None,
        }
        if record.measures is not None:
            slide = record.usable()
            made |= {
                "frame": _frame(slide),
                "picture": _deep_zoom(slide, self.config),
                "places": _places(slide, self.config["focus"]["tile_um"]),
                "stain": _stain(slide),
            }
        return made


def _frame(slide: UsableSlide) -> dict[str, Any]:
    """The scanned bounds, level-0 px; the mask over them: its scale, labels and their shares."""
    areas = slide.measures.areas
    shares = {
        "tissue": areas.tissue_fraction,
        "fold": areas.fold_fraction,
        "dark spot": areas.dark_spot_fraction,
        "ink": areas.pen_fraction,
        "possible ink": areas.possible_pen_fraction,
        "bubble": areas.bubble_fraction,
    }
    return {
        **asdict(slide.file.bounds),
        "mask_downsample": areas.overview_downsample,
        "mpp": slide.resolution.mpp,
        "labels": LABELS,
        "shares": shares,
    }


def _deep_zoom(slide: UsableSlide, config: Mapping[str, Any]) -> dict[str, int] | None:
    """Size of the tiled picture, px, and what a tile covers; None where the slide is too coarse."""
    options = {key: config[key] for key in ("target_mpp", "target_mpp_tolerance")}
    size_px = config["tiles"]["size_px"]
    try:
        grid = grids.make(slide.file.bounds, slide.resolution.mpp, size_px=size_px, **options)
    except ValueError:
        return None
    return {
        "width": grid.padded_width_px,
        "height": grid.padded_height_px,
        "tile_px": size_px,
        "tile_level0_px": grid.side_level0_px,
    }


def _places(slide: UsableSlide, tile_um: float) -> dict[str, Any] | None:
    """The places whose focus was sampled, as `tile_data.grid` gives tiles."""
    places = {name: _numbers(each) for name, each in vars(slide.measures.focus.focus_tiles).items()}
    x, y = (places[name] for name in PLACES)
    if not len(x):
        return None
    side = np.full(len(x), round(tile_um / slide.resolution.mpp))
    metrics = {
        name: tile_data.metric(values)
        for name, values in places.items()
        if name not in PLACES and len(values) == len(x) and not np.isnan(values).all()
    }
    return {"count": len(x), "place": _squares(x, y, side), "metrics": metrics}


def _numbers(values: FocusPlaces | tuple[float | None, ...]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)  # type: ignore[union-attr]


def _squares(x: npt.NDArray[Any], y: npt.NDArray[Any], side: npt.NDArray[Any]) -> dict[str, str]:
    names = (*PLACES, "size_level0_px")
    return {n: tile_data.packed(v, np.int32) for n, v in zip(names, (x, y, side), strict=True)}


def _stain(slide: UsableSlide) -> dict[str, Any]:
    """The colour of the glass, grey levels, and the vectors and concentrations of Macenko's fit."""
    fits = slide.measures.stain.stain_fit
    macenko = fits.macenko if fits else None
    evidence = slide.measures.stain.stain_evidence
    return {
        "glass": slide.glass.tolist(),
        "macenko": asdict(macenko) if macenko else None,
        "angle_deg": evidence.stain_angle_deg if evidence else None,
    }


def _stack(path: Path) -> dict[str, Any]:
    """The planes of a stack, and its blocks as `tile_data.grid` gives tiles."""
    record = StackRecord.read(path)
    blocks = tables.read(path.with_suffix(".parquet"))
    return {
        "refusal": record.refusal.message if record.refusal else None,
        "planes": [asdict(plane) for plane in record.planes],
        "blocks": _blocks(blocks) if blocks.num_rows else None,
    }


def _blocks(blocks: pa.Table) -> dict[str, Any]:
    squares = (blocks[n].to_numpy() for n in (*PLACES, "size_level0_px"))
    metrics = {
        name: tile_data.metric(blocks[name].cast(pa.float64()).to_numpy())
        for name in BLOCK_METRICS
        if blocks[name].null_count < blocks.num_rows
    }
    return {"count": blocks.num_rows, "place": _squares(*squares), "metrics": metrics}
