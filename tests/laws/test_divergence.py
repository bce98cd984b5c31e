"""ADMM says when there is no solution, does not say so of slow runs, and stops only where it may."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from lagrange import ADMM, Problem, ResidualBelow, Response, Status, StepLimit, divergence, solve
from lagrange.penalties import ResidualBalancing
from lagrange.stopping import Stop
from lagrange.vectors import norm
from problems.lasso import build

INF = math.inf


@dataclass(frozen=True)
class Interval:
    """min cost · Σ x over low ≤ x ≤ high, image = {row: sign · x}; 3 entries."""

    low: float
    high: float
    cost: float = 0.0
    sign: float = 1.0

    def respond(self, price, query, start):
        wanted = -self.sign * query.offset["row"]
        wanted = wanted - (self.cost + self.sign * price["row"]) / query.rho
        x = np.clip(wanted, self.low, self.high)
        return Response({"row": self.sign * x}, self.cost * float(x.sum()), point=x)


def split(first: Interval, second: Interval) -> Problem:
    """x − z = 0."""
    return Problem((first, second), {"row": np.zeros(3)})


def ended(problem, rho, *, relaxation=1.0, steps=20_000):
    solver = ADMM(rho, relaxation=relaxation)
    return solve(problem, solver, stop=ResidualBelow(1e-9) | StepLimit(steps))


APART = split(Interval(0, 1, 1.0), Interval(2, 3, -1.0, sign=-1.0))
ENDLESS = split(Interval(0, INF, -1.0), Interval(-INF, INF, sign=-1.0))
SLOW = split(Interval(0, 1, 1e-9), Interval(0.5, 3, sign=-1.0))


@pytest.mark.parametrize("relaxation", [1.0, 1.6])
@pytest.mark.parametrize("rho", [1e-2, 1.0, 100.0, ResidualBalancing(changes=8)], ids=str)
def test_sets_that_do_not_meet_are_infeasible(rho, relaxation):
    solution = ended(APART, rho, relaxation=relaxation)
    assert solution.status is Status.INFEASIBLE
    assert "not proved" in solution.message
    assert solution.state.residual["row"] == pytest.approx(-1.0)  # the distance of the sets


def test_nobody_looks_where_an_optimum_is_promised():
    solution = ended(replace(APART, solvable=True), 1.0)
    assert solution.status is Status.STEP_LIMIT
    assert all(math.isnan(record.infeasibility) for record in solution.trace)


@pytest.mark.parametrize("rho", [0.1, 1.0, 10.0])
def test_a_cost_that_falls_for_ever_is_unbounded(rho):
    solution = ended(ENDLESS, rho)
    assert solution.status is Status.UNBOUNDED
    assert solution.state.cost < -100


@pytest.mark.parametrize("rho", [1e-12, 1e-10, 1e-6, 1e-3, 1.0, 1e3])
def test_a_slow_run_is_not_called_infeasible(rho):
    """While ρ is far too small the multipliers grow as steadily as without a feasible point."""
    solution = ended(SLOW, rho)
    assert solution.status in (Status.CONVERGED, Status.STEP_LIMIT)
    if rho >= 1e-10:
        assert solution.status is Status.CONVERGED
        assert solution.responses[0].point == pytest.approx(0.5)


def test_without_the_probe_it_would_be(monkeypatch):
    """The mutant: a sign is believed as soon as it is seen."""
    monkeypatch.setattr(divergence, "SUSPICIOUS", 0.0)
    assert ended(SLOW, 1e-12).status is Status.INFEASIBLE


def test_probing_leaves_no_trace():
    """The answers to the strong pull change nothing: with and without probes the runs are equal."""
    solver, steps = ADMM(1e-12), StepLimit(200)
    probed = solve(SLOW, solver, stop=steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(divergence, "SUSPICIOUS", -1.0)
        quiet = solve(SLOW, solver, stop=steps)
    assert (probed.multipliers["row"] == quiet.multipliers["row"]).all()
    columns = ("residual", "dual_residual", "cost", "lagrangian")
    assert all(probed.trace.column(c) == quiet.trace.column(c) for c in columns)


class ChangeBelow(Stop):
    """The wrong rule of many programs: stop when the answers stay where they are."""

    def __init__(self):
        self.before = None

    def __call__(self, state):
        image = None if state.responses[0] is None else state.responses[0].image["row"]
        before, self.before = self.before, image
        if before is None or image is None:
            return None
        return Status.CONVERGED if norm({"row": image - before}) <= 1e-9 else None


@pytest.mark.parametrize(("rule", "holds"), [(ResidualBelow(1e-9), True), (ChangeBelow(), False)])
def test_a_claim_of_convergence_is_true_of_the_answers(rule, holds):
    """Recomputed from the answers that are returned. A rule that looks at changes only fails."""
    solution = solve(SLOW, ADMM(1e-10), stop=rule | StepLimit(20_000))
    assert solution.status is Status.CONVERGED
    x, z = (response.point for response in solution.responses)
    assert (norm({"row": x - z}) <= math.sqrt(3) * 1e-9) is holds


@pytest.mark.parametrize("relaxation", [0.7, 1.0, 1.8])
def test_the_returned_iterate_satisfies_both_tolerances(relaxation):
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(30, 10)), rng.normal(size=30)
    problem, rho, absolute, relative = build(A, b, 2.0), 3.0, 1e-7, 1e-6
    stop = ResidualBelow(absolute, relative) | StepLimit(5000)
    solution = solve(problem, ADMM(rho, relaxation=relaxation), stop=stop)
    assert solution.status is Status.CONVERGED
    x, z = (response.point for response in solution.responses)
    y = solution.multipliers["split"]
    scale = max(np.linalg.norm(x), np.linalg.norm(z))
    assert np.linalg.norm(x - z) <= math.sqrt(10) * absolute + relative * scale
    # the dual residual: how far x is from stationary at the final multipliers
    stationary = A.T @ (A @ x - b) + y
    allowed = math.sqrt(10) * absolute + relative * np.linalg.norm(y)
    assert np.linalg.norm(stationary) <= allowed + 1e-12
