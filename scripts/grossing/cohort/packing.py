"""Slides packed into batches that take about equally long.

Longest-processing-time-first is within a third of the best, and near it for many small slides;
where it is not even, an integer program places the largest slides.
"""

from collections.abc import Mapping, Sequence

import pulp

from grossing.cohort.integer_program import Solver

#: an imbalance that is not worth a program, relative to the mean
EVEN = 1e-3
#: larger programs take minutes: 30 slides in 5 batches
BINARIES_MAX = 150


def pack(costs: Mapping[str, float], batches: int) -> dict[str, int]:
    """The batch of every slide, from 1.

    Parameters
    ----------
    costs : slide_id to seconds

    Returns
    -------
    slide_id to batch, in the order of `costs`. The same on every machine.
    """
    first = longest_first(costs, batches)
    best = max(sum(costs.values()) / batches, max(costs.values(), default=0))
    longest = max(loads(costs, first, batches), default=0)
    if longest <= best * (1 + EVEN):
        return first
    largest = sorted(costs, key=lambda i: (-costs[i], i))[: BINARIES_MAX // batches]
    placed = _program({i: costs[i] for i in largest}, batches)
    if placed is None:
        return first
    second = longest_first(costs, batches, placed)
    return second if max(loads(costs, second, batches)) < longest else first


def longest_first(
    costs: Mapping[str, float], batches: int, placed: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Each slide into the batch that is the shortest so far, the longest slides first.

    Parameters
    ----------
    placed : slides whose batch is given
    """
    batch_of = dict(placed or {})
    filled = loads(costs, batch_of, batches)
    for slide_id in sorted(costs, key=lambda i: (-costs[i], i)):
        if slide_id not in batch_of:
            shortest = min(range(batches), key=lambda b: (filled[b], b))
            batch_of[slide_id] = shortest + 1
            filled[shortest] += costs[slide_id]
    return {slide_id: batch_of[slide_id] for slide_id in costs}


def loads(costs: Mapping[str, float], batch_of: Mapping[str, int], batches: int) -> list[float]:
    """Seconds of each batch."""
    filled = [0.0] * batches
    for slide_id, batch in batch_of.items():
        filled[batch - 1] += costs[slide_id]
    return filled


def _program(costs: Mapping[str, float], batches: int) -> dict[str, int] | None:
    """The batches of a few slides, the longest as short as is found; None if none is."""
    model = pulp.LpProblem("batches", pulp.LpMinimize)
    longest = model.add_variable("longest", 0)
    model.setObjective(longest)
    here: dict[tuple[str, int], pulp.LpVariable] = {}
    for number, slide_id in enumerate(costs):
        # batches are alike: the first slide is in the first, the second in one of two, ...
        for batch in range(1, min(number + 1, batches) + 1):
            here[slide_id, batch] = model.add_variable(f"x{number}_{batch}", 0, 1, pulp.LpInteger)
    for slide_id in costs:
        model.addConstraint(_sum(here, slide_id, range(1, batches + 1)) == 1)
    for batch in range(1, batches + 1):
        load = pulp.LpAffineExpression(
            [(x, costs[slide_id]) for (slide_id, b), x in here.items() if b == batch]
        )
        model.addConstraint(load <= longest)
    if not Solver.finds(model):
        return None
    return {i: b for (i, b), variable in here.items() if round(variable.value())}


def _sum(
    here: Mapping[tuple[str, int], pulp.LpVariable], slide_id: str, batches: Sequence[int]
) -> pulp.LpAffineExpression:
    return pulp.LpAffineExpression(
        [(here[slide_id, batch], 1) for batch in batches if (slide_id, batch) in here]
    )
