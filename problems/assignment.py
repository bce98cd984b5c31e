"""Generalized assignment: every job to one agent within the agents' capacities, at least cost.

    min Σ_ij c_ij x_ij   s.t.  Σ_i x_ij = 1 for every job j,   Σ_j w_ij x_ij ≤ C_i,  x binary

    relax jobs       the assignment rows (coupling row ``assign``): what is left is one 0/1 knapsack an
                     agent, and the dual bound is in general above that of the linear relaxation
    relax capacity   the capacities instead (``assignment_capacity``): exactly that of the linear one

Reference    Geoffrion, Math. Program. Study 2 (1974) 82–114: the integrality property
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method
from lagrange.oracles.knapsack import Knapsack
from lagrange.problem import Feasible, Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.state import Solver, Start
from lagrange.stopping import GapBelow, NoneAbove, Stalled
from problems.assignment_capacity import build_capacity
from problems.assignment_capacity_exact import ExactCapacity
from problems.assignment_data import AssignmentData, generate, read_orlib
from problems.assignment_exact import ExactAssignment
from problems.assignment_methods import dual_methods
from problems.assignment_repair import repair, total_cost
from problems.assignment_start import require_start, start_of
from problems.assignment_start import starting_prices as starting_prices
from problems.compiling import by_a_small_run
from problems.options import require_unused


def assignment(
    *,
    instance: str | None = None,
    sense: str = "min",
    relax: str = "jobs",
    start: str | None = None,
    kind: str | None = None,
    agents: int | None = None,
    jobs: int | None = None,
    seed: int | None = None,
) -> Instance:
    """Generalized assignment from an OR-Library file, or a generated instance of type A–E.

    instance : path of a file in OR-Library format; without it one is generated
    sense    : min or max
    relax    : jobs or capacity, the rows with multipliers
    start    : of the jobs' multipliers: capacity, lp, costs or zero; capacity unless given
    kind     : A, B, C, D or E, the type to generate; D unless given
    agents   : how many agents to generate; 5 unless given
    jobs     : how many jobs to generate; 40 unless given
    seed     : of the generator; 0 unless given
    """
    if sense not in ("min", "max"):
        raise ValueError(f"sense must be min or max, got {sense!r}")
    if relax not in ("jobs", "capacity"):
        raise ValueError(f"relax must be jobs or capacity, got {relax!r}")
    require_start(start, relax)
    given = {"kind": kind, "agents": agents, "jobs": jobs, "seed": seed}
    data, name, source = _data(instance, given)
    _require_room(data)
    minimized = data if sense == "min" else replace(data, cost=-data.cost)
    problem, exact = build(minimized), ExactAssignment(minimized)
    if relax == "capacity":
        problem, exact = _capacity_relaxed(minimized), ExactCapacity(minimized)
    estimate = float(minimized.dearest)

    def begin() -> Start | None:
        return None if relax == "capacity" else start_of(minimized, start or "capacity")

    def bundle(steps: int | None) -> Method:
        if relax == "capacity":
            return Method(problem, LevelBundle(), steps or 500)
        # recovery looks for points when it is its turn, not at every step
        quiet = replace(problem, recover=lambda responses: None)
        return Method(quiet, _recovering(minimized), steps or 10_000, begin())

    return Instance(
        name=name,
        source=source,
        methods={
            **dual_methods(problem, begin, estimate, binary=relax == "jobs"),
            "bundle": bundle,
        },
        stop=GapBelow(0) | NoneAbove(estimate) | Stalled(),
        seconds=15.0,
        prepare=_prepare(relax),
        sense=sense,
        exact=exact,
        point_arrays=lambda point: {"agent": point},
        archive={"instance.txt": data.to_text()},
        rebuild={"instance": "instance.txt", "sense": sense, "relax": relax},
    )


GENERATED: dict[str, Any] = {"kind": "D", "agents": 5, "jobs": 40, "seed": 0}


def _data(instance: str | None, given: Mapping[str, Any]) -> tuple[AssignmentData, str, str]:
    """The numbers, their name and where they are from."""
    if instance is not None:
        require_unused("an instance file", given)
        return read_orlib(Path(instance)), Path(instance).name, "OR-Library format"
    size = GENERATED | {name: value for name, value in given.items() if value is not None}
    name = "{kind}-{agents}x{jobs}-{seed}".format_map(size)
    return generate(**size), name, "generated, type {kind}, seed {seed}".format_map(size)


def build(data: AssignmentData) -> Problem[None]:
    """The problem with its assignment rows relaxed."""
    m, n = data.cost.shape

    def recover(responses: Sequence[Response]) -> Feasible | None:
        agent = repair(data, np.stack([r.image["assign"] for r in responses]))
        return None if agent is None else Feasible(agent, float(total_cost(data, agent)))

    blocks = tuple(
        Knapsack(data.cost[i], data.weight[i], int(data.capacity[i]), "assign") for i in range(m)
    )
    return Problem(blocks, {"assign": np.ones(n)}, recover=recover, integral=True)


def _capacity_relaxed(data: AssignmentData) -> Problem[None]:
    """The problem with its capacity rows relaxed, and the same repair."""
    agents = np.arange(len(data.capacity))[:, None]

    def recover(responses: Sequence[Response]) -> Feasible | None:
        agent = repair(data, responses[0].point == agents)
        return None if agent is None else Feasible(agent, float(total_cost(data, agent)))

    return replace(build_capacity(data), recover=recover)


def _recovering(data: AssignmentData) -> Solver[None]:
    try:
        from problems.assignment_recovery import recovering_bundle  # HiGHS is an extra
    except ModuleNotFoundError as error:
        raise ValueError(
            f"solver bundle needs {error.name}: pip install 'lagrange[milp]', or use another solver"
        ) from None
    return recovering_bundle(data)


def _prepare(relax: str) -> Callable[[str], None]:
    """The dual method, and of the bundle what its recovery runs compiled."""
    dual = by_a_small_run(lambda: assignment(relax=relax, kind="C", agents=3, jobs=12, seed=1))

    def prepare(solver: str) -> None:
        dual(solver)
        if solver == "bundle" and relax == "jobs":
            from problems.assignment_recovery import compile_loops  # HiGHS is an extra

            compile_loops()

    return prepare


def _require_room(data: AssignmentData) -> None:
    """Refuses an instance without a feasible point where one job alone shows it."""
    fits = (data.weight <= data.capacity[:, None]).any(axis=0)
    if not fits.all():
        j = int(fits.argmin())
        raise ValueError(
            f"job {j} fits no agent: it weighs {data.weight[:, j].tolist()}, the capacities are "
            f"{data.capacity.tolist()}"
        )
