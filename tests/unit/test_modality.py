"""What the sheet's stain column means."""

import pytest
from grossing.slide import modality


@pytest.mark.parametrize(
    "cell",
    [
        *("", "H&E", "h&e", "HE", "H and E", "H&E (FFPE)", "HES", "Haematoxylin and Eosin"),
        *("hematoxylin-eosin", "Hematoxylin & Eosin stain", "hematoxylin-eosin-saffron"),
    ],
)
def test_names_of_haematoxylin_and_eosin(cell: str) -> None:
    assert modality.is_he(cell)


@pytest.mark.parametrize("cell", ["IHC", "CD3", "Ki-67", "PAS", "H", "DAPI", "HER2", "HE-CD3"])
def test_other_stains(cell: str) -> None:
    assert not modality.is_he(cell)
