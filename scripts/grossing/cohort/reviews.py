"""Verdicts of people on slides, which override those of the thresholds.

A review is about the content that was looked at. One without a `content_hash` is about the content
that was measured when the review was first read, which the head of a run writes down at its start,
together with all reviews: the jobs of the run read this copy.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from grossing.cohort import decide, values
from grossing.cohort import sheet as sheets
from grossing.cohort.decide import Verdict
from grossing.support import files, findings
from grossing.support.errors import CohortError, UserError
from grossing.support.findings import Finding
from grossing.support.types import PathLike

DEFAULT = "config/reviews.csv"  # may be absent
COLUMNS = ("slide_id", "decision", "reviewer", "date", "note", "content_hash")


@dataclass(frozen=True)
class Review:
    """What a person decided; `content_hash` is None before the slide is measured."""

    decision: str
    reviewer: str
    date: str
    note: str = ""
    content_hash: str | None = None

    def is_of(self, content_hash: str | None) -> bool:
        """Whether a slide still has the content that was looked at."""
        return self.content_hash in (None, content_hash)


@dataclass(frozen=True)
class Reviews:
    """Reviews by slide_id, and the digest of the file's rows, which triggers reruns."""

    of: Mapping[str, Review]
    digest: str

    @classmethod
    def planned(
        cls,
        given: Mapping[str, Review],
        before: PathLike,
        measured: Callable[[str], str | None],
    ) -> Self:
        """The reviews of a run that starts.

        Parameters
        ----------
        given : the rows of the file
        before : what an earlier run wrote (`write`); need not exist
        measured : the content hash of a slide that was measured before, else None
        """
        earlier = cls.read(before).of if os.path.exists(before) else {}
        bound = {}
        for slide_id, review in given.items():
            if review.content_hash is None:
                same = earlier.get(slide_id)
                if same and replace(same, content_hash=None) == review:
                    review = same
                if review.content_hash is None:
                    review = replace(review, content_hash=measured(slide_id))
            bound[slide_id] = review
        text = json.dumps({slide_id: asdict(review) for slide_id, review in given.items()})
        return cls(bound, hashlib.sha256(text.encode()).hexdigest())

    def applied(self, slide_id: str, content_hash: str | None, verdict: Verdict) -> Verdict:
        """The verdict of a slide after its review, if it has one.

        Parameters
        ----------
        content_hash : of the slide as it was measured
        """
        review = self.of.get(slide_id)
        if review is None:
            return verdict
        outdated = not review.is_of(content_hash)
        return decide.reviewed(verdict, review.decision, outdated=outdated)

    def write(self, path: PathLike) -> None:
        """Write the reviews for the jobs of a run and for the runs after it."""
        rows = {slide_id: asdict(review) for slide_id, review in self.of.items()}
        files.write_json({"digest": self.digest, "reviews": rows}, path)

    @classmethod
    def read(cls, path: PathLike, expected: str | None = None) -> Self:
        """The reviews that a run was planned with.

        Raises
        ------
        CohortError : the digest is not the expected one: a second run was started meanwhile.
        """
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        if expected not in (None, data["digest"]):
            raise CohortError(
                "the reviews changed during the run: run the same command again; finished work is "
                "kept"
            )
        return cls({key: Review(**row) for key, row in data["reviews"].items()}, data["digest"])


def read(path: str, schema_path: PathLike, slide_ids: Collection[str]) -> dict[str, Review]:
    """The rows of a file of reviews; none where the shipped path does not exist.

    Parameters
    ----------
    path : CSV, UTF-8, comma-separated, with a header
    schema_path : schema of a row
    slide_ids : of the cohort sheet

    Raises
    ------
    UserError : with file, line, column, value and remedy of all that is wrong.
    """
    if not os.path.exists(path):
        if path == DEFAULT:
            return {}
        remedy = "correct `reviews`; it is relative to the working directory"
        raise UserError(f"{path}: no such file of reviews: {remedy}")
    lines = list(sheets.records(path))
    sheets.refuse_other_separators(path, lines[0][1] if lines else [])
    header = [values.cleaned(name) for name in lines[0][1]] if lines else []
    findings.refuse(_faults_of_header(path, header))
    check = sheets.check_of_rows(schema_path)
    reviews: dict[str, Review] = {}
    faults: list[Finding] = []
    for line, raw in lines[1:]:
        if len(raw) != len(header):
            value = f"{len(raw)} values for {len(header)} columns"
            remedy = "quote values that hold a comma, and give each row one value per column"
            faults.append(Finding(path, line, "", value, remedy))
            continue
        cells = zip(header, raw, strict=True)
        row = {name: values.unguarded(values.cleaned(text)) for name, text in cells}
        slide_id = row["slide_id"]
        faults += [Finding(path, line, *fault) for fault in check(row)]
        if slide_id not in slide_ids:
            remedy = "give a slide_id of the cohort sheet, or delete the row"
            faults.append(Finding(path, line, "slide_id", repr(slide_id), remedy))
        elif slide_id in reviews:
            remedy = "keep the row that is valid"
            faults.append(Finding(path, line, "slide_id", f"{slide_id!r} again", remedy))
        row["content_hash"] = row.get("content_hash") or None  # type: ignore[assignment]
        reviews[slide_id] = Review(**{name: row[name] for name in header if name != "slide_id"})
    findings.refuse(faults)
    return reviews


def _faults_of_header(path: str, header: list[str]) -> Iterator[Finding]:
    known = f"the columns are {', '.join(COLUMNS)}"
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            yield Finding(path, 1, name, "unknown or repeated column", known)
    for name in COLUMNS[:4]:
        if name not in header:
            yield Finding(path, 1, name, "missing column", known)
