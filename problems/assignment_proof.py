"""Optimality of an assignment: the bound closes the gap, or what is left of the instance is searched.

    1  a short dual run with recovery: a bound, recomputed exactly, and often a point, checked exactly
    2  with numba a Lagrangian branch-and-bound (``assignment_search``), in whole numbers
    2' without it every pair that no point of cost ≤ U − 1 has is fixed (``assignment_fixing``, whole
       numbers; U is the cost of the point), and HiGHS searches the others, the core

Who vouches for what: 1 and 2 are exact and rest on no solver. Optimality by 2' rests on HiGHS's
branch-and-bound being right on the core; the proof says so. Neither search leaves a certificate.
"""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from lagrange.compiled import is_available
from lagrange.engine import solve
from lagrange.oracles.highs import Limits
from lagrange.oracles.sparse import SparseMatrix
from lagrange.recovery.programs import Outcome, Program, minimize
from lagrange.solution import Solution
from lagrange.status import Status
from lagrange.stopping import GapBelow, NoneAbove, TimeLimit
from problems.assignment import build
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_fixing import BoolArray, Fixed, fixed, rounded_up
from problems.assignment_recovery import recovering_bundle
from problems.assignment_repair import loads, total_cost
from problems.assignment_search import Effort, cheapest
from problems.assignment_start import start_of

SHARE = 0.15  # of the time for the dual run, at most
ENOUGH = 3.0  # seconds for it, where the search needs no point
PATIENCE = 60  # looks in vain


@dataclass(frozen=True)
class Proof:
    """agent (n,) or None, its cost, and the bounds. Without a point, a proof says that there is none.

    certified   : the bound of the dual run, exact
    lower_bound : the better of it and that of the search
    left        : what had to be searched
    by          : who proved optimality: "lagrangian", "lagrangian search", "highs on the core",
                  or "nobody"
    """

    agent: IntArray | None
    upper_bound: float
    certified: float
    lower_bound: float
    left: str
    by: str

    @property
    def status(self) -> str:
        if self.by == "nobody":
            return "time_limit"
        return "infeasible" if self.agent is None else "optimal"

    @property
    def detail(self) -> str:
        return f"certified bound {self.certified:.0f}, {self.left}, proved by {self.by}"


def proved(data: AssignmentData, seconds: float) -> Proof:
    """Within about so many seconds; minimization."""
    began = perf_counter()
    share = SHARE * seconds
    found = _dual_run(data, min(share, ENOUGH) if is_available() else share)
    upper, bound = found.upper_bound, found.lower_bound
    if found.status in (Status.OPTIMAL, Status.INFEASIBLE):
        return Proof(found.point, upper, bound, bound, "nothing left", "lagrangian")
    left = max(0.01, seconds - (perf_counter() - began))
    if is_available():
        return _by_search(data, found, min(upper, data.dearest + 1), left)
    if found.point is None:
        return Proof(None, upper, bound, bound, "all pairs left", "nobody")
    return _by_core(data, found, left)


def _dual_run(data: AssignmentData, seconds: float) -> Solution:
    problem = replace(build(data), recover=lambda responses: None)
    solver = replace(recovering_bundle(data), patience=PATIENCE)
    return solve(
        problem,
        solver,
        stop=GapBelow(0) | NoneAbove(data.dearest) | TimeLimit(seconds),
        start=solver.init(problem, start_of(data, "capacity")),
    )


def _by_search(data: AssignmentData, found: Solution, limit: float, seconds: float) -> Proof:
    """Is there a point that costs less than ``limit``?"""
    certified = found.lower_bound
    lower = max(certified, float(data.cost.min(axis=0).sum()))
    prices = found.multipliers["assign"]
    answer = cheapest(data, prices, int(lower), int(limit), Effort(seconds=seconds))
    agent, upper = found.point, found.upper_bound
    if answer.agent is not None:  # below the limit, so better
        agent, upper = answer.agent, float(total_cost(data, answer.agent))
    bound = upper if answer.solved else min(answer.lower_bound, upper)
    by = "lagrangian search" if answer.solved else "nobody"
    return Proof(agent, upper, certified, bound, f"{answer.nodes} nodes", by)


def _by_core(data: AssignmentData, found: Solution, seconds: float) -> Proof:
    """HiGHS on what is left, from the point."""
    agent, upper = found.point, found.upper_bound
    fixing = fixed(data, found.multipliers["assign"], int(upper) - 1)
    certified = float(rounded_up(fixing.bound))
    if no_better(fixing):
        return Proof(agent, upper, certified, upper, "nothing left", "lagrangian")
    outcome = searched(data, fixing.free | fixing.one, agent, Limits(seconds=seconds))
    # points outside of the core cost more than the point that it was made for, so at least this one
    bound = max(certified, float(np.ceil(outcome.bound - 1e-6)))
    if outcome.point is not None:
        theirs = outcome.point.argmax(axis=0)
        fits = (loads(data, theirs) <= data.capacity).all()
        if fits and total_cost(data, theirs) < upper:
            agent, upper = theirs, float(total_cost(data, theirs))
    by = "highs on the core" if outcome.solved else "nobody"
    left = f"core of {int(fixing.free.sum())} pairs"
    return Proof(agent, upper, certified, min(bound, upper), left, by)


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
