"""What the sheet's stain column means."""

import pytest
from grossing.slide import modality

OF_KIND = {
    "he": [
        *("", "H&E", "h&e", "HE", "H and E", "H & E", "H/E", "H&E (FFPE)", "HES", "HE frozen"),
        *("Haematoxylin and Eosin", "hematoxylin-eosin", "Hematoxylin & Eosin stain"),
        "hematoxylin-eosin-saffron",
        *("HAEMATOXYLIN_EOSIN", "HaematoxylinEosin", "hematoxylineosine"),
        *(
            "H\xe4matoxylin-Eosin",
            "H\xe4malaun-Eosin",
            "h\xe9matoxyline et \xe9osine",
            "H&amp;E",
            "HnE",
        ),
        *("ematossilina eosina", "Mayer's hematoxylin and eosin", "Haemotoxylin and Eosin, 4 um"),
    ],
    "ihc": [
        *(
            "IHC",
            "ihc",
            "DAB",
            "H-DAB",
            "CD3",
            "CD-20",
            "anti-CD8a",
            "Ki-67",
            "Ki 67",
            "HER2",
            "ER",
        ),
        *("IHC (PD-L1)", "HE-CD3", "CISH", "Immunohistochemistry", "p53", "Immunhistochemie"),
        *("\u03b2-catenin", "CD45RO", "estrogen receptor", "Ki67 on hematoxylin and eosin"),
    ],
    "special": [
        *("PAS", "PAS-D", "Masson's trichrome", "TRICHROME", "silver (GMS)", "Congo red"),
        *("Sirius Red", "Giemsa", "hematoxylin", "Berliner Blau", "Kongorot", "oil red O"),
    ],
    "fluorescence": [
        *("DAPI", "dapi", "Hoechst 33342", "FITC", "TRITC", "Cy3", "Cy-5", "cy 5", "IF", "mIF"),
        *("fluorescence", "Immunofluorescence", "FISH", "HER2 FISH", "DAPI+CD3", "DAPI_FITC_TRITC"),
        *("Alexa Fluor 488", "Opal 570", "Immunfluoreszenz", "DIF IgG", "multiplex IF", "smFISH"),
    ],
}


@pytest.mark.parametrize("kind", OF_KIND)
def test_every_name_of_a_stain_means_its_kind(kind: str) -> None:
    assert {name: modality.kind(name) for name in OF_KIND[kind]} == dict.fromkeys(
        OF_KIND[kind], kind
    )


@pytest.mark.parametrize("stain", ["H", "blue", "life", "H&Ee", "reagent 7"])
def test_a_word_of_no_vocabulary_is_neither_h_and_e_nor_fluorescence(stain: str) -> None:
    assert modality.kind(stain) is None
    assert not modality.is_he(stain)
    assert not modality.is_fluorescence(stain)


def test_no_word_is_of_two_kinds() -> None:
    kinds = list(modality.VOCABULARY.values())
    words = [word for known in kinds for word in known.plain]
    assert len(words) == len(set(words))


def test_every_word_that_a_message_names_is_known() -> None:
    names = modality.vocabulary().replace("markers such as", "").replace("special stains", "PAS")
    for words in names.replace("(", ",").replace(")", ",").replace(";", ",").split(","):
        if word := words.strip(" ."):
            assert modality.kind(word) is not None, word


def test_one_stain_in_several_spellings_has_one_name() -> None:
    assert len({modality.name(stain) for stain in ("Ki-67", "ki 67", "KI67", "Ki_67")}) == 1
    assert {modality.name(stain) for stain in (None, "", "H&E", "HE (FFPE)")} == {""}
    assert len({modality.name(stain) for stain in ("H&E", "?", "!", "CD3")}) == 4
