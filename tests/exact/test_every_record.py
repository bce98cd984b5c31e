"""lower ≤ optimum ≤ upper at every record, against brute force on tiny instances."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from lagrange import Problem, StepLimit, Subgradient, SurrogateLagrangian, solve
from lagrange.step_sizes import Constant, Diminishing, Polyak, SurrogateContraction
from problems.assignment import build
from problems.assignment_exact import ExactAssignment
from tests.exact.finite import dual_value, feasible_costs
from tests.exact.instances import all_assignments, assignments, coupled_problems, whole
from tests.tolerances import CERTIFIED

CONTRACTION = SurrogateContraction(10, 0.3, first_step=0.7)
SOLVERS = {
    "constant": Subgradient(Constant(0.3)),
    "diminishing": Subgradient(Diminishing(1.0)),
    "polyak": Subgradient(Polyak(target=3.0)),
    "contraction": Subgradient(CONTRACTION),
    "surrogate": SurrogateLagrangian(CONTRACTION),
    "pairs": SurrogateLagrangian(CONTRACTION, group=2),
    "sweeps": SurrogateLagrangian(Diminishing(0.6), sweep_every=4),
}
each_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS.keys())


def run(problem: Problem, solver, steps: int = 14):
    """The solution, and with every record the multipliers at which its bound was proved."""
    proofs, asked = [], []

    def answer(problem, asks):
        asked[:] = [a.price for a in asks]
        return [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]

    def observe(record):
        proofs.append((record, asked[0]))

    solution = solve(problem, solver, stop=StepLimit(steps), answer=answer, observe=observe)
    assert len(proofs) == solution.state.record.step > 0
    return solution, proofs


@each_solver
@settings(max_examples=60)
@given(problem=coupled_problems())
def test_coupled_finite_blocks(solver, problem):
    optimum = min(feasible_costs(problem))
    solution, proofs = run(problem, solver)
    for record, price in proofs:
        assert not record.lower_bound > optimum
        assert not record.upper_bound < optimum
        if not math.isnan(record.lower_bound):
            exact = dual_value(problem, price)
            assert record.lower_bound <= exact <= record.lower_bound + CERTIFIED(float(exact))
    assert math.isfinite(proofs[0][0].lower_bound)
    assert solution.lower_bound <= optimum <= solution.upper_bound
    assert solution.lower_bound <= dual_value(problem, solution.multipliers)
    assert all((solution.state.multipliers[row] >= 0).all() for row in problem.inequality)
    if solution.point is not None:
        assert solution.upper_bound in feasible_costs(problem)


@each_solver
@settings(max_examples=40)
@given(data=assignments())
def test_assignments(solver, data):
    """The objective is integral: bounds are rounded up, and must still not pass the optimum."""
    optimum = min(cost for _, cost, feasible in all_assignments(data) if feasible)
    twin, problem = ExactAssignment(data), build(data)
    solution, proofs = run(problem, solver)
    for record, price in proofs:
        assert not record.lower_bound > optimum
        assert not record.upper_bound < optimum
        if not math.isnan(record.lower_bound):
            exact = twin.dual_value({"assign": [Fraction(x) for x in price["assign"].tolist()]})
            assert math.ceil(exact - Fraction(CERTIFIED(float(exact)))) <= record.lower_bound
            assert record.lower_bound <= math.ceil(exact)
    assert solution.lower_bound <= optimum <= solution.upper_bound
    if solution.point is not None:
        point = {"agent": solution.point}
        assert twin.cost(point) == solution.upper_bound


@settings(max_examples=60)
@given(problem=coupled_problems(), multipliers=whole(-3, 3, 4))
def test_weak_duality_needs_the_sign_of_the_multipliers(problem, multipliers):
    """q(λ) ≤ optimum for λ ≥ 0 on ≤ rows: the check of the checks, in whole numbers."""
    width = problem.rhs["equal"].size
    price = {"equal": multipliers[:width], "most": np.abs(multipliers[2 : 2 + width])}
    assert dual_value(problem, price) <= min(feasible_costs(problem))
