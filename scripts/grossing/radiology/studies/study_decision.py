"""Thresholds on measured numbers: the one place where studies are judged."""

from collections.abc import Mapping
from dataclasses import dataclass

from grossing.cohort.decide import ERROR, FAIL, PASS, REVIEW, Verdict, gate_of
from grossing.columns.study_codes import StudyReason
from grossing.radiology.studies import study_thresholds
from grossing.radiology.studies.study_record import Geometry, Number, StudyRecord

#: reasons of a study that is looked at and not prepared: its values have no unit that is known
UNPREPARED: tuple[StudyReason, ...] = ("no_rescale", "modality_unknown")
VOLUMES = ("CT", "MR")
#: numbers that mean nothing where the values are not HU
IN_HU = ("value_p01", "value_max", "border_air_hu", "border_body_fraction", "snr")
#: a field within the patient, by the share of its border that is patient, has fat, no air, and
#: little above bone (with a wrong intercept water has 1024)
WITHIN_PATIENT = 0.2
LUNG_MAX_HU, FAT_MAX_HU, TISSUE_MAX_HU = -500.0, -20.0, 1000.0
#: fewest rows and columns of a picture
SIDE_PX_MIN = 16
#: share of the slices that may resemble slices elsewhere more than those beside them
DISPLACED_MAX = 0.05
#: mm; no patient is smaller or larger, and a field beyond them has a wrong spacing or unit
FIELD_MM = (5.0, 3000.0)

Limits = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Prepared:
    """What preparing measured of a study, by the names of its schema, and the reasons that need no
    limit."""

    measures: Mapping[str, Number]
    reasons: tuple[str, ...] = ()


def study(record: StudyRecord, limits: Limits) -> Verdict:
    """Judge one study from what was measured of it, before it is prepared.

    Parameters
    ----------
    limits : the config's `radiology.thresholds`: section to limits

    Returns
    -------
    ERROR: cannot be used.  FAIL: its geometry or its values are wrong; nothing is resampled.
    REVIEW: prepared like PASS (but for `UNPREPARED`), to be looked at.
    """
    if record.refusal is not None:
        return Verdict(ERROR, (record.refusal.code,))
    values = numbers(record)
    if mixed := _mixed_orientations(record, values, limits):
        return Verdict(FAIL, mixed)
    judged = judged_numbers(record)
    failed = [*_failed(record), *_exceeded(study_thresholds.FAIL, record.modality, judged, limits)]
    if record.modality in VOLUMES and record.geometry:
        failed += _wrong_geometry(record.geometry, limits["study"])
        failed += _wrong_slices(values)
    if failed:
        return Verdict(FAIL, tuple(dict.fromkeys(failed)))
    doubts = _doubts(record, limits["study"])
    doubts += _exceeded(study_thresholds.REVIEW, record.modality, judged, limits)
    if record.modality == "CT" and _has_unit(record) and values.get("noise_hu") is None:
        doubts.append("no_soft_tissue")
    return Verdict(REVIEW, tuple(doubts)) if doubts else Verdict(PASS)


def _has_unit(record: StudyRecord) -> bool:
    """Whether the values have the unit of their modality: of a CT HU, as far as its header says."""
    header = record.header
    if record.modality != "CT" or header is None:
        return True
    return not (header.format == "dicom" and header.rescale_missing)


def judged_numbers(record: StudyRecord) -> dict[str, Number]:
    """The numbers that limits may judge, by name.

    None in HU without a unit; not that a field within the patient (a spine, a heart) lacks air, if
    its values are those of tissue.
    """
    values = numbers(record)
    if not _has_unit(record):
        return {name: value for name, value in values.items() if name not in IN_HU}
    lowest, brightest = values.get("value_p01"), values.get("value_p99")
    if record.modality != "CT" or lowest is None or brightest is None:
        return values
    is_tissue = LUNG_MAX_HU < lowest < FAT_MAX_HU and brightest < TISSUE_MAX_HU
    if (values.get("border_body_fraction") or 0) > WITHIN_PATIENT and is_tissue:
        del values["value_p01"]
    return values


def _mixed_orientations(
    record: StudyRecord, values: Mapping[str, Number], limits: Limits
) -> tuple[str, ...]:
    """The reason where slices have no orientation in common, which makes all else meaningless."""
    if record.modality not in VOLUMES:
        return ()
    if record.geometry and record.geometry.in_plane_differs:
        return ("orientation_differs",)
    return tuple(_exceeded({"STUDY": study_thresholds.ORIENTATION}, "", values, limits))


def numbers(record: StudyRecord) -> dict[str, Number]:
    """All numbers of a study by name."""
    found: dict[str, Number] = {}
    for group in (record.geometry, record.intensity):
        found |= vars(group) if group else {}
    return found | dict(record.measures)


def after_preparing(verdict: Verdict, modality: str, prepared: Prepared, limits: Limits) -> Verdict:
    """Final verdict of a study that was prepared; it can only be lowered."""
    if verdict.status not in (PASS, REVIEW):
        return verdict
    reasons = [*prepared.reasons]
    reasons += _exceeded(study_thresholds.AFTER_PREPARING, modality, prepared.measures, limits)
    if not reasons:
        return verdict
    return Verdict(REVIEW, tuple(dict.fromkeys([*verdict.reasons, *reasons])))


def gate(verdict: Verdict) -> str:
    """`pass` for a study that is prepared, else `fail`."""
    if any(reason.split("=")[0] in UNPREPARED for reason in verdict.reasons):
        return "fail"
    return gate_of(verdict)


def _exceeded(
    rules: study_thresholds.Rules,
    modality: str,
    values: Mapping[str, Number],
    limits: Limits,
) -> list[str]:
    """Reasons of the thresholds of all studies and of a modality that are exceeded."""
    texts = []
    for section in ("STUDY", modality):
        of_section = limits.get(section.lower(), {})
        for rule in rules.get(section, ()):
            value = values.get(rule.column)
            if value is not None and rule.exceeded(value, of_section):
                texts.append(rule.text(value, of_section))
    return texts


def _failed(record: StudyRecord) -> list[StudyReason]:
    """What makes a study useless whatever the limits."""
    header, reasons = record.header, list[StudyReason]()
    if header is None:
        return reasons
    if header.only_localizers:
        reasons.append("localizer")
    if header.secondary_capture and record.modality in VOLUMES:
        reasons.append("secondary_capture")
    if header.burned_in:
        reasons.append("burned_in_annotation")
    if header.modality_tag and header.modality_tag not in MODALITY_TAGS[record.modality]:
        reasons.append("wrong_modality")
    if record.intensity is None or record.intensity.value_sd == 0:
        reasons.append("empty")
    if record.measures.get("voxels_not_finite"):
        reasons.append("not_finite")
    size = record.geometry
    if size and min(size.rows, size.columns) < SIDE_PX_MIN:
        reasons.append("too_small")
    if size and size.slices > 1 and record.modality == "XR":
        reasons.append("several_pictures")
    return reasons


#: values of the tag Modality by that of the sheet
MODALITY_TAGS = {"CT": ("CT",), "MR": ("MR",), "XR": ("CR", "DX", "RG", "XR", "XA", "RF")}


def _wrong_geometry(geometry: Geometry, limits: Mapping[str, float]) -> list[str]:
    reasons: list[str] = []
    if geometry.position_missing:
        reasons.append("position_missing")
    if not _is_possible(geometry):
        reasons.append("no_pixel_spacing")
    if geometry.slices_duplicate:
        reasons.append("slices_duplicate")
    if geometry.slices_missing:
        reasons.append("slices_missing")
    elif study_thresholds.SPACING.exceeded(variation := spacing_variation(geometry) or 0, limits):
        reasons.append(study_thresholds.SPACING.text(variation, limits))
    if geometry.slices < 2:
        reasons.append("single_slice")
    return reasons


def _is_possible(geometry: Geometry) -> bool:
    """Whether the spacings are stated, and the field is one of a patient."""
    sizes = geometry.rows, geometry.columns
    spacings = geometry.row_spacing_mm, geometry.column_spacing_mm
    fields = [n * (mm or 0) for n, mm in zip(sizes, spacings, strict=True)]
    stack = geometry.slices * (geometry.slice_spacing_mm or 0)
    return all(FIELD_MM[0] <= mm <= FIELD_MM[1] for mm in fields) and stack <= FIELD_MM[1]


def _wrong_slices(values: Mapping[str, Number]) -> list[StudyReason]:
    """What is wrong with the content of slices."""
    reasons: list[StudyReason] = []
    if values.get("slices_blank"):
        reasons.append("slices_blank")
    if values.get("slices_repeated"):
        reasons.append("slices_duplicate")
    return reasons


def spacing_variation(geometry: Geometry) -> float | None:
    """Range of the distances of slices as a share of their median."""
    low, high = geometry.slice_spacing_min_mm, geometry.slice_spacing_max_mm
    if low is None or high is None or not geometry.slice_spacing_mm:
        return None
    return (high - low) / geometry.slice_spacing_mm


def _is_out_of_order(record: StudyRecord) -> bool:
    """Whether slices lie elsewhere than those that they resemble: at seams, two slices each."""
    displaced = record.measures.get("slices_displaced") or 0
    slices = record.geometry.slices if record.geometry else 0
    return displaced > max(1, DISPLACED_MAX * slices)


def _doubts(record: StudyRecord, limits: Mapping[str, float]) -> list[str]:
    """What is worth a look and needs no limit of its modality."""
    header, geometry, reasons = record.header, record.geometry, list[str]()
    if header is None or geometry is None:
        return reasons
    if header.format == "dicom" and header.modality_tag is None:
        reasons.append("modality_unknown")
    if record.modality == "CT" and header.format == "dicom" and header.rescale_missing:
        reasons.append("no_rescale")
    if header.damaged_files:
        reasons.append("damaged_files")
    if header.localizers:
        reasons.append("localizer")
    if header.secondary_capture:
        reasons.append("secondary_capture")
    is_film = record.modality == "XR" and header.format == "dicom"
    if is_film and not geometry.row_spacing_mm:
        reasons.append("no_pixel_spacing")
    if header.lossy:
        reasons.append("lossy_compression")
    if record.modality in VOLUMES and (geometry.slice_order_differs or _is_out_of_order(record)):
        reasons.append("slice_order")
    few = study_thresholds.FEW_SLICES
    if record.modality in VOLUMES and few.exceeded(geometry.slices, limits):
        reasons.append(few.text(geometry.slices, limits))
    return reasons
