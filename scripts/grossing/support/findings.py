"""Faults of a user's files: the place, the value and the remedy of each."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from grossing.support.errors import UserError

Severity = Literal["error", "warning"]
OF_A_KIND_MAX = 10


@dataclass(frozen=True)
class Finding:
    """One fault of a file.

    `line` is 0 and `column` empty where the fault is not in one line or column; `column` is the
    name of a column of a sheet, or the number of a character in a configuration file.
    """

    file: str
    line: int
    column: str
    value: str
    remedy: str
    severity: Severity = "error"

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}{line}{column}: {self.value}: {self.remedy}"


def text(findings: Iterable[Finding]) -> str:
    """A line per finding, errors first; at most `OF_A_KIND_MAX` of one column and remedy."""
    lines, shown = [], Counter[tuple[str, str, str]]()
    ordered = sorted(findings, key=lambda finding: finding.severity)
    for finding in ordered:
        kind = (finding.file, finding.column, finding.remedy)
        shown[kind] += 1
        if shown[kind] <= OF_A_KIND_MAX:
            prefix = "warning: " if finding.severity == "warning" else ""
            lines.append(f"{prefix}{finding}")
    for (file, column, remedy), count in shown.items():
        if count > OF_A_KIND_MAX:
            place = f"{file}, column {column}" if column else file
            lines.append(f"{place}: {count - OF_A_KIND_MAX} more of this kind: {remedy}")
    return "\n".join(lines)


def refuse(findings: Iterable[Finding]) -> None:
    """Stop where one of the findings is an error.

    Raises
    ------
    UserError : with all findings, warnings too.
    """
    listed = list(findings)
    if any(finding.severity == "error" for finding in listed):
        raise UserError(text(listed))
