"""Patches of a prepared study: cubes at candidates, or on a grid in the mask; squares of X-rays."""

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from grossing.columns import patch_studies
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.volumes import volume
from grossing.radiology.volumes.volume import Volume
from grossing.support import files, tables
from grossing.support.types import PathLike

At = Literal["candidates", "grid"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Patches:
    """Cubes by their side, (N, side, side, side), of pictures of depth 1, and a row each."""

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
    """Patches of a prepared study; none of one behind the gate (`cut` for the options).

    A modality without candidates is cut on the grid. A PNG has no size in mm: neither have its
    patches.
    """
    record = PreparedRecord.read(facts)
    if not record.prepared:
        return Patches({side: np.zeros((0, side, side, side)) for side in options["sizes"]}, [])
    whole, has_size = _read(image)
    inside = _read(mask)[0].values > 0
    if not candidates:
        return cut(
            whole,
            inside,
            [],
            study_id=record.study_id,
            has_size=has_size,
            **options | {"at": "grid"},
        )
    return cut(whole, inside, _places(candidates), study_id=record.study_id, **options)


def _read(path: PathLike) -> tuple[Volume, bool]:
    """A volume, of a picture with one slice, and whether its voxels have a size."""
    image = sitk.ReadImage(str(path))
    has_size = image.GetDimension() == 3
    return volume.of_image(image if has_size else sitk.JoinSeries(image)), has_size


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
    has_size: bool = True,
) -> Patches:
    """Cubes of a volume, squares of a volume of one slice.

    Parameters
    ----------
    places : centres in the patient (x, y, z mm), for `at` candidates
    sizes : sides in voxels; one cube of each at every place
    at : candidates, or grid: side by side, those with enough of the mask
    mask_fraction_min : smallest share of a cube of the grid that is mask
    has_size : False: the voxels' size is not known, mm are null

    Returns
    -------
    Cubes that reach over the border of the volume are filled with its smallest value.
    """
    low = whole.values.min()
    rows: list[Row] = []
    arrays: dict[int, npt.NDArray[Any]] = {}
    for side in sizes:
        shape = (side if mask.shape[0] > 1 else 1, side, side)
        centres = _grid(mask, shape, mask_fraction_min) if at == "grid" else _indices(whole, places)
        cubes = []
        for number, centre in enumerate(centres):
            cube = _cube(whole.values, centre, shape, low)
            share = float(_cube(mask, centre, shape, False).mean())
            x, y, z = _in_patient(whole, centre) if has_size else (None, None, None)
            candidate = number + 1 if at == "candidates" else None
            rows.append(
                {
                    "study_id": study_id,
                    "array": f"p{side}",
                    "index": number,
                    "side_voxels": side,
                    "spacing_mm": whole.spacing[0] if has_size else None,
                    **dict(zip(("z_voxel", "y_voxel", "x_voxel"), centre, strict=True)),
                    **{"x_mm": x, "y_mm": y, "z_mm": z},
                    "candidate": candidate,
                    "mask_fraction": share,
                    "value_mean": float(cube.mean()),
                    "value_sd": float(cube.std()),
                }
            )
            cubes.append(cube)
        arrays[side] = np.stack(cubes) if cubes else np.zeros((0, *shape), low.dtype)
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


def _grid(
    mask: volume.Flags, shape: tuple[int, int, int], share_min: float
) -> list[tuple[int, int, int]]:
    """Centres of cubes side by side with enough of the mask."""
    z, y, x = (
        range(side // 2, max(length, side // 2 + 1), side)
        for side, length in zip(shape, mask.shape, strict=True)
    )
    return [
        place
        for place in itertools.product(z, y, x)
        if _cube(mask, place, shape, False).mean() >= share_min
    ]


def _cube(
    values: npt.NDArray[Any],
    centre: tuple[int, int, int],
    shape: tuple[int, int, int],
    outside: Any,
) -> npt.NDArray[Any]:
    cube = np.full(shape, outside, values.dtype)
    source, target = [], []
    for middle, side, length in zip(centre, shape, values.shape, strict=True):
        start = middle - side // 2
        first, last = max(0, start), min(length, start + side)
        source.append(slice(first, max(first, last)))
        target.append(slice(first - start, max(first, last) - start))
    cube[tuple(target)] = values[tuple(source)]
    return cube
