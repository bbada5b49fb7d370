"""Whether an X-ray shows air black, once its tag has been followed."""

from grossing.radiology.studies.study_record import HeaderFacts
from grossing.radiology.volumes.volume import Volume
from grossing.radiology.xr import photometric


def measure(volume: Volume, header: HeaderFacts) -> dict[str, float | int | bool | None]:
    """`spine_over_lungs` (`photometric.Sense`), below 0 where the tag contradicts the picture."""
    picture = photometric.air_black(volume.values[0], header.photometric)
    return {"spine_over_lungs": photometric.check(picture).spine_over_lungs}
