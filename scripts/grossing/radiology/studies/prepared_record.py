"""What preparing measured of one study, of any modality; its JSON is written last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from grossing.radiology.studies.study_record import Number
from grossing.support import records
from grossing.support.types import PathLike
from grossing.support.versions import MADE_WITH


@dataclass(frozen=True)
class PreparedRecord:
    """`prepared` is False for a study behind the gate, whose files are empty.

    `measures` are numbers by the names of the modality's schema (`prepared_ct.schema.yaml` and the
    like), `reasons` the codes of reasons that need no limit.
    """

    study_id: str
    modality: str
    prepared: bool
    reasons: tuple[str, ...] = ()
    measures: Mapping[str, Number] = field(default_factory=dict)

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """The JSON of a prepared study."""
        return records.read(path, cls.from_json)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record of its JSON."""
        kept = ("study_id", "modality", "prepared", "reasons", MADE_WITH)
        measures = {name: value for name, value in data.items() if name not in kept}
        reasons = tuple(data["reasons"])
        return cls(data["study_id"], data["modality"], data["prepared"], reasons, measures)

    def to_json(self) -> dict[str, Any]:
        """All fields on one level."""
        own = {key: value for key, value in vars(self).items() if key != "measures"}
        return own | {"reasons": list(self.reasons)} | dict(self.measures)

    def write(self, path: PathLike) -> None:
        """JSON of the record, and with which libraries it was made."""
        records.write(self.to_json(), path)


def read_all(paths: Iterable[PathLike], groups: Iterable[PathLike] = ()) -> list[PreparedRecord]:
    """The records of several files; `groups` are files with those of several studies each.

    What was measured of a study alone and in its group is one record.
    """
    found = {record.study_id: record for record in map(PreparedRecord.read, paths)}
    for path in groups:
        for more in records.read(path, _of_group):
            own = found[more.study_id]
            reasons = tuple(dict.fromkeys([*own.reasons, *more.reasons]))
            measures = {**own.measures, **more.measures}
            found[more.study_id] = replace(own, reasons=reasons, measures=measures)
    return list(found.values())


def _of_group(data: Mapping[str, Any]) -> list[PreparedRecord]:
    return [PreparedRecord.from_json(one) for one in data["studies"]]


def write_all(prepared: Iterable[PreparedRecord], path: PathLike) -> None:
    """The records of a group in one JSON."""
    records.write({"studies": [record.to_json() for record in prepared]}, path)
