"""Covering and location on tiny instances: twins, records and repairs against brute force."""

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange import StepLimit, solve
from lagrange.certificates import Infeasible
from problems.covering import build as build_covering
from problems.covering import covering, starting_prices
from problems.covering_data import CoveringData, generate_covering
from problems.covering_exact import ExactCovering
from problems.covering_repair import completed, cover_from, shaken, thinned, total_cost
from problems.location import build, build_weak, dearest, location
from problems.location_data import LocationData, generate_location
from problems.location_exact import ExactLocation
from problems.location_repair import repaired
from problems.location_transport import Transport, exact_cost
from tests.exact.tiny_covering_location import (
    cheapest_cover,
    cheapest_flow,
    coverings,
    covers_of,
    flow_cost,
    flows_of,
    fractions,
    locations,
    positive,
)


@settings(max_examples=60)
@given(data=coverings(), prices=st.lists(positive, min_size=4, max_size=4))
def test_covering_dual_value(data, prices):
    prices = prices[: len(data.covers)]
    total = sum(prices)
    for j in range(data.cost.size):
        reduced = data.cost[j] - sum(
            p for p, c in zip(prices, data.covers, strict=True) if j in c.tolist()
        )
        total += min(Fraction(0), Fraction(reduced))
    twin = ExactCovering(data)
    assert twin.dual_value({"cover": prices}) == total <= cheapest_cover(data)
    assert twin.dual_value({"cover": [-Fraction(1, 3), *prices[1:]]}) is None


@settings(max_examples=60)
@given(data=coverings())
def test_covering_cost_and_feasibility(data):
    twin = ExactCovering(data)
    for taken, covers in covers_of(data):
        if covers:
            assert twin.cost({"taken": taken}) == int(data.cost @ taken)
        else:
            with pytest.raises(Infeasible, match="covers row"):
                twin.cost({"taken": taken})
    with pytest.raises(Infeasible, match="0 or 1"):
        twin.cost({"taken": np.full(data.cost.size, 2)})


@settings(max_examples=30)
@given(data=coverings())
def test_covers_are_covers_and_none_of_their_columns_is_idle(data):
    rng = np.random.default_rng(0)
    for price in (np.zeros(len(data.covers)), 5 * rng.random(len(data.covers))):
        chosen = rng.random(data.cost.size) < 0.3
        cover = completed(data, chosen, price)
        assert (cover >= chosen).all()
        for found in (thinned(data, cover), shaken(data, thinned(data, cover), price)):
            assert total_cost(data, found) <= total_cost(data, cover)
            ExactCovering(data).cost({"taken": found})
            for j in np.flatnonzero(found):
                without = found.copy()
                without[j] = False
                with pytest.raises(Infeasible):
                    ExactCovering(data).cost({"taken": without})


@pytest.mark.parametrize("solver", ("bundle", "volume", "subgradient"))
def test_every_record_of_covering_is_honest(solver):
    for seed in range(4):
        data = generate_covering(6, 10, 0.3, seed)
        best = cheapest_cover(data)
        method = covering(rows=6, columns=10, density=0.3, seed=seed).methods[solver](60)
        run = solve(method.problem, method.solver, stop=StepLimit(60))
        assert honest(run, best)
        assert run.upper_bound == best  # so small that the repairs cannot miss it
        assert max_of(run.trace.column("lower_bound")) % 1 == 0


@settings(max_examples=60)
@given(data=locations(), prices=st.lists(fractions, min_size=3, max_size=3))
def test_strong_dual_value(data, prices):
    """Σ_i min over all vertices of a site's plans: fill up the customers in every order."""
    prices = prices[: data.demand.size]
    total = -sum(prices)
    for i in range(data.capacity.size):
        least = Fraction(0)
        for order in itertools.permutations(range(data.demand.size)):
            value, room = Fraction(int(data.opening[i]), data.unit), int(data.capacity[i])
            least = min(least, value)
            for j in order:
                wanted = int(data.demand[j])
                share = Fraction(min(room, wanted), wanted)
                pays = Fraction(int(data.service[i, j]), data.unit) + prices[j]
                room -= min(room, wanted)
                value += min(pays, Fraction(0)) * share
                room += wanted * share if pays >= 0 else 0  # it is passed over
                least = min(least, value)
        total += least
    assert ExactLocation(data, "demand").dual_value({"serve": prices}) == total
    assert total <= cheapest_flow(data)


@settings(max_examples=60)
@given(data=locations(), prices=st.lists(positive, min_size=3, max_size=3))
def test_weak_dual_value(data, prices):
    prices = prices[: data.capacity.size]
    total = Fraction(0)
    for j, wanted in enumerate(data.demand.tolist()):
        goods = Fraction(wanted, data.grain)
        total += min(
            Fraction(int(c), data.unit) + p * goods
            for c, p in zip(data.service[:, j], prices, strict=True)
        )
    for f, u, p in zip(data.opening, data.capacity, prices, strict=True):
        total += min(Fraction(0), Fraction(int(f), data.unit) - p * Fraction(int(u), data.grain))
    twin = ExactLocation(data, "capacity")
    assert twin.dual_value({"capacity": prices}) == total <= cheapest_flow(data)
    assert twin.dual_value({"capacity": [-Fraction(1, 9), *prices[1:]]}) is None


@settings(max_examples=60)
@given(data=locations())
def test_location_cost_and_feasibility(data):
    twin = ExactLocation(data, "demand")
    feasible = {flow.tobytes() for flow in flows_of(data)}
    m, n = data.service.shape
    for entries in itertools.islice(itertools.product(range(3), repeat=m * n), 500):
        flow = np.array(entries).reshape(m, n)
        point = {"flow": flow.ravel()}
        if flow.tobytes() in feasible:
            assert twin.cost(point) == flow_cost(data, flow)
            assert twin.facts(point) == {"sites_open": int(flow.any(axis=1).sum())}
        else:
            with pytest.raises(Infeasible, match=r"gets|capacity"):
                twin.cost(point)
    for entry in (-1, 0.5):
        with pytest.raises(Infeasible, match="whole number"):
            twin.cost({"flow": np.full(m * n, entry)})


@settings(max_examples=25)
@given(data=locations())
def test_transport_is_optimal_for_its_sites_and_its_prices_prove_it(data):
    problem = build(data)
    transport = Transport(data, problem.blocks)
    flows = list(flows_of(data))
    for bits in itertools.product((False, True), repeat=data.capacity.size):
        is_open = np.array(bits)
        within = [f for f in flows if not f[~is_open].any()]
        served = transport.serve(is_open)
        assert (served is None) == (not within)
        if served is None:
            continue
        serving = min(flow_cost(only_service(data), f) for f in within)
        assert flow_cost(only_service(data), served.flow) == serving
        assert served.cost == pytest.approx(float(exact_opened(data, served.flow)), abs=1e-12)
        assert Fraction(served.cost) >= exact_opened(data, served.flow)
        # the prices prove the cost of these sites, and bound that of any others
        worth, base = transport.worth(served.price), -served.price.sum()
        scale = 1e-6 * (1 + abs(dearest(data)))
        opened = Fraction(sum(data.opening[is_open].tolist()), data.unit)
        assert base + worth[is_open].sum() == pytest.approx(float(serving + opened), abs=scale)
        assert transport.serve(is_open) is served


def test_a_site_that_pays_for_opening_is_open_though_it_sends_nothing():
    data = LocationData(*map(np.array, ([-3, 2], [[9], [1]], [1, 1], [1])))
    for flow, cost in ([[0], [1]], 0), ([[1], [0]], 6):
        point = np.array(flow)
        assert ExactLocation(data, "demand").cost({"flow": point.ravel()}) == cost
        assert exact_cost(data, point) == cost


def test_columns_are_chosen_by_what_they_cost_for_the_rows_still_uncovered():
    """Prices (4, 4, 1). First column 0: it costs 6 − 8 for two rows. Then row 2 is left, at price 1:
    column 1 costs 5 − 1 = 4 and column 2, 3 − 1 = 2; at the prices of all its rows column 1 cost less.
    """
    covers = (np.array([0, 1]), np.array([0]), np.array([1, 2]))
    data = CoveringData(np.array([6, 5, 3]), covers)
    none = np.zeros(3, dtype=bool)
    assert completed(data, none, np.array([4.0, 4.0, 1.0])).tolist() == [True, False, True]


def only_service(data):
    return replace(data, opening=np.zeros_like(data.opening))


def exact_opened(data, flow) -> Fraction:
    opened = data.opening[flow.any(axis=1) | (data.opening < 0)].tolist()
    return flow_cost(only_service(data), flow) + Fraction(sum(opened), data.unit)


@pytest.mark.parametrize("relax", ("demand", "capacity"))
@pytest.mark.parametrize("solver", ("bundle", "volume", "subgradient", "surrogate"))
def test_every_record_of_location_is_honest(relax, solver):
    for seed in range(2):
        data = generate_location(3, 3, 2.0, seed)
        data = replace(data, demand=np.minimum(data.demand, 2))
        best = cheapest_flow(data)
        problem = build(data) if relax == "demand" else build_weak(data)
        method = location(sites=3, customers=3, relax=relax).methods[solver](40)
        run = solve(problem, method.solver, stop=StepLimit(40))
        assert honest(run, best)
        assert run.upper_bound == pytest.approx(float(best), rel=1e-12)


def honest(run, best):
    """lower ≤ optimum ≤ upper wherever a bound was written."""
    lower, upper = (np.array(run.trace.column(n)) for n in ("lower_bound", "upper_bound"))
    assert np.isfinite(lower).any() and np.isfinite(upper).any()
    return max_of(lower) <= best <= min(upper[np.isfinite(upper)])


def max_of(column):
    column = np.array(column)
    return Fraction(max(column[np.isfinite(column)]))


def test_starting_prices_let_no_column_pay():
    data = generate_covering(12, 30, 0.2, 3)
    answer = build_covering(data).blocks[0].respond({"cover": starting_prices(data)}, None, None)
    assert not (answer.point.reduced_cost < -1e-12).any()
    assert (starting_prices(data) > 0).all()


def test_repairs_are_functions_of_the_answer():
    data = generate_covering(20, 60, 0.1, 5)
    block = build_covering(data).blocks[0]
    answer = block.respond({"cover": 1.3 * starting_prices(data)}, None, None).point
    first = cover_from(data, answer)
    assert first is not None and (cover_from(data, answer) == first).all()
    sites = generate_location(8, 20, 3.0, 1)
    worth = np.arange(8.0)
    costs = {
        repaired(Transport(sites, build(sites).blocks), np.zeros(8, dtype=bool), worth).cost
        for _ in range(2)
    }
    assert len(costs) == 1
