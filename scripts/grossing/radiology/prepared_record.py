"""What preparing measured of one study, of any modality; its JSON is written last."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from grossing.radiology.study_record import Number
from grossing.support import files
from grossing.support.types import PathLike


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
        return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record of its JSON."""
        kept = ("study_id", "modality", "prepared", "reasons")
        measures = {name: value for name, value in data.items() if name not in kept}
        reasons = tuple(data["reasons"])
        return cls(data["study_id"], data["modality"], data["prepared"], reasons, measures)

    def to_json(self) -> dict[str, Any]:
        """All fields on one level."""
        own = {key: value for key, value in vars(self).items() if key != "measures"}
        return own | {"reasons": list(self.reasons)} | dict(self.measures)

    def write(self, path: PathLike) -> None:
        files.write_json(self.to_json(), path)


def read_all(paths: Iterable[PathLike], groups: Iterable[PathLike] = ()) -> list[PreparedRecord]:
    """The records of several files; `groups` are files with those of several studies each.

    What was measured of a study alone and in its group is one record.
    """
    records = {record.study_id: record for record in map(PreparedRecord.read, paths)}
    for path in groups:
        for data in json.loads(Path(path).read_text(encoding="utf-8"))["studies"]:
            more = PreparedRecord.from_json(data)
            own = records[more.study_id]
            reasons = tuple(dict.fromkeys([*own.reasons, *more.reasons]))
            measures = {**own.measures, **more.measures}
            records[more.study_id] = replace(own, reasons=reasons, measures=measures)
    return list(records.values())


def write_all(records: Iterable[PreparedRecord], path: PathLike) -> None:
    """The records of a group in one JSON."""
    files.write_json({"studies": [record.to_json() for record in records]}, path)
