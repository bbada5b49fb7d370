"""What is measured of a study besides its header, geometry and values: one function a modality."""

from collections.abc import Callable, Mapping

from grossing.radiology import ct_measures, mr_measures, xr_measures
from grossing.radiology.study_record import HeaderFacts
from grossing.radiology.volume import Volume

Measure = Callable[[Volume, HeaderFacts], Mapping[str, float | int | bool | None]]

#: modality -> numbers of its studies, by their names in `study.schema.yaml`
MEASURES: dict[str, Measure] = {
    "CT": ct_measures.measure,
    "MR": mr_measures.measure,
    "XR": xr_measures.measure,
}
