"""What the OME-XML in a TIFF's description says of its pictures: name, size and resolution [1].

[1] Goldberg et al. 2005, Genome Biology 6:R47, https://doi.org/10.1186/gb-2005-6-5-r47; units:
https://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

MOST_CHARACTERS = 1 << 22
#: um per unit; both letters that look like mu; a length in pixels or of a reference frame is none
UM = {
    "m": 1e6,
    "dm": 1e5,
    "cm": 1e4,
    "mm": 1e3,
    "\u00b5m": 1.0,  # micro sign
    "\u03bcm": 1.0,  # Greek letter
    "um": 1.0,
    "nm": 1e-3,
    "pm": 1e-6,
    "\u00c5": 1e-4,
    "in": 25400.0,
}


@dataclass(frozen=True)
class OmeImage:
    """One picture; `mpp` are um per pixel across and down, None where they are not stated."""

    name: str
    width_px: int
    height_px: int
    mpp: tuple[float, float] | None


def images(description: str) -> list[OmeImage]:
    """The pictures in the order of the XML; none where the text is not OME-XML, or damaged."""
    is_xml = description.lstrip().startswith("<") and "<!DOCTYPE" not in description
    if not is_xml or len(description) > MOST_CHARACTERS:
        return []
    try:
        root = ElementTree.fromstring(description.strip().rstrip("\0").encode())
        return [_image(each) for each in root.iterfind("{*}Image") if root.tag.endswith("OME")]
    except (ElementTree.ParseError, KeyError, ValueError):
        return []


def mpp_of(description: str, size_px: tuple[int, int]) -> tuple[float, float] | None:
    """um per pixel across and down of the first picture of this size, if they are stated."""
    sized = (i for i in images(description) if (i.width_px, i.height_px) == size_px)
    return next((image.mpp for image in sized), None)


def _image(element: ElementTree.Element) -> OmeImage:
    pixels = element.find("{*}Pixels")
    stated: Mapping[str, str] = {} if pixels is None else pixels.attrib
    across, down = (_um(stated, axis) for axis in "XY")
    mpp = None if across is None or down is None else (across, down)
    return OmeImage(element.get("Name", ""), int(stated["SizeX"]), int(stated["SizeY"]), mpp)


def _um(stated: Mapping[str, str], axis: str) -> float | None:
    """The side of a pixel, um; the schema's default unit is um."""
    unit = UM.get(stated.get(f"PhysicalSize{axis}Unit", "um"))
    value = float(stated.get(f"PhysicalSize{axis}", "nan"))
    return value * unit if unit and math.isfinite(value) and value > 0 else None
