"""One MR study prepared: bias field, intensities in units of white matter, cubic voxels."""

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from skimage import filters

from grossing.radiology.mr import bias_field, brain_mask, mr_noise, white_stripe
from grossing.radiology.reading import study_reading
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.volumes import denoising, outlined_planes, resampling, three_planes, volume
from grossing.support import files, images
from grossing.support.types import PathLike, Pixels

TRUSTED = 0.5  # confidence below which the field is fitted to the whole head
FIELD_RANGE = 2.0  # half and twice the brightness are the ends of the colours

Array = npt.NDArray[np.float32]


class MrOutputs(Protocol):
    """Paths of what is made of one study."""

    volume: str
    brain: str
    field: str
    planes: str
    facts: str


@dataclass(frozen=True)
class PreparedMr:
    """A prepared study; the images are None where it is behind the gate.

    `image` is float32 in units of the normalisation, `brain` uint8 on the same grid, `picture`
    shows the planes before, the field, and the planes after, `planes` the brain mask.
    """

    record: PreparedRecord
    image: sitk.Image | None = None
    brain: sitk.Image | None = None
    picture: Pixels | None = None
    planes: Pixels | None = None

    def write(self, to: MrOutputs) -> None:
        """Write the files; the record, which others read, comes last."""
        for image, path in ((self.image, to.volume), (self.brain, to.brain)):
            if image is None:
                volume.empty(path)
            else:
                volume.write(image, path)
        picture = np.zeros((1, 1, 3), np.uint8) if self.picture is None else self.picture
        files.write(to.field, images.png(picture))
        outlined_planes.write(self.planes, to.planes)
        self.record.write(to.facts)


@dataclass(frozen=True)
class MrOptions:
    """The config's section `radiology.mr`.

    `bias_shrink` is that of N4 (`bias_field.correct`), 0 leaves the field in; `denoise_steps` that
    of `denoising.denoise`, 0 is off.
    """

    spacing_mm: float
    interpolation: resampling.Interpolation
    bias_shrink: int
    denoise_steps: int


def prepare(
    path: PathLike,
    *,
    study_id: str,
    sequence: str,
    passed: bool,
    series: str,
    options: MrOptions,
) -> PreparedMr:
    """Prepare one MR study of the head.

    Parameters
    ----------
    path, series : as for measuring
    sequence : T1, T1CE, T2, FLAIR, DWI or empty
    passed : whether it passed the gate; else its files are empty

    Raises
    ------
    StudyError : it cannot be read any more.
    """
    if not passed:
        return PreparedMr(PreparedRecord(study_id, "MR", False))
    found = study_reading.pixels(study_reading.open_study(str(path), series))
    raw = np.maximum(found.values.astype(np.float32), 0)
    masks = brain_mask.find(raw, found.spacing[::-1])
    if masks.brain.sum() < 2:
        return PreparedMr(PreparedRecord(study_id, "MR", False, ("brain_mask",)))
    image = denoising.denoise(found.image(raw), options.denoise_steps)
    before = sitk.GetArrayFromImage(image)
    field = _field(image, masks, found, options.bias_shrink)
    after = before if field is None else sitk.GetArrayFromImage(field.corrected)
    scale = white_stripe.fit(after, masks.brain, sequence)
    measures = _measures(raw, after, masks, field, scale)
    lost = scale.method == "z_score" and sequence in white_stripe.PEAK_OF
    reasons = ("white_stripe",) if lost else ()
    made = resampling.isotropic(
        found.image(scale.apply(after)), options.spacing_mm, interpolation=options.interpolation
    )
    return PreparedMr(
        PreparedRecord(
            study_id, "MR", True, reasons, {"spacing_mm": options.spacing_mm} | measures
        ),
        made,
        resampling.like(found.image(masks.brain), made, interpolation="nearest"),
        _picture(found, before, field, after),
        outlined_planes.draw(_with(found, after), "MR", {"brain": masks.brain}),
    )


def _field(
    image: sitk.Image, masks: brain_mask.BrainMask, found: volume.Volume, shrink: int
) -> bias_field.BiasField | None:
    if not shrink:
        return None
    inside = masks.brain if masks.confidence >= TRUSTED else masks.head
    return bias_field.correct(image, found.image(inside), shrink=shrink)


def _measures(
    raw: Array,
    after: Array,
    masks: brain_mask.BrainMask,
    field: bias_field.BiasField | None,
    scale: white_stripe.Normalisation,
) -> dict[str, Any]:
    """Numbers by the names of `prepared_mr.schema.yaml`."""
    return {
        "brain_ml": round(masks.brain_ml, 1),
        "brain_confidence": masks.confidence,
        "skull_stripped": masks.stripped,
        "field_low": None if field is None else round(field.field_low, 4),
        "field_high": None if field is None else round(field.field_high, 4),
        "white_stripe": scale.method == "white_stripe",
        "white_stripe_voxels": scale.voxels if scale.method == "white_stripe" else None,
        "normal_mean": round(scale.mean, 4),
        "normal_sd": round(scale.sd, 5),
        "cnr": _contrast_to_noise(raw, after, masks),
    }


def _contrast_to_noise(raw: Array, after: Array, masks: brain_mask.BrainMask) -> float | None:
    """Distance of the two classes of brain that Otsu's threshold divides, over the noise."""
    noise = mr_noise.sd(raw, masks.brain)
    values = after[masks.brain]
    values = values[values < np.percentile(values, 99)]
    if not noise or values.size < 2 or values.min() == values.max():
        return None
    level = filters.threshold_otsu(values)
    bright, dark = values[values > level], values[values <= level]
    if not bright.size or not dark.size:
        return None
    return round(float(np.median(bright) - np.median(dark)) / noise, 2)


def _picture(
    found: volume.Volume, before: Array, field: bias_field.BiasField | None, after: Array
) -> Pixels:
    """Planes before, the field in colour (white: 1), planes after."""
    rows = [three_planes.picture(_with(found, before), "MR")]
    if field is not None:
        log = np.log(sitk.GetArrayFromImage(field.field)) / np.log(FIELD_RANGE)
        grey = np.clip(127.5 + 127.5 * log, 0, 255).astype(np.float32)
        planes = three_planes.picture(_with(found, grey), "field")
        coloured = cv2.applyColorMap(planes[..., 0], cv2.COLORMAP_TWILIGHT_SHIFTED)
        rows += [np.asarray(coloured[..., ::-1], np.uint8)]
        rows += [three_planes.picture(_with(found, after), "MR")]
    return np.concatenate(rows)


def _with(found: volume.Volume, values: Array) -> volume.Volume:
    return volume.Volume(values, found.spacing, found.origin, found.direction)
