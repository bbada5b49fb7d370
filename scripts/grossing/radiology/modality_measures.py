"""What is measured of a study besides its header, geometry and values: one function a modality."""

from collections.abc import Callable, Mapping

from grossing.radiology.ct import ct_measures
from grossing.radiology.mr import mr_measures
from grossing.radiology.studies.study_record import HeaderFacts
from grossing.radiology.volumes.volume import Volume
from grossing.radiology.xr import xr_measures

Measure = Callable[[Volume, HeaderFacts], Mapping[str, float | int | bool | None]]

#: modality -> numbers of its studies, by their names in `study.schema.yaml`
MEASURES: dict[str, Measure] = {
    "CT": ct_measures.measure,
    "MR": mr_measures.measure,
    "XR": xr_measures.measure,
}
