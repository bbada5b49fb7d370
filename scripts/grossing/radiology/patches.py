"""Patches of a prepared volume: cubes at candidates, or on a grid inside the mask."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from grossing.columns import patch_studies
from grossing.radiology import volume
from grossing.radiology.prepared_record import PreparedRecord
from grossing.radiology.volume import Volume
from grossing.support import files, tables
from grossing.support.types import PathLike

At = Literal["candidates", "grid"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Patches:
    """Cubes by their side in voxels, (N, side, side, side) of the volume's type, and a row each."""

    arrays: Mapping[int, npt.NDArray[Any]]
    rows: Sequence[Row]

    def write(self, npz: PathLike, table: PathLike) -> None:
        """An .npz with an array `p32` per side, and the table."""
        data = io.BytesIO()
        np.savez_compressed(data, **{f"p{side}": array for side, array in self.arrays.items()})  # type: ignore[arg-type]
        files.write(npz, data.getvalue())
        tables.write_parquet(tables.from_rows(self.rows, patch_studies.SCHEMA), table)


def of_files(
    image: PathLike, mask: PathLike, candidates: PathLike | None, facts: PathLike, **options: Any
) -> Patches:
    """Patches of a prepared study; none of one behind the gate (`cut` for the options)."""
    record = PreparedRecord.read(facts)
    if not record.prepared:
        return Patches({side: np.zeros((0, side, side, side)) for side in options["sizes"]}, [])
    whole = volume.of_image(sitk.ReadImage(str(image)))
    inside = sitk.GetArrayFromImage(sitk.ReadImage(str(mask))) > 0
    places = _places(candidates) if candidates else []
    return cut(whole, inside, places, study_id=record.study_id, **options)


def _places(path: PathLike) -> list[tuple[float, float, float]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return [
            (float(r["x_mm"]), float(r["y_mm"]), float(r["z_mm"])) for r in csv.DictReader(file)
        ]


def cut(
    whole: Volume,
    mask: volume.Flags,
    places: Sequence[tuple[float, float, float]],
    *,
    study_id: str,
    sizes: Sequence[int],
    at: At,
    mask_fraction_min: float,
) -> Patches:
    """Cubes of a volume.

    Parameters
    ----------
    places : centres in the patient (x, y, z mm), for `at` candidates
    sizes : sides in voxels; one cube of each at every place
    at : candidates, or grid: side by side, those with enough of the mask
    mask_fraction_min : smallest share of a cube of the grid that is mask

    Returns
    -------
    Cubes that reach over the border of the volume are filled with its smallest value.
    """
    low = whole.values.min()
    rows: list[Row] = []
    arrays: dict[int, npt.NDArray[Any]] = {}
    for side in sizes:
        centres = _grid(mask, side, mask_fraction_min) if at == "grid" else _indices(whole, places)
        cubes = []
        for number, centre in enumerate(centres):
            cube = _cube(whole.values, centre, side, low)
            share = float(_cube(mask, centre, side, False).mean())
            x, y, z = _in_patient(whole, centre)
            candidate = number + 1 if at == "candidates" else None
            rows.append(
                {
                    "study_id": study_id,
                    "array": f"p{side}",
                    "index": number,
                    "side_voxels": side,
                    "spacing_mm": whole.spacing[0],
                    **{"x_mm": x, "y_mm": y, "z_mm": z},
                    "candidate": candidate,
                    "mask_fraction": share,
                    "value_mean": float(cube.mean()),
                    "value_sd": float(cube.std()),
                }
            )
            cubes.append(cube)
        arrays[side] = np.stack(cubes) if cubes else np.zeros((0, side, side, side), low.dtype)
    return Patches(arrays, rows)


def _indices(
    whole: Volume, places: Sequence[tuple[float, float, float]]
) -> list[tuple[int, int, int]]:
    """(z, y, x) of places in the patient."""
    axes = np.array(whole.direction).reshape(3, 3)
    found = []
    for place in places:
        x, y, z = (axes.T @ (np.array(place) - whole.origin)) / whole.spacing
        found.append((round(float(z)), round(float(y)), round(float(x))))
    return found


def _in_patient(whole: Volume, index: tuple[int, int, int]) -> tuple[float, ...]:
    axes = np.array(whole.direction).reshape(3, 3)
    place = np.array(whole.origin) + axes @ (np.array(index[::-1]) * whole.spacing)
    return tuple(round(float(value), 3) for value in place)


def _grid(mask: volume.Flags, side: int, share_min: float) -> list[tuple[int, int, int]]:
    """Centres of cubes side by side with enough of the mask."""
    half = side // 2
    steps = (range(half, max(length, half + 1), side) for length in mask.shape)
    z, y, x = (list(step) for step in steps)
    every = [(a, b, c) for a in z for b in y for c in x]
    return [place for place in every if _cube(mask, place, side, False).mean() >= share_min]


def _cube(
    values: npt.NDArray[Any], centre: tuple[int, int, int], side: int, outside: Any
) -> npt.NDArray[Any]:
    starts = [c - side // 2 for c in centre]
    cube = np.full((side,) * 3, outside, values.dtype)
    source, target = [], []
    for start, length in zip(starts, values.shape, strict=True):
        first, last = max(0, start), min(length, start + side)
        source.append(slice(first, max(first, last)))
        target.append(slice(first - start, max(first, last) - start))
    cube[tuple(target)] = values[tuple(source)]
    return cube
