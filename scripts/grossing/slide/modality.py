"""What the sheet's `stain` means: the vocabulary of stains."""

import functools
import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["he", "ihc", "special", "fluorescence"]


@dataclass(frozen=True)
class Words:
    """Words by which a kind of stain is known: letters and digits in lower case, and a pattern."""

    plain: frozenset[str]
    pattern: str = "(?!)"

    @classmethod
    def of(cls, text: str, pattern: str = "(?!)") -> "Words":
        return cls(frozenset(text.split()), pattern)

    def has(self, word: str) -> bool:
        return word in self.plain or re.fullmatch(self.pattern, word) is not None


#: a value with words of several kinds is of the first of them
VOCABULARY: dict[Kind, Words] = {
    "fluorescence": Words.of(
        """
        if mif mxif dapi hoechst fitc tritc texasred rhodamine cyanine codex gfp egfp yfp
        rfp alexa mcherry tdtomato fish qfish smfish merfish opal draq5 sytox propidium
        phalloidin acridineorange auramine calcofluor thioflavin dif iif darkfield
        phenocycler vectra cycif cosmx
        """,
        r"cy\d{1,2}|(alexa|alexafluor|af)\d{3}|opal\d{3}|dylight\d{3}|atto\d{3}|hoechst\d{5}"
        r"|syto\d{1,2}|(immuno|auto|epi|immun|multiplex)?fluor.*",
    ),
    "ihc": Words.of(
        """
        ihc mihc ihq icc dab hdab dabh aec cish sish dish chromogen chromogenic fastred
        her2 her2neu erbb2 er pr pgr ar ki67 mib1 pdl1 pd1 p16 p16ink4a p40 p53 p57 p63
        p504s amacr mlh1 msh2 msh6 pms2 mmr ck panck pancytokeratin cytokeratin cam52
        ae1ae3 ae1 ema s100 sox2 sox10 hmb45 melana mart1 ttf1 napsina gata3 pax8 cdx2
        satb2 wt1 nkx31 psa psma erg synaptophysin chromogranin insm1 vimentin desmin sma
        asma actin gfap neun iba1 olig2 idh1 atrx h3k27m alk ros1 braf brafv600e bcl2 bcl6
        cyclind1 myc cmyc tdt mpo foxp3 lag3 tim3 granzymeb caspase3 ecadherin betacatenin
        calretinin d240 podoplanin dog1 ckit inhibin mammaglobin gcdfp15 tau ptau
        amyloidbeta abeta alphasynuclein phh3 pten cea hcg afp hepar1 glypican3 arginase1
        mesothelin egfr hla hladr tryptase lysozyme trop2 epcam berep4 ini1 smarcb1 bap1
        prame stat6 eber hpv cmv hhv8 ebv igg4 kappa lambda gammah2ax mcm2 at8 tdp43
        estrogenreceptor oestrogenreceptor progesteronereceptor ostrogenrezeptor
        progesteronrezeptor
        """,
        r"cd\d{1,3}[a-z]{0,2}|ck\d{1,2}|muc\d{1,2}[a-z]*|(claudin|cldn)\d*"
        r"|immuno(histo|cyto|perox|stain).*|immunhisto.*",
    ),
    "special": Words.of(
        """
        special pas pasd dpas pasm periodicacid schiff trichrome trichrom masson massons
        mallory goldner azan silver silverstain reticulin reticulum gordonsweet gomori gms
        grocott methenamine jones jms bielschowsky gallyas warthinstarry steiner congo
        congored kongorot alcian alcianblue mucicarmine giemsa maygrunwald wright
        wrightgiemsa pap papanicolaou gram ziehl ziehlneelsen afb fite perls prussianblue
        prussian iron oilredo oro sudan vonkossa kossa alizarin alizarinred safranin
        safranino toluidine toluidineblue nissl cresyl cresylviolet luxol luxolfastblue
        lfb klb sirius siriusred picrosirius psr elastica elastic evg vvg verhoeff
        vangieson movat pentachrome orcein shikata feulgen fontana fontanamasson ptah
        colloidaliron chloroacetate hematoxylin eosin phloxine hps unstained
        romanowsky diffquik mgg methylgreen methyleneblue crystalviolet acidfast oilred
        rhodanine bodian
        silber versilberung retikulin reticuline berlinerblau eisen olrot alcianblau
        toluidinblau kresylviolett siriusrot pikrosirius kernechtrot kluverbarrera
        """,
    ),
    "he": Words.of("he hes hne hande hematoxylineosin hematoxylineosinsaffron"),
}
_BESIDE = ("and", "stain", "stained", "ffpe", "frozen", "section", "slide")
#: spellings, of a value without accents, and what they mean: German, French, Italian, Spanish too
_SPELLED = (
    ("&amp;", "&"),
    (r"(a?e|ha?e?)m[ao]to(x|ss)[iy]lin([ae](?![a-z]))?", "hematoxylin"),
    (r"ha?e?mal(aun|um)", "hematoxylin"),
    (r"eosin[ae](?![a-z])", "eosin"),
    ("\N{GREEK SMALL LETTER ALPHA}", "alpha"),
    ("\N{GREEK SMALL LETTER BETA}", "beta"),
    ("\N{GREEK SMALL LETTER GAMMA}", "gamma"),
)
_BOTH = {"hematoxylin", "eosin"}
FLUORESCENT, HEMATOXYLIN_EOSIN = "fluorescence", "he"


@functools.lru_cache(maxsize=1024)
def kind(stain: str | None) -> Kind | None:
    """The kind of stain that a sheet's `stain` names; None where no word of it is known.

    Case, accents, hyphens and blanks do not matter; an empty value is H&E. Names of hematoxylin and
    eosin may stand beside "stain", "FFPE", "frozen section" or anything in parentheses, and both
    words beside any that is of no other kind.
    """
    text = _plainly_spelled(stain or "")
    if not text.strip() or _is_he(re.sub(r"\(.*?\)", "", text)):
        return "he"
    words = _words(text)
    if words >= _BOTH:
        words = words - _BOTH | {"he"}
    return next((name for name, known in VOCABULARY.items() if any(map(known.has, words))), None)


def name(stain: str | None) -> str:
    """A stain as those of a cohort are told apart: "Ki-67", "ki 67" and "Ki67" are one."""
    text = _plainly_spelled(stain or "")
    return "" if is_he(stain) else _plain(text) or text


def is_he(stain: str | None) -> bool:
    """Whether a sheet's `stain` means hematoxylin and eosin (an empty value does)."""
    return kind(stain) == HEMATOXYLIN_EOSIN


def is_fluorescence(stain: str | None) -> bool:
    """Whether a sheet's `stain` means bright signal on a dark field."""
    return kind(stain) == FLUORESCENT


def vocabulary() -> str:
    """The kinds of stain with some of their words, for messages."""
    return (
        "H&E (HE, HES, hematoxylin-eosin); IHC (DAB, AEC, CISH, markers such as Ki67, CD3, HER2); "
        "special stains (PAS, trichrome, silver, Giemsa, Congo red, ...); fluorescence (IF, mIF, "
        "FISH, DAPI, Hoechst, FITC, TRITC, Cy3, Cy5, Alexa 488, ...)"
    )


def _plainly_spelled(stain: str) -> str:
    parts = unicodedata.normalize("NFKD", stain.casefold())
    text = "".join(part for part in parts if not unicodedata.combining(part))
    for spelled, meant in _SPELLED:
        text = re.sub(spelled, meant, text)
    return text


def _is_he(text: str) -> bool:
    letters = (word for word in re.findall("[a-z]+", text) if word not in _BESIDE)
    return "".join(letters) in VOCABULARY["he"].plain


def _words(text: str) -> set[str]:
    """The words of a value, its parts between hyphens and dots, and pairs of neighbours."""
    chunks = re.split(r"[^\w.\-]+|_", text)
    whole = [_plain(chunk) for chunk in chunks]
    parts = [_plain(part) for chunk in chunks for part in re.split(r"[.\-]", chunk)]
    pairs = [one + other for row in (whole, parts) for one, other in itertools.pairwise(row)]
    return {word for word in (*whole, *parts, *pairs) if word}


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word))
