"""What preparing measured of one study, of any modality; its JSON is written last."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

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
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        kept = ("study_id", "modality", "prepared", "reasons")
        measures = {name: value for name, value in data.items() if name not in kept}
        reasons = tuple(data["reasons"])
        return cls(data["study_id"], data["modality"], data["prepared"], reasons, measures)

    def write(self, path: PathLike) -> None:
        """All fields on one level."""
        own = {key: value for key, value in vars(self).items() if key != "measures"}
        files.write_json(own | {"reasons": list(self.reasons)} | dict(self.measures), path)


def read_all(paths: Iterable[PathLike]) -> Iterable[PreparedRecord]:
    """The records of several files."""
    return map(PreparedRecord.read, paths)
