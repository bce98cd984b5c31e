"""Unit commitment: which thermal units run in which hour, and at what output.

    min Σ_it (running_i + fuel_i p_it) u_it + starting_i · (starts of i)
    s.t. Σ_i p_it = demand_t,   Σ_i most_i u_it ≥ demand_t + reserve_t,
         least_i u_it ≤ p_it ≤ most_i u_it,  minimum up and down times,  u binary; no ramps

Demand (an equation) and reserve (a ≤ row) are relaxed; what is left is a schedule for each unit
(``unit_commitment_schedule``). The best bound is the optimum over conv X_1 × … × conv X_N. Starts,
stops and minimum times of a unit have an integral linear description [1], and without ramps the
output keeps it: this is the bound of the linear relaxation of *that* description, without a large
linear program. Data are whole, so the cheapest dispatch is, and bounds are rounded up.

Reference    [1] Rajan, Takriti, Minimum up/down polytopes of the unit commitment problem with start-up
             costs, IBM Research Report RC23628 (2005)
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method
from lagrange.problem import Feasible, Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.state import Start
from lagrange.step_sizes import Polyak, SurrogateContraction
from lagrange.stopping import GapBelow, Stalled
from problems.compiling import by_a_small_run
from problems.options import require_unused
from problems.orlib import IntArray
from problems.unit_commitment_data import UnitData, generate, read
from problems.unit_commitment_exact import ExactUnitCommitment
from problems.unit_commitment_repair import Plan, repair, total_cost
from problems.unit_commitment_schedule import UnitSchedule


def unit_commitment(
    *,
    instance: str | None = None,
    units: int | None = None,
    hours: int | None = None,
    seed: int | None = None,
) -> Instance:
    """Unit commitment from a file, or a generated instance.

    instance : path of a file of whole numbers: units hours; for each unit least, most, running, fuel,
               starting, up, down, before; the demands; the reserves. Without it one is generated
    units    : how many to generate; 10 unless given
    hours    : how many to generate; 24 unless given
    seed     : of the generator; 0 unless given
    """
    if instance is None:
        units, hours = 10 if units is None else units, 24 if hours is None else hours
        seed = seed or 0
        data = generate(units, hours, seed)
        name, source = f"{units}x{hours}-{seed}", f"generated, seed {seed}"
    else:
        given = {"units": units, "hours": hours, "seed": seed}
        require_unused("an instance file", given)
        data = read(Path(instance))
        name, source = Path(instance).name, "a file"
    _require_enough(data)
    problem = build(data)
    start = Start(starting_prices(data))
    estimate = _dearest(data)

    def bundle(steps: int | None) -> Method:
        return Method(problem, LevelBundle(), steps or 300, start)

    def subgradient(steps: int | None) -> Method:
        rule = Polyak(patience=20, estimate=estimate)
        return Method(problem, Subgradient(rule), steps or 2000, start)

    def surrogate(steps: int | None) -> Method:
        blocks = len(problem.blocks)
        steps = steps or 300 * blocks  # a step asks one unit
        rule = SurrogateContraction.for_horizon(max(100, steps), estimate=estimate)
        return Method(problem, SurrogateLagrangian(rule, sweep_every=10 * blocks), steps, start)

    return Instance(
        name=name,
        source=source,
        methods={"bundle": bundle, "subgradient": subgradient, "surrogate": surrogate},
        stop=GapBelow(0) | Stalled(),
        prepare=by_a_small_run(lambda: unit_commitment(units=3, hours=4)),
        seconds=15.0,
        exact=ExactUnitCommitment(data),
        point_arrays=as_arrays,
        archive={"instance.txt": data.to_text()},
        rebuild={"instance": "instance.txt"},
    )


def as_arrays(plan: Plan) -> Mapping[str, IntArray]:
    """Unit by unit, hour by hour."""
    return {"on": plan.on.astype(np.int64).ravel(), "output": plan.output.ravel()}


def build(data: UnitData) -> Problem[None]:
    """A block for each unit; rows ``demand`` (T,) and ``reserve`` (T,)."""

    def recover(responses: Sequence[Response]) -> Feasible | None:
        plan = repair(data, np.stack([r.point for r in responses]))
        return None if plan is None else Feasible(plan, float(total_cost(data, plan)))

    need = data.demand + data.reserve
    return Problem(
        tuple(UnitSchedule(unit, data.demand.size) for unit in data.units),
        {"demand": data.demand.astype(np.float64), "reserve": -need.astype(np.float64)},
        frozenset({"reserve"}),
        recover=recover,
        integral=True,
    )


def starting_prices(data: UnitData) -> dict[str, np.ndarray]:
    """λ_t = −(full-load cost of the unit that is last in the order of merit); μ = 0."""
    order = sorted(data.units, key=lambda u: u.fuel + u.running / u.most)
    reached = np.cumsum([u.most for u in order])
    last = np.minimum(np.searchsorted(reached, data.demand), len(order) - 1)
    merit = np.array([u.fuel + u.running / u.most for u in order])
    return {"demand": -merit[last], "reserve": np.zeros(data.demand.size)}


def _dearest(data: UnitData) -> float:
    """No plan costs more."""
    hourly = sum(abs(u.running) + abs(u.fuel) * u.most + u.starting for u in data.units)
    return float(hourly * data.demand.size)


def _require_enough(data: UnitData) -> None:
    """Refuses an instance without a feasible plan where one hour alone shows it."""
    for t, (demand, reserve) in enumerate(zip(data.demand, data.reserve, strict=True)):
        can = [u for u in data.units if u.before > 0 or t >= u.bound_hours]
        must = [u for u in data.units if u.before > 0 and t < u.bound_hours]
        most, least = sum(u.most for u in can), sum(u.least for u in must)
        if most < demand + reserve:
            raise ValueError(
                f"hour {t}: all units that can be on give {most}, demand and reserve are "
                f"{demand + reserve}"
            )
        if least > demand:
            raise ValueError(f"hour {t}: units that must be on give {least}, demand is {demand}")
