"""Capacitated facility location: which sites open, and who is served from where; demand may be split.

    min Σ_i f_i y_i + Σ_ij c_ij x_ij   s.t.  Σ_i x_ij = 1 for every customer j,
        Σ_j d_j x_ij ≤ u_i y_i,  0 ≤ x_ij ≤ y_i for every site i,  y binary

Two relaxations. Each leaves blocks with the integrality property, so that its best bound is that of a
linear relaxation: ``demand`` (row ``serve``) gives that of the formulation above, the strong one;
``capacity`` (row ``capacity``) that of the formulation without x_ij ≤ y_i, which is weaker.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method
from lagrange.oracles.facility import Facility
from lagrange.oracles.selection import Selected
from lagrange.problem import Feasible, Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.solvers.volume import Volume
from lagrange.state import Solver, Start
from lagrange.step_sizes import Polyak, SurrogateContraction
from lagrange.stopping import GapBelow, Stalled
from problems.compiling import by_a_small_run
from problems.location_capacity import ROW, Customers, openings
from problems.location_data import FloatArray, LocationData, generate_location, read_location
from problems.location_exact import ExactLocation
from problems.location_repair import repaired
from problems.location_transport import Served, Transport
from problems.options import require_unused

RELAXATIONS = ("demand", "capacity")


def location(
    *,
    instance: str | None = None,
    capacity: float | None = None,
    relax: str = "demand",
    sites: int | None = None,
    customers: int | None = None,
    ratio: float | None = None,
    seed: int | None = None,
) -> Instance:
    """Capacitated facility location from an OR-Library file (cap…), or a generated instance.

    instance  : path of a file in OR-Library format; without it one is generated
    capacity  : of every site, for files that leave it open (capa, capb, capc)
    relax     : demand (the strong bound) or capacity (the weak one)
    sites     : how many to generate; 10 unless given
    customers : how many to generate; 30 unless given
    ratio     : of total capacity to total demand, ≥ 1; 3 unless given
    seed      : of the generator; 0 unless given
    """
    if relax not in RELAXATIONS:
        raise ValueError(f"relax must be demand or capacity, got {relax!r}")
    generated = {"sites": sites, "customers": customers, "ratio": ratio, "seed": seed}
    if instance is None:
        require_unused("a generated instance", {"capacity": capacity})
        sites, customers = (d if k is None else k for k, d in ((sites, 10), (customers, 30)))
        ratio, seed = 3.0 if ratio is None else ratio, seed or 0
        data = generate_location(sites, customers, ratio, seed)
        name, source = f"{sites}x{customers}-{ratio:g}-{seed}", f"generated, seed {seed}"
    else:
        require_unused("an instance file", generated)
        data = read_location(Path(instance), capacity)
        name, source = Path(instance).stem, "OR-Library format"
    if relax == "demand":
        problem, start = build(data), Start({"serve": starting_prices(data)})
    else:
        problem, start = build_weak(data), Start({ROW: np.zeros(data.capacity.size)})
    return Instance(
        name=name if relax == "demand" else f"{name}-{relax}",
        source=source,
        methods=_methods(problem, start, dearest(data)),
        stop=GapBelow(1e-9) | Stalled(),  # costs are no whole numbers: a gap of 0 is luck
        prepare=by_a_small_run(lambda: location(relax=relax, sites=3, customers=5)),
        seconds=15.0,
        exact=ExactLocation(data, relax),
        point_arrays=lambda flow: {"flow": flow.ravel()},
        archive={"instance.txt": data.to_text()},
        rebuild={"instance": "instance.txt", "relax": relax},
    )


def _methods(
    problem: Problem[None], start: Start, estimate: float
) -> dict[str, Callable[[int | None], Method]]:
    polyak = Polyak(patience=20, estimate=estimate)
    blocks = len(problem.blocks)

    def method(solver: Solver[None], steps: int) -> Method:
        return Method(problem, solver, steps, start)

    def surrogate(steps: int | None) -> Method:
        steps = steps or 500 * blocks  # a step asks one block
        rule = SurrogateContraction.for_horizon(max(100, steps), estimate=estimate)
        return method(SurrogateLagrangian(rule, sweep_every=10 * blocks), steps)

    return {
        "bundle": lambda steps: method(LevelBundle(tolerance=1e-6), steps or 5000),
        "volume": lambda steps: method(Volume(polyak), steps or 5000),
        "subgradient": lambda steps: method(Subgradient(polyak), steps or 5000),
        "surrogate": surrogate,
    }


def build(data: LocationData) -> Problem[None]:
    """The problem with its demand rows relaxed: the strong bound."""
    sites = _facilities(data)
    transport = Transport(data, sites)

    def recover(responses: Sequence[Response]) -> Feasible | None:
        plans = [response.point for response in responses]
        is_open = np.array([plan.is_open for plan in plans])
        return _feasible(repaired(transport, is_open, np.array([plan.worth for plan in plans])))

    return Problem(sites, {"serve": np.ones(data.demand.size)}, recover=recover)


def _facilities(data: LocationData) -> tuple[Facility, ...]:
    demand = data.demand / data.grain
    return tuple(
        Facility(cost, demand, float(room), float(opening), "serve")
        for cost, room, opening in zip(
            data.service_cost, data.capacity / data.grain, data.opening_cost, strict=True
        )
    )


def _feasible(found: Served | None) -> Feasible | None:
    return None if found is None else Feasible(found.flow, found.cost)


def build_weak(data: LocationData) -> Problem[None]:
    """The problem with its capacity rows relaxed: the weak bound."""
    transport = Transport(data, _facilities(data))
    room, demand = data.capacity / data.grain, data.demand / data.grain
    blocks = (Customers(data.service_cost, demand), openings(data.opening_cost, room))

    def recover(responses: Sequence[Response]) -> Feasible | None:
        opened: Selected = responses[1].point
        return _feasible(repaired(transport, opened.chosen, opened.reduced_cost))

    return Problem(blocks, {ROW: np.zeros(room.size)}, frozenset({ROW}), recover=recover)


def starting_prices(data: LocationData) -> FloatArray:
    """λ_j = −(second cheapest cost of customer j): about one site wants each customer. (n,)"""
    cheapest = np.sort(data.service_cost, axis=0)
    return -cheapest[min(1, len(cheapest) - 1)]


def dearest(data: LocationData) -> float:
    """What no feasible point of least cost exceeds: all sites, and everybody served from the worst."""
    return float(np.maximum(data.opening_cost, 0.0).sum() + data.service_cost.max(axis=0).sum())
