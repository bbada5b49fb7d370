"""A split and a fold for every slide that is used; what belongs to one patient stays together."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from grossing.cohort import patients, proportions
from grossing.cohort.patients import Row
from grossing.cohort.proportions import ALL, Feature, Infeasible, Miss, Unit
from grossing.columns import split_shares, splits
from grossing.support import tables
from grossing.support.errors import CohortError

LOGGER = logging.getLogger("grossing")
BALANCED = ("label", "site", "scanner")
LISTED_MAX = 3
FOLDED = "train"  # the split that is divided into folds


@dataclass(frozen=True)
class SplitOptions:
    """The config section `splits`.

    Attributes
    ----------
    strategy : what stays together, a `patient` or a `site` with all its patients
    tolerance : largest difference between a wanted share and a share
    folds : parts of the split `train`, 0 for none
    fractions : split to its share of the slides
    """

    strategy: str
    tolerance: float
    folds: int
    fractions: Mapping[str, float]

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "SplitOptions":
        """Of the section, without `enabled`."""
        return cls(**{key: value for key, value in section.items() if key != "enabled"})


@dataclass(frozen=True)
class Assigned:
    """slide_id to split, split source and fold; slides that are not used are in none."""

    split: Mapping[str, str]
    source: Mapping[str, str]
    fold: Mapping[str, str]


def assign(
    verdicts: pa.Table,
    duplicates: pa.Table,
    options: SplitOptions,
    *,
    linked: Sequence[Sequence[str]] = (),
    nouns: str = "slides",
) -> tuple[pa.Table, pa.Table]:
    """The tables `splits` and `split_shares`.

    Splits that the sheet gives are kept, also where they contradict each other; the other slides
    of that patient follow, or stay without a split where they contradict each other.

    Parameters
    ----------
    verdicts : `cohort_qc`
    duplicates : `duplicates`
    linked : ids of each further group that stays together
    nouns : what has the ids, in messages

    Raises
    ------
    CohortError : the wish cannot be fulfilled; names what is missed, and the nearest tolerance.
    """
    rows = patients.rows(verdicts)
    links = [*patients.sharing(rows, "case_id"), *patients.pairs(duplicates), *linked]
    if options.strategy == "site":
        links += patients.sharing(rows, "site")
    groups = patients.joined([row["slide_id"] for row in rows], links)
    by_id = {row["slide_id"]: row for row in rows}
    balanced = [c for c in BALANCED if (c, options.strategy) != ("site", "site")]
    division = _Division(by_id, groups, balanced, options, nouns)
    split, source = division.of_splits()
    assigned = Assigned(split, source, division.of_folds(split))
    shares = _shares(by_id, assigned, balanced, options)
    return _table(rows, assigned), tables.from_rows(list(shares), split_shares.SCHEMA)


@dataclass(frozen=True)
class _Division:
    """The slides of a cohort by id, in groups that stay together."""

    slides: Mapping[str, Row]
    groups: Sequence[Sequence[str]]
    balanced: Sequence[str]
    options: SplitOptions
    nouns: str = "slides"

    def of_splits(self) -> tuple[dict[str, str], dict[str, str]]:
        """Split and its source: given ones kept and followed, the others by the fractions."""
        split = {i: row["split"] for i, row in self.slides.items() if row["split"]}
        source = dict.fromkeys(split, "sheet")
        free: list[Unit] = []
        for group in self.groups:
            given = dict.fromkeys(split[i] for i in group if i in split)
            waiting = [i for i in group if i not in split and patients.is_used(self.slides[i])]
            if len(given) > 1 and waiting:
                LOGGER.warning(
                    "%s: no split, because %s of the same %s are in %s",
                    ", ".join(waiting),
                    self.nouns,
                    self.options.strategy,
                    ", ".join(given),
                )
            elif given:
                split |= dict.fromkeys(waiting, next(iter(given)))
                source |= dict.fromkeys(waiting, "patient")
            elif waiting:
                free.append(self._unit(waiting))
        fractions = {part: share for part, share in self.options.fractions.items() if share}
        divided = self._divided(free, fractions, "fractions")
        return split | divided, source | dict.fromkeys(divided, "assigned")

    def of_folds(self, split: Mapping[str, str]) -> dict[str, str]:
        """The slides of `train` in parts of one size."""
        if not self.options.folds:
            return {}
        used = {i: row for i, row in self.slides.items() if patients.is_used(row)}
        members = (
            [i for i in group if i in used and split.get(i) == FOLDED] for group in self.groups
        )
        count = self.options.folds
        shares = {str(number + 1): 1 / count for number in range(count)}
        return self._divided([self._unit(group) for group in members if group], shares, "folds")

    def _unit(self, slide_ids: Sequence[str]) -> Unit:
        counts = Counter(f for i in slide_ids for f in _features(self.slides[i], self.balanced))
        return Unit(tuple(slide_ids), tuple(sorted(counts.items())))

    def _divided(
        self, units: Sequence[Unit], shares: Mapping[str, float], key: str
    ) -> dict[str, str]:
        try:
            return proportions.divide(units, shares, self.options.tolerance)
        except Infeasible as error:
            raise CohortError(self._explained(error, len(units), key)) from None

    def _explained(self, error: Infeasible, units: int, key: str) -> str:
        """What cannot be fulfilled, and what could be; all that is missed goes to the log."""
        of_feature: dict[Feature, Miss] = {}
        for miss in sorted(error.misses, key=lambda miss: (-miss.difference, -miss.slides)):
            LOGGER.info("missed: %s", miss.text(self.nouns))
            of_feature.setdefault(miss.feature, miss)
        worst = [miss.text(self.nouns) for miss in of_feature.values()]
        more = [f"{len(worst) - LISTED_MAX} more"] if len(worst) > LISTED_MAX else []
        return (
            f"splits.{key}: no division of {units} {self.options.strategy}s (linked ones count as "
            f"one) was found within splits.tolerance {self.options.tolerance:g}; the nearest one "
            f"misses {'; '.join([*worst[:LISTED_MAX], *more])}. Set splits.tolerance: "
            f"{error.tolerance:.2f}, change splits.{key}, or join rare values in the sheet"
        )


def _features(row: Row, balanced: Sequence[str]) -> Iterator[Feature]:
    yield ALL
    yield from ((column, row[column]) for column in balanced if row[column])


def _table(rows: Sequence[Row], assigned: Assigned) -> pa.Table:
    """`splits`: one row per row of the sheet, in its order."""
    made = [
        {
            "slide_id": row["slide_id"],
            "case_id": row["case_id"],
            "qc_status": row["qc_status"],
            "split": assigned.split.get(row["slide_id"]),
            "split_source": assigned.source.get(row["slide_id"]),
            "fold": int(assigned.fold[row["slide_id"]])
            if row["slide_id"] in assigned.fold
            else None,
        }
        for row in rows
    ]
    return tables.from_rows(made, splits.SCHEMA)


def _shares(
    slides: Mapping[str, Row],
    assigned: Assigned,
    balanced: Sequence[str],
    options: SplitOptions,
) -> Iterator[Row]:
    """`split_shares`: how many slides of each value are in each split and fold."""
    used = {i: row for i, row in slides.items() if patients.is_used(row)}
    wanted = {part: share for part, share in options.fractions.items() if share}
    folds = {str(n + 1): 1 / options.folds for n in range(options.folds)}
    for kind, place, shares in (
        ("split", assigned.split, wanted),
        ("fold", assigned.fold, folds),
    ):
        here: dict[tuple[Feature, str], list[Row]] = {}
        totals: Counter[Feature] = Counter()
        for slide_id, row in used.items():
            if slide_id in place:
                for feature in _features(row, balanced):
                    here.setdefault((feature, place[slide_id]), []).append(row)
                    totals[feature] += 1
        parts = list(dict.fromkeys([*shares, *(part for _, part in here)]))
        for feature in sorted(totals, key=lambda f: (f != ALL, f)):
            for part in parts:
                found = here.get((feature, part), [])
                yield {
                    "part": kind,
                    "name": part,
                    "column": feature[0],
                    "value": feature[1] or None,
                    "slides": len(found),
                    "cases": len({row["case_id"] or row["slide_id"] for row in found}),
                    "share": len(found) / totals[feature],
                    "wanted": shares.get(part),
                }
