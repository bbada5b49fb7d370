"""Dividing units of slides into parts of wanted shares, each of the same composition.

The integer program counts units of one profile instead of deciding unit by unit, and looks for any
division within narrow windows instead of the best one: with a variable per unit and an objective,
5,000 patients are not divided in minutes.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulp

from grossing.cohort.integer_program import Solver

#: a column of the sheet and a value; the column `slides`, without a value, stands for all slides
Feature = tuple[str, str]
ALL: Feature = ("slides", "")
Profile = tuple[tuple[Feature, int], ...]
Counts = dict[tuple[Feature, str], int]


@dataclass(frozen=True)
class Unit:
    """Slides that stay together, and how many of them have each feature."""

    slide_ids: tuple[str, ...]
    profile: Profile

    @property
    def order(self) -> str:
        """Place among units of one profile: by chance, and the same on every machine."""
        return hashlib.sha256("\n".join(sorted(self.slide_ids)).encode()).hexdigest()


@dataclass(frozen=True)
class Miss:
    """A proportion that is not within the tolerance: slides in one part, and the wanted share."""

    feature: Feature
    part: str
    slides: int
    of: int
    wanted: float

    @property
    def difference(self) -> float:
        """Of the share from the wanted one."""
        return abs(self.slides / self.of - self.wanted)

    def text(self, nouns: str = "slides") -> str:
        """The proportion in words; `nouns` are what is divided."""
        column, value = self.feature
        name = f"{column} {value!r}" if value else f"all {nouns}"
        share = self.slides / self.of
        return (
            f"{name}: {self.slides} of {self.of} {nouns} in {self.part}, {share:.3f} instead "
            f"of {self.wanted:g}"
        )


class Infeasible(Exception):
    """No division within the tolerance; what the nearest one misses, and the tolerance it needs."""

    def __init__(self, misses: Sequence[Miss], tolerance: float) -> None:
        self.misses, self.tolerance = tuple(misses), tolerance
        super().__init__("; ".join(miss.text() for miss in misses))


def divide(units: Sequence[Unit], shares: Mapping[str, float], tolerance: float) -> dict[str, str]:
    """The part of every slide.

    Parameters
    ----------
    shares : part to wanted share of the slides; they sum to 1
    tolerance : largest difference between wanted share and share, of all slides and of those of
        each feature; never less than one slide

    Returns
    -------
    slide_id to part. The same for the same units in any order, on any machine.

    Raises
    ------
    Infeasible : none was found.
    """
    if not units:
        return {}
    problem = _Problem(units, shares)
    found = problem.within(tolerance)
    if not found:
        raise problem.infeasible(tolerance)
    return problem.parts_of_slides(found)


Widths = Mapping[Feature, float]
Found = dict[tuple[int, str], int]  # number of a profile, part -> units


@dataclass(frozen=True)
class _Program:
    """An integer program: units of each profile in each part, and the slides of each feature."""

    model: pulp.LpProblem
    units: dict[tuple[int, str], pulp.LpVariable]
    slides: dict[tuple[Feature, str], pulp.LpAffineExpression]

    def solved(self) -> Found | None:
        """The units of each profile in each part; None where no solution was found."""
        if not Solver.finds(self.model):
            return None
        return {key: round(variable.value()) for key, variable in self.units.items()}


class _Problem:
    """Units by profile, and what they are divided into."""

    def __init__(self, units: Sequence[Unit], shares: Mapping[str, float]) -> None:
        self.shares = dict(shares)
        self.units: dict[Profile, list[Unit]] = {}
        for unit in sorted(units, key=lambda unit: (unit.profile, unit.order)):
            self.units.setdefault(unit.profile, []).append(unit)
        self._profiles = list(self.units)
        self.totals: Counter[Feature] = Counter()
        for unit in units:
            self.totals.update(dict(unit.profile))

    def within(self, tolerance: float) -> Found | None:
        """A division within a tolerance, as narrow as there is one; None if none is found."""
        widest = self._widths(tolerance)
        width = 1.0
        while True:
            found = self._solve({feature: min(width, most) for feature, most in widest.items()})
            if found or width >= max(widest.values()):
                return found
            width *= 2

    def infeasible(self, tolerance: float) -> Infeasible:
        """What a division of the least tolerance that is enough, in hundredths, misses of this."""
        widths = self._widths(tolerance)
        low, high = math.floor(tolerance * 100 + 1e-9), 100
        while high - low > 1:
            middle = (low + high) // 2
            feasible = self._solve(self._widths(middle / 100))
            low, high = (low, middle) if feasible else (middle, high)
        found = self._least_excess(widths, self._widths(high / 100))
        misses = []
        for (feature, part), slides in self.counts(found).items():
            total, share = self.totals[feature], self.shares[part]
            if abs(slides - share * total) > widths[feature] + 1e-9:
                misses.append(Miss(feature, part, slides, total, share))
        return Infeasible(misses, high / 100)

    def _widths(self, tolerance: float) -> Widths:
        """Slides by which each feature's number in a part may differ from the wanted one."""
        return {feature: max(1.0, tolerance * n) for feature, n in self.totals.items()}

    def _solve(self, widths: Widths) -> Found | None:
        """A division whose numbers are within the widths; None if none is found."""
        if not all(self._window(f, p, w) for f, w in widths.items() for p in self.shares):
            return None
        program = self._program(widths)
        found = program.solved()
        return found if found and self._is_within(found, widths) else None

    def _least_excess(self, widths: Widths, widest: Widths) -> Found:
        """A division within the wider limits, of which little is beyond the narrower ones."""
        program = self._program(widest)
        excess = {f: program.model.add_variable(f"excess{i}", 0) for i, f in enumerate(self.totals)}
        program.model.setObjective(pulp.lpSum(excess.values()))
        for (feature, part), slides in program.slides.items():
            total, over = self.totals[feature], excess[feature]
            wanted = total * self.shares[part]
            program.model.addConstraint(slides - total * over <= wanted + widths[feature])
            program.model.addConstraint(slides + total * over >= wanted - widths[feature])
        found = program.solved()
        if not found:
            raise RuntimeError("HiGHS lost a division that it had found: please report this")
        return found

    def counts(self, found: Found) -> Counts:
        """Slides of each feature in each part."""
        counts = {(f, part): 0 for f in self.totals for part in self.shares}
        for (number, part), units in found.items():
            for feature, slides in self._profiles[number]:
                counts[feature, part] += slides * units
        return counts

    def parts_of_slides(self, found: Found) -> dict[str, str]:
        """The part of every slide: units of one profile by chance."""
        placed: dict[str, str] = {}
        for number, profile in enumerate(self._profiles):
            waiting = iter(self.units[profile])
            for part in self.shares:
                for _, unit in zip(range(found[number, part]), waiting, strict=False):
                    placed |= dict.fromkeys(unit.slide_ids, part)
        return placed

    def _window(self, feature: Feature, part: str, width: float) -> range:
        """The numbers of slides that are allowed."""
        wanted = self.shares[part] * self.totals[feature]
        low, high = math.ceil(wanted - width - 1e-9), math.floor(wanted + width + 1e-9)
        return range(max(0, low), high + 1)

    def _is_within(self, found: Found, widths: Widths) -> bool:
        counts = self.counts(found).items()
        return all(n in self._window(f, part, widths[f]) for (f, part), n in counts)

    def _program(self, widths: Widths) -> _Program:
        """The program whose numbers are within the widths."""
        model = pulp.LpProblem("splits", pulp.LpMinimize)
        units: dict[tuple[int, str], pulp.LpVariable] = {}
        terms: dict[tuple[Feature, str], list[tuple[pulp.LpVariable, int]]] = {}
        for number, (profile, alike) in enumerate(self.units.items()):
            of_profile = []
            for place, part in enumerate(self.shares):
                here = model.add_variable(f"x{number}_{place}", 0, len(alike), pulp.LpInteger)
                units[number, part] = here
                of_profile.append((here, 1))
                for feature, slides in profile:
                    terms.setdefault((feature, part), []).append((here, slides))
            model.addConstraint(pulp.LpAffineExpression(of_profile) == len(alike))
        slides_of = {key: pulp.LpAffineExpression(pairs) for key, pairs in terms.items()}
        for (feature, part), slides in slides_of.items():
            window = self._window(feature, part, widths[feature])
            model.addConstraint(slides >= window[0])
            model.addConstraint(slides <= window[-1])
        return _Program(model, units, slides_of)
