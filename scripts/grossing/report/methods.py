"""A text for the methods section of a paper: what was done to this cohort, with its numbers."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from grossing.report import cohort_table
from grossing.report import references as refs
from grossing.report.limit import Limit, LimitsInUse, label

Section = Mapping[str, Any]
Cite = Callable[..., str]

#: column that a tile is judged by -> how it is measured, and what to cite
MEASURES = {
    "focus": (
        "Focus was measured at 0.5 µm/px, block by block, by the energies of neighbouring bands of "
        "spatial frequency above the noise",
        refs.PECH,
    )
}
MOST_REASONS = 6


@dataclass(frozen=True)
class Methods:
    """Paragraphs and numbered references."""

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def text(self) -> str:
        """Markdown."""
        numbered = [f"{i}. {text}" for i, text in enumerate(self.references, 1)]
        body = "\n\n".join(self.paragraphs)
        return f"# Methods\n\n{body}\n\n## References\n\n" + "\n".join(numbered) + "\n"


class _References:
    """Numbers references in the order in which they are first cited."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def cite(self, *keys: str) -> str:
        self.keys += [key for key in keys if key not in self.keys]
        return f"[{','.join(str(self.keys.index(key) + 1) for key in keys)}]"


def describe(
    verdicts: pa.Table,
    settings: Section,
    limits: LimitsInUse,
    versions: Mapping[str, str],
) -> Methods:
    """What was done, in the past tense; of what was switched off, nothing.

    Parameters
    ----------
    verdicts : `cohort_qc`
    settings : the configuration
    limits : its thresholds
    versions : of programs by name; one that is missing is named without
    """
    references = _References()
    cite = references.cite
    programs = {name: f"{name} {version}" for name, version in versions.items()}
    paragraphs = (
        " ".join(_slides(verdicts, settings, programs, cite)),
        " ".join(_verdicts(verdicts, limits)),
        " ".join(_tiles(verdicts, settings, limits.tile, programs, cite)),
        " ".join(_optional(settings, programs, cite)),
        _software(versions),
    )
    own = versions.get("Grossing", "unknown")
    texts = [refs.TEXTS[key].format(version=own) for key in references.keys]
    return Methods(tuple(filter(None, paragraphs)), tuple(texts))


def _slides(
    verdicts: pa.Table, settings: Section, programs: Mapping[str, str], cite: Cite
) -> Iterator[str]:
    """The cohort and what was measured of each slide."""
    openslide = programs.get("OpenSlide", "OpenSlide")
    workflow = programs.get("Snakemake", "Snakemake")
    yield (
        f"{_count(len(verdicts), 'whole-slide image')}{_origin(verdicts)} were processed with "
        f"{programs.get('Grossing', 'Grossing')} {cite(refs.GROSSING)}, a {workflow} workflow "
        f"{cite(refs.SNAKEMAKE)}; slides were opened with {openslide} {cite(refs.OPENSLIDE)}."
    )
    if (mpp := cohort_table.numbers(verdicts, "mpp")) is not None:
        yield f"Their resolution was {_range(mpp)} µm/px."
    tissue = settings["tissue"]
    feature = {
        "glass_relative": "the chroma relative to the glass colour of the slide",
        "otsu_saturation": "the colour saturation",
    }[tissue["method"]]
    yield (
        f"Tissue was segmented at {tissue['working_mpp']:g} µm/px by a threshold on {feature} "
        f"derived from Otsu's {cite(refs.OTSU)}."
    )
    if cohort_table.numbers(verdicts, "hematoxylin_od") is not None:
        yield (
            "Hematoxylin and eosin densities of H&E slides were measured by color deconvolution "
            f"{cite(refs.RUIFROK)}, their stain vectors by the method of Macenko et al. "
            f"{cite(refs.MACENKO)} as implemented in "
            f"{programs.get('torchstain', 'torchstain')} {cite(refs.TORCHSTAIN)}."
        )


def _origin(verdicts: pa.Table) -> str:
    """How many cases, sites and scanners the slides are from, where the sheet says so."""
    names = {"case_id": "case", "site": "site", "scanner": "scanner model"}
    counts = {
        noun: len(set(filter(None, cohort_table.texts(verdicts, column) or [])))
        for column, noun in names.items()
    }
    parts = [_count(count, noun) for noun, count in counts.items() if count]
    return f" of {_list(parts)}" if parts else ""


def _verdicts(verdicts: pa.Table, limits: LimitsInUse) -> Iterator[str]:
    """By which limits slides were judged, and with which result."""
    rules = "; ".join(limit.explained for limit in limits.slide)
    yield f"A slide was used where all that could be measured met these limits: {rules}."
    rules = "; ".join(limit.explained for limit in limits.review)
    yield (
        "It was marked for review where its numbers were close to these limits, or did not meet "
        f"these: {rules}."
    )
    decided = cohort_table.texts(verdicts, "review_decision")
    if decided:
        by = Counter(filter(None, decided))
        yield (
            f"Of {_count(by.total(), 'slide')} reviewed by people, {by['accept']:,} were accepted "
            f"and {by['reject']:,} rejected."
        )
    counts = cohort_table.status_counts(cohort_table.statuses(verdicts))
    used = sum(counts[status] for status in cohort_table.USED)
    yield (
        f"Of {_count(len(verdicts), 'slide')}, {used:,} were used ({counts['PASS']:,} passed, "
        f"{counts['REVIEW']:,} were marked for review), {counts['FAIL']:,} failed, and "
        f"{counts['ERROR']:,} could not be read or lacked a valid resolution."
    )
    out = verdicts.filter(pa.array(~cohort_table.used(verdicts)))
    reasons = cohort_table.reason_counts(out)
    if reasons:
        named = [f"{label(code)} ({n.total():,})" for code, n in reasons.items()]
        rest = f" and {len(named) - MOST_REASONS} others" if len(named) > MOST_REASONS else ""
        yield f"Reasons for exclusion: {', '.join(named[:MOST_REASONS])}{rest}."
    splits = cohort_table.texts(verdicts, "split")
    if splits and used:
        kept = [s or "none" for s, u in zip(splits, cohort_table.used(verdicts), strict=True) if u]
        parts = [f"{name} {n:,}" for name, n in Counter(kept).most_common()]
        yield f"Used slides per split: {', '.join(parts)}."


def _tiles(
    verdicts: pa.Table,
    settings: Section,
    limits: Sequence[Limit],
    programs: Mapping[str, str],
    cite: Cite,
) -> Iterator[str]:
    """How tiles were cut and judged, and how many there are."""
    tiles = settings["tiles"]
    side, target = tiles["size_px"], settings["target_mpp"]
    effective = cohort_table.numbers(verdicts, "tile_mpp")
    exact = f" (effective {_range(effective)} µm/px)" if effective is not None else ""
    kept = f", stored as {_coding(tiles)}"
    if tiles["container"] == "none":
        kept = "; their coordinates were kept, not their pixels"
    yield (
        f"Slides that met the limits were divided into tiles of {side} x {side} px at {target:g} "
        f"µm/px{exact} on a grid without overlap; tiles with at least 5 % tissue were candidates"
        f"{kept}."
    )
    if tiles["engine"] == "dzsave":
        vips = programs.get("libvips", "libvips")
        yield f"Tiles were cut with {vips} {cite(refs.LIBVIPS)}."
    if tiles["fast_downsample"]:
        yield "Where the scale was a power of two, it was reduced by the JPEG decoder."
    for limit in limits:
        if limit.column in MEASURES:
            sentence, key = MEASURES[limit.column]
            yield f"{sentence} {cite(key)}."
    rules = "; ".join(limit.explained for limit in limits)
    yield (
        "A tile was used where its focus could be told and all that could be measured met these "
        f"limits: {rules}."
    )
    candidates = _sum(verdicts, "candidate_tiles")
    of_used = verdicts.filter(pa.array(cohort_table.used(verdicts)))
    passed = _sum(of_used, "passed_tiles")
    yield (
        f"Of {_count(candidates, 'candidate tile')}, {passed:,} were used, from "
        f"{_count(_with_tiles(of_used), 'slide')}."
    )


def _coding(tiles: Section) -> str:
    """The file format of tiles."""
    if tiles["format"] == "png":
        return "PNG (lossless)"
    chroma = ":".join(str(tiles["chroma"]).ljust(3, "0"))
    return f"JPEG (quality {tiles['quality']}, chroma {chroma})"


def _optional(settings: Section, programs: Mapping[str, str], cite: Cite) -> Iterator[str]:
    """What was switched on besides."""
    if settings["focus_stack"]["enabled"]:
        stack = settings["focus_stack"]
        measure = {
            "laplacian": f"variance of the Laplacian {cite(refs.PECH)}",
            "absdiff": "mean absolute difference from the local mean",
        }[stack["method"]]
        yield (
            "Focal planes of one slide were checked for shifts by phase correlation "
            f"{cite(refs.KUGLIN)} and fused by taking each block of about {stack['block_um']:g} µm "
            f"from the plane with the greatest sharpness ({measure})."
        )
    if settings["tiles"]["denoise"]:
        strength = settings["tiles"]["denoise"]
        yield (
            f"After they were measured, tiles were denoised by non-local means (strength "
            f"{strength:g}, searched in {settings['tiles']['denoise_search_px']} px) "
            f"{cite(refs.BUADES)}."
        )
    if settings["stain"]["enabled"] and settings["stain"]["method"] != "none":
        yield _normalisation(settings["stain"], programs, cite)
    if settings["stains"]["enabled"]:
        yield (
            "Tiles were separated into hematoxylin and eosin densities by color deconvolution with "
            f"the vectors of Ruifrok and Johnston {cite(refs.RUIFROK)}."
        )
    if settings["nuclei"]["enabled"]:
        yield (
            "Nuclei were segmented by a threshold on hematoxylin density (brightness in "
            f"fluorescence) {cite(refs.OTSU)}, split at peaks of the Laplacian of Gaussian "
            f"combined with the distance map {cite(refs.LOG_SPLIT)} by the watershed transform "
            f"{cite(refs.WATERSHED)} ({programs.get('scikit-image', 'scikit-image')} "
            f"{cite(refs.SCIKIT_IMAGE)}); objects below {settings['nuclei']['area_um2_min']:g} µm² "
            "were dropped."
        )
    if settings["zones"]["enabled"]:
        yield _zones(settings["zones"], cite)
    if settings["rescale"]["enabled"]:
        yield (
            f"Slides that met the limits were also written as pyramidal TIFF at "
            f"{settings['target_mpp']:g} µm/px with {programs.get('libvips', 'libvips')} "
            f"{cite(refs.LIBVIPS)}."
        )


def _normalisation(stain: Section, programs: Mapping[str, str], cite: Cite) -> str:
    method = {
        "macenko": f"the method of Macenko et al. {cite(refs.MACENKO)}",
        "reinhard": f"the method of Reinhard et al. {cite(refs.REINHARD)}",
    }[stain["method"]]
    reference = {
        "shipped": "the reference that comes with Grossing",
        "training": "the median of the training slides",
    }.get(stain["reference"], f"slide {stain['reference']}")
    torchstain = programs.get("torchstain", "torchstain")
    return (
        f"Tile colours were normalized to {reference} by {method}, fitted once per "
        f"{stain['scope']} with {torchstain} {cite(refs.TORCHSTAIN)}; tiles without enough H&E "
        "stain were left as they were."
    )


def _zones(zones: Section, cite: Cite) -> str:
    if zones["method"] == "clahe_local":
        how = (
            "by a local threshold on hematoxylin density after contrast-limited adaptive histogram "
            f"equalization {cite(refs.PIZER)}"
        )
    else:
        how = (
            f"where the share of nuclear pixels (Gaussian, sigma {zones['smooth_um']:g} µm) "
            f"exceeded {zones['fraction_min']:g}, and the median of the slide by "
            f"{zones['mad_factor']:g} median absolute deviations"
        )
    area = f"{zones['min_area_mm2']:g} mm²"
    return f"Zones of high cellularity of at least {area} were outlined {how}."


def _software(versions: Mapping[str, str]) -> str:
    rest = [f"{name} {versions[name]}" for name in ("NumPy", "OpenCV") if name in versions]
    return f"Further software: {', '.join(rest)}." if rest else ""


def _with_tiles(verdicts: pa.Table) -> int:
    return int(pc.sum(pc.greater(verdicts["passed_tiles"], 0)).as_py() or 0)


def _sum(verdicts: pa.Table, name: str) -> int:
    return int(pc.sum(verdicts[name]).as_py() or 0)


def _range(values: cohort_table.Floats) -> str:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    first, last = f"{low:.4g}", f"{high:.4g}"
    return first if first == last else f"{first} to {last}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
