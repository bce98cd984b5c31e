"""Optimality of an assignment: the bound closes the gap, or what is left of the instance is searched.

    1  a dual run with recovery: a bound, recomputed exactly, and a point, checked exactly, of cost U
    2  every pair that no point of cost ≤ U − 1 has is fixed (``assignment_fixing``, whole numbers)
    3  HiGHS searches the pairs that are left, the core, together with those of the point

Who vouches for what: 1 and 2 are exact and rest on no solver. Optimality by 3 rests on HiGHS's
branch-and-bound being right on the core; the proof says so, and it is no certificate.
"""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from lagrange.engine import solve
from lagrange.oracles.highs import Limits
from lagrange.oracles.sparse import SparseMatrix
from lagrange.recovery.programs import Outcome, Program, minimize
from lagrange.stopping import GapBelow, NoneAbove, TimeLimit
from problems.assignment import build
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_fixing import BoolArray, Fixed, fixed, rounded_up
from problems.assignment_recovery import recovering_bundle
from problems.assignment_repair import loads, total_cost
from problems.assignment_start import start_of

SHARE = 0.15  # of the time for the dual run, at most
PATIENCE = 60  # looks in vain


@dataclass(frozen=True)
class Proof:
    """agent (n,) or None, its cost, and the bounds. Without a point, a proof says that there is none.

    certified : the Lagrangian bound, exact, None without a point;   lower_bound : the better of it and
    HiGHS's on the core
    core      : pairs that were left;   by : who proved optimality: "lagrangian", "highs on the core",
    or "nobody"
    """

    agent: IntArray | None
    upper_bound: float
    certified: int | None
    lower_bound: float
    core: int
    by: str

    @property
    def status(self) -> str:
        if self.by == "nobody":
            return "time_limit"
        return "infeasible" if self.agent is None else "optimal"

    @property
    def detail(self) -> str:
        return f"certified bound {self.certified}, core of {self.core} pairs, proved by {self.by}"


def proved(data: AssignmentData, seconds: float) -> Proof:
    """Within about so many seconds; minimization."""
    began = perf_counter()
    problem = replace(build(data), recover=lambda responses: None)
    solver = replace(recovering_bundle(data), patience=PATIENCE)
    worst = float(data.cost.max(axis=0).sum())
    found = solve(
        problem,
        solver,
        stop=GapBelow(0) | NoneAbove(worst) | TimeLimit(SHARE * seconds),
        start=solver.init(problem, start_of(data, "capacity")),
    )
    agent, upper = found.point, found.upper_bound
    if agent is None:
        by = "lagrangian" if found.lower_bound > worst else "nobody"
        return Proof(None, upper, None, found.lower_bound, data.cost.size, by)
    target = int(upper) - 1
    fixing = fixed(data, found.multipliers["assign"], target)
    certified = rounded_up(fixing.bound)
    if no_better(fixing):
        return Proof(agent, upper, max(certified, int(upper)), upper, 0, "lagrangian")
    left = seconds - (perf_counter() - began)
    core = fixing.free | fixing.one
    outcome = searched(data, core, agent, Limits(seconds=max(0.01, left)))
    return _concluded(data, agent, (certified, int(fixing.free.sum())), outcome)


def no_better(fixing: Fixed) -> bool:
    """Does the fixing alone show that no point costs as little as the target?"""
    nowhere = fixing.zero.all(axis=0).any()
    twice = (fixing.one.sum(axis=0) > 1).any()
    return bool(nowhere or twice or (fixing.zero & fixing.one).any())


def searched(data: AssignmentData, core: BoolArray, agent: IntArray, limits: Limits) -> Outcome:
    """HiGHS on the pairs of the core and of the point, from the point; x (m · n,) in the outcome."""
    m, n = data.cost.shape
    kept = core | (np.arange(m)[:, None] == agent)
    i, j = np.nonzero(kept)
    p = np.arange(i.size)
    program = Program(
        cost=data.cost[i, j].astype(np.float64),
        rows=SparseMatrix(
            np.concatenate([j, n + i]),
            np.concatenate([p, p]),
            np.concatenate([np.ones(p.size), data.weight[i, j].astype(np.float64)]),
            (n + m, p.size),
        ),
        row_lower=np.concatenate([np.ones(n), np.full(m, -np.inf)]),
        row_upper=np.concatenate([np.ones(n), data.capacity.astype(np.float64)]),
        upper=np.ones(p.size),
        integer=np.ones(p.size, dtype=np.bool_),
    )
    outcome = minimize(program, (agent[j] == i).astype(np.float64), limits=limits, step=1.0)
    if outcome.point is None:
        return outcome
    x = np.zeros((m, n))
    x[i, j] = outcome.point
    return outcome._replace(point=x)


def _concluded(
    data: AssignmentData, agent: IntArray, left: tuple[int, int], outcome: Outcome
) -> Proof:
    """The proof with HiGHS's point, if it is one and better, and with its bound."""
    certified, core = left
    if outcome.point is not None:
        theirs = outcome.point.argmax(axis=0)
        fits = (loads(data, theirs) <= data.capacity).all()
        if fits and total_cost(data, theirs) < total_cost(data, agent):
            agent = theirs
    upper = total_cost(data, agent)
    # points outside of the core cost more than the point that it was made for, so at least this one
    bound = min(float(np.ceil(outcome.bound - 1e-6)), float(upper))
    by = "highs on the core" if outcome.solved else "nobody"
    return Proof(agent, float(upper), certified, max(float(certified), bound), core, by)
