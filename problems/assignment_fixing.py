"""Variable fixing from a Lagrangian bound, in whole numbers.

For multipliers λ of the assignment rows, q(λ) = Σ_i z_i − Σ_j λ_j with z_i the value of agent i's
knapsack. With x_ij forced to v it becomes q(λ) − z_i + z_i(x_ij = v), still a bound on every point with
that entry. If it exceeds ``target``, no point of cost ≤ target has x_ij = v.

λ is rounded to multiples of 2^-20, which are multipliers as good as any; then all is whole: no rounding
and no tolerance. The n forced values of a knapsack cost two dynamic programs, one over the items before
and one over those behind.
"""

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from problems.assignment_data import AssignmentData, IntArray

UNIT = 20  # bits behind the binary point
SUMS = 2**59  # what costs and multipliers may add up to
LARGEST = 2**61

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Fixed(NamedTuple):
    """bound: q(λ) exactly;  zero, one (m, n): x_ij = 0, = 1 in *every* point of cost ≤ target. Where
    both hold there is no such point.
    """

    bound: Fraction
    zero: BoolArray
    one: BoolArray

    @property
    def free(self) -> BoolArray:
        return ~(self.zero | self.one)


def fixed(
    data: AssignmentData, multipliers: Any, target: int, allowed: BoolArray | None = None
) -> Fixed:
    """multipliers (n,), finite. ``allowed`` (m, n): pairs not yet excluded for this target."""
    allowed = np.ones(data.cost.shape, dtype=np.bool_) if allowed is None else allowed
    whole = in_units(data, multipliers)
    cost = (data.cost << UNIT) + whole
    values = [
        forced(cost[i], data.weight[i], int(data.capacity[i]), allowed[i])
        for i in range(len(data.capacity))
    ]
    bound = sum(value.least for value in values) - int(whole.sum())
    slack = (target << UNIT) - bound  # by how much a forced value may exceed the free one
    least = np.array([[value.least] for value in values])
    without, with_it = (
        np.array([getattr(value, name) for value in values]) for name in ("without", "with_it")
    )
    return Fixed(Fraction(bound, 2**UNIT), with_it - least > slack, without - least > slack)


def in_units(data: AssignmentData, multipliers: Any) -> IntArray:
    """The multipliers (n,) as whole numbers of units, such that no sum of a dual value overflows."""
    largest = largest_sum(data, multipliers)
    if not largest < SUMS:
        raise ValueError(
            f"costs and multipliers add up to {largest:.3g} units of 2^-{UNIT}, they must stay below "
            f"2^59: divide the costs by a common factor"
        )
    return np.rint(np.ldexp(np.asarray(multipliers, dtype=np.float64), UNIT)).astype(np.int64)


def largest_sum(data: AssignmentData, multipliers: Any) -> float:
    """What no sum of a dual value exceeds, in units."""
    prices = np.ldexp(np.asarray(multipliers, dtype=np.float64), UNIT)
    each = float(np.abs(data.cost).max()) * 2.0**UNIT + np.abs(prices).max() + 1.0
    return float(each * (data.cost.size + prices.size))


class Forced(NamedTuple):
    """A knapsack's least cost, and (n,) with each item left out, and taken; LARGEST: impossible."""

    least: int
    without: IntArray
    with_it: IntArray


def forced(cost: IntArray, weight: IntArray, capacity: int, allowed: BoolArray) -> Forced:
    """min ⟨cost, x⟩, ⟨weight, x⟩ ≤ capacity, x_j = 0 where not allowed; whole numbers, sums < 2^61."""
    fits = allowed & (weight <= capacity)
    items = np.flatnonzero(fits & (cost < 0))  # others are taken only if they must be
    before = _tables(cost[items], weight[items], capacity)
    behind = _tables(cost[items][::-1], weight[items][::-1], capacity)[::-1]
    everything = before[-1]
    without = np.full(cost.size, int(everything[capacity]))
    with_it = np.full(cost.size, LARGEST)
    others = np.flatnonzero(fits & (cost >= 0))
    with_it[others] = cost[others] + everything[capacity - weight[others]]
    for t, j in enumerate(items.tolist()):
        # behind[t + 1]: the items after t. They share the capacity with those before in all ways
        first, second, room = before[t], behind[t + 1], capacity - int(weight[j])
        without[j] = (first + second[::-1]).min()
        with_it[j] = cost[j] + (first[: room + 1] + second[room::-1]).min()
    return Forced(int(everything[capacity]), without, with_it)


def _tables(cost: IntArray, weight: IntArray, capacity: int) -> IntArray:
    """[t, c]: the least cost within c of the first t items."""
    tables = np.zeros((cost.size + 1, capacity + 1), dtype=np.int64)
    for t, (p, w) in enumerate(zip(cost.tolist(), weight.tolist(), strict=True)):
        tables[t + 1] = tables[t]
        np.minimum(tables[t, w:], tables[t, : capacity + 1 - w] + p, out=tables[t + 1, w:])
    return tables


def rounded_up(bound: Fraction) -> int:
    """The least objective that the bound allows: objectives are whole numbers."""
    return math.ceil(bound)
