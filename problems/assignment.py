"""Generalized assignment: every job to one agent within the agents' capacities, at least cost.

    min Σ_ij c_ij x_ij   s.t.  Σ_i x_ij = 1 for every job j,   Σ_j w_ij x_ij ≤ C_i,  x binary

The assignment rows are relaxed (coupling row ``assign``); what is left is one 0/1 knapsack an agent,
whose dual bound is in general above the linear relaxation (Geoffrion 1974).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method
from lagrange.oracles.knapsack import Knapsack
from lagrange.problem import Feasible, Problem
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.state import Start
from lagrange.step_sizes import Polyak, SurrogateContraction
from lagrange.stopping import GapBelow, Stalled
from problems.assignment_data import AssignmentData, generate, read_orlib
from problems.assignment_exact import ExactAssignment
from problems.assignment_repair import repair, total_cost
from problems.options import require_unused


def assignment(
    *,
    instance: str | None = None,
    sense: str = "min",
    kind: str | None = None,
    agents: int | None = None,
    jobs: int | None = None,
    seed: int | None = None,
) -> Instance:
    """Generalized assignment from an OR-Library file, or a generated instance of type A–E.

    instance : path of a file in OR-Library format; without it one is generated
    sense    : min or max
    kind     : A, B, C, D or E, the type to generate; D unless given
    agents   : how many agents to generate; 5 unless given
    jobs     : how many jobs to generate; 40 unless given
    seed     : of the generator; 0 unless given
    """
    if sense not in ("min", "max"):
        raise ValueError(f"sense must be min or max, got {sense!r}")
    if instance is None:
        kind, seed = kind or "D", seed or 0
        agents, jobs = (default if n is None else n for n, default in ((agents, 5), (jobs, 40)))
        data = generate(kind, agents, jobs, seed)
        name, source = f"{kind}-{agents}x{jobs}-{seed}", f"generated, type {kind}, seed {seed}"
    else:
        given = {"kind": kind, "agents": agents, "jobs": jobs, "seed": seed}
        require_unused("an instance file", given)
        data = read_orlib(Path(instance))
        name, source = Path(instance).name, "OR-Library format"
    _require_room(data)
    minimized = data if sense == "min" else replace(data, cost=-data.cost)
    problem = build(minimized)
    start = Start({"assign": starting_prices(minimized)})
    estimate = float(minimized.cost.max(axis=0).sum())  # no assignment costs more

    def subgradient(steps: int | None) -> Method:
        rule = Polyak(patience=20, estimate=estimate)
        return Method(problem, Subgradient(rule), steps or 5000, start)

    def surrogate(steps: int | None) -> Method:
        agents = len(problem.blocks)
        steps = steps or 500 * agents  # a step asks one agent
        rule = SurrogateContraction.for_horizon(max(100, steps), estimate=estimate)
        return Method(problem, SurrogateLagrangian(rule, sweep_every=10 * agents), steps, start)

    return Instance(
        name=name,
        source=source,
        methods={"subgradient": subgradient, "surrogate": surrogate},
        stop=GapBelow(0) | Stalled(),
        seconds=15.0,
        sense=sense,
        exact=ExactAssignment(minimized),
        point_arrays=lambda point: {"agent": point},
        archive={"instance.txt": data.to_text()},
        rebuild={"instance": "instance.txt", "sense": sense},
    )


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


def _require_room(data: AssignmentData) -> None:
    """Refuses an instance without a feasible point where one job alone shows it."""
    fits = (data.weight <= data.capacity[:, None]).any(axis=0)
    if not fits.all():
        j = int(fits.argmin())
        raise ValueError(
            f"job {j} fits no agent: it weighs {data.weight[:, j].tolist()}, the capacities are "
            f"{data.capacity.tolist()}"
        )


def starting_prices(data: AssignmentData) -> np.ndarray:
    """λ_j = −(second cheapest cost of job j): about one agent wants each job. (n,)"""
    cheapest = np.sort(data.cost, axis=0)
    return -cheapest[min(1, len(cheapest) - 1)].astype(np.float64)
