"""What the sheet's `stain` means for the stages that need to know."""

import re

HE = {"", "HE", "HES", "HEMATOXYLINEOSIN", "HEMATOXYLINEOSINSAFFRON"}
FLUORESCENCE = {"fluorescence", "if", "dapi", "fish"}


def is_he(stain: str | None) -> bool:
    """Whether a sheet's `stain` means hematoxylin and eosin (an empty value does).

    "H&E", "H and E", "Haematoxylin/Eosin", "H&E (FFPE)" and those with saffron do.
    """
    plain = re.sub(r"\(.*?\)", "", (stain or "").upper()).replace("AEMA", "EMA")
    words = (word for word in re.findall("[A-Z]+", plain) if word not in ("AND", "STAIN"))
    return "".join(words) in HE


def is_fluorescence(stain: str | None) -> bool:
    """Whether a sheet's `stain` means bright signal on a dark field."""
    return (stain or "").strip().lower() in FLUORESCENCE
