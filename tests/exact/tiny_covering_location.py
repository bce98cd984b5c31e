"""Tiny covering and location instances, and all that can be done in them, by enumeration."""

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from problems.covering_data import CoveringData
from problems.location_data import LocationData
from tests.exact.instances import whole

fractions = st.builds(Fraction, st.integers(-40, 40), st.sampled_from((1, 2, 3, 7, 2**80 + 1)))
positive = fractions.map(abs)


@st.composite
def coverings(draw) -> CoveringData:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    indices = st.sets(st.integers(0, columns - 1), min_size=1, max_size=columns)
    covers = tuple(np.array(sorted(draw(indices)), dtype=np.int64) for _ in range(rows))
    return CoveringData(draw(whole(0, 9, columns)), covers)


@st.composite
def locations(draw) -> LocationData:
    """At most three sites and customers, whose demand in grains is small enough to enumerate flows."""
    sites, customers = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    demand = draw(whole(1, 2, customers))
    capacity = draw(whole(0, 4, sites))
    capacity[0] += max(0, int(demand.sum() - capacity.sum()))
    unit, grain = draw(st.sampled_from((1, 10, 1000))), draw(st.sampled_from((1, 100)))
    return LocationData(
        draw(whole(-2, 9, sites)),
        draw(whole(0, 9, sites, customers)),
        capacity,
        demand,
        unit,
        grain,
    )


def covers_of(data):
    """Every subset of the columns, with whether it covers all rows."""
    for taken in itertools.product((0, 1), repeat=data.cost.size):
        yield np.array(taken), all(any(taken[j] for j in c) for c in data.covers)


def cheapest_cover(data):
    return min(int(data.cost @ taken) for taken, covers in covers_of(data) if covers)


def flows_of(data):
    """Every whole flow that meets demand and capacity."""
    m, ways = data.capacity.size, []
    for wanted in data.demand.tolist():
        parts = itertools.product(range(wanted + 1), repeat=m)
        ways.append([part for part in parts if sum(part) == wanted])
    for columns in itertools.product(*ways):
        flow = np.array(columns).T
        if (flow.sum(axis=1) <= data.capacity).all():
            yield flow


def flow_cost(data, flow) -> Fraction:
    total = Fraction(0)
    for i, row in enumerate(flow.tolist()):
        if any(row) or data.opening[i] < 0:
            total += int(data.opening[i])
        for j, amount in enumerate(row):
            total += Fraction(int(data.service[i, j]) * amount, int(data.demand[j]))
    return total / data.unit


def cheapest_flow(data) -> Fraction:
    """Some optimal flow is whole, as a vertex of the transportation problem of the open sites is."""
    return min(flow_cost(data, flow) for flow in flows_of(data))
