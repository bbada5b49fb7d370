"""What the sheet's `stain` means for the stages that need to know."""


def is_he(stain: str | None) -> bool:
    """Whether a sheet's `stain` means haematoxylin and eosin (an empty cell does)."""
    letters = "".join(c for c in (stain or "").upper() if c.isalpha())
    return letters in {"", "HE", "HANDE", "HES", "HAEMATOXYLINEOSIN", "HEMATOXYLINEOSIN"}


def is_fluorescence(stain: str | None) -> bool:
    """Whether a sheet's `stain` means bright signal on a dark field."""
    return (stain or "").strip().lower() in {"fluorescence", "if", "dapi", "fish"}
