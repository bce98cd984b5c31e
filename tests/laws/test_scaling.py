"""What must not change when units change: rows, costs and constants.

Factors are powers of two, so that every float scales without rounding and multipliers agree to the
bit. Bounds are rounded down by a unit in the last place, which has no scale at 0.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange import ADMM, Problem, Subgradient, SurrogateLagrangian
from lagrange.bounds import exact_sweep
from lagrange.step_sizes import Constant, Polyak, SurrogateContraction
from tests.by_hand.drive import Parabola, stacked, states
from tests.exact.finite import Finite, dual_value
from tests.exact.instances import coupled_problems, whole
from tests.tolerances import CERTIFIED

CLOSE = CERTIFIED(100)
powers = st.sampled_from((0.125, 0.5, 2.0, 8.0))


def rows_times(problem: Problem, factor: dict[str, float]) -> Problem:
    """Every row, images and right-hand side, times its factor."""
    blocks = tuple(
        Finite(b.costs, {row: factor[row] * array for row, array in b.images.items()})
        for b in problem.blocks
    )
    rhs = {row: factor[row] * array for row, array in problem.rhs.items()}
    return replace(problem, blocks=blocks, rhs=rhs)


def costs_changed(problem: Problem, change) -> Problem:
    blocks = tuple(Finite([change(c) for c in b.costs], b.images) for b in problem.blocks)
    return replace(problem, blocks=blocks)


def solvers(step: float, value: float = 1.0, shift: float = 0.0):
    """Each with its step size times ``step``; targets times ``value`` plus ``shift``."""
    contraction = SurrogateContraction(10, 0.3, first_step=0.7 * step)
    return {
        "constant": Subgradient(Constant(0.3 * step)),
        "polyak": Subgradient(Polyak(target=4.0 * value + shift, scale=0.7)),
        "contraction": Subgradient(contraction),
        "surrogate": SurrogateLagrangian(contraction),
        "sweeps": SurrogateLagrangian(contraction, group=2, sweep_every=4),
    }


each_solver = pytest.mark.parametrize("name", solvers(1.0))


def runs(one: Problem, other: Problem, solver, changed, steps: int = 8):
    """The states of both runs; they end together, when nothing is left to ask."""
    return zip(
        _states_while_asked(one, solver, steps),
        _states_while_asked(other, changed, steps),
        strict=True,
    )


def _states_while_asked(problem, solver, steps):
    state = solver.init(problem)
    while state.record.step < steps and (asks := solver.ask(problem, state)):
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        state = solver.tell(problem, state, answers)
        yield state


@each_solver
@settings(max_examples=30)
@given(problem=coupled_problems(), c=powers)
def test_rows_times_c_mean_multipliers_over_c(name, problem, c):
    """λ' = λ/c with steps over c²: values are the same."""
    other = rows_times(problem, {"equal": c, "most": c})
    for a, b in runs(problem, other, solvers(1.0)[name], solvers(1.0 / c**2)[name]):
        assert (stacked(a.multipliers) == c * stacked(b.multipliers)).all()
        assert (c * stacked(a.residual) == stacked(b.residual)).all()
        assert a.record.lagrangian == b.record.lagrangian
        assert a.best.lower_bound == pytest.approx(b.best.lower_bound, abs=CLOSE)
        assert a.best.upper_bound == b.best.upper_bound


@settings(max_examples=60)
@given(problem=coupled_problems(), price=whole(-3, 3, 4), c=powers, d=powers)
def test_each_row_may_have_its_own_unit(problem, price, c, d):
    width = problem.rhs["equal"].size
    at = {"equal": price[:width].astype(float), "most": np.abs(price[2 : 2 + width]).astype(float)}
    there = {"equal": at["equal"] / c, "most": at["most"] / d}
    other = rows_times(problem, {"equal": c, "most": d})
    assert dual_value(problem, at) == dual_value(other, there)
    proved, again = exact_sweep(problem, at)[0], exact_sweep(other, there)[0]
    assert proved == pytest.approx(again, abs=CLOSE)


@pytest.mark.parametrize("c", [0.25, 2.0])
@pytest.mark.parametrize("alpha", [1.0, 1.6])
def test_rows_times_c_mean_rho_over_c_squared(c, alpha):
    def problem(times):
        blocks = (
            Parabola(2.0, np.array([1.0, -3.0]), "row", times),
            Parabola(0.5, np.array([4.0, 5.0]), "row", -times),
        )
        return Problem(blocks, {"row": times * np.array([0.5, -1.5])})

    ones = states(problem(1.0), ADMM(0.75, relaxation=alpha), 9)
    others = states(problem(c), ADMM(0.75 / c**2, relaxation=alpha), 9)
    for a, b in zip(ones[1:], others[1:], strict=True):
        assert (a.multipliers["row"] == c * b.multipliers["row"]).all()
        assert a.record.cost == b.record.cost
        assert c * a.record.residual == b.record.residual
        assert a.record.dual_residual == c * b.record.dual_residual
        assert a.record.lagrangian == b.record.lagrangian


@each_solver
@settings(max_examples=30)
@given(problem=coupled_problems(), t=powers)
def test_costs_times_t_mean_multipliers_times_t(name, problem, t):
    other = costs_changed(problem, lambda cost: t * cost)
    for a, b in runs(problem, other, solvers(1.0)[name], solvers(t, value=t)[name]):
        assert (t * stacked(a.multipliers) == stacked(b.multipliers)).all()
        assert t * a.best.lower_bound == pytest.approx(b.best.lower_bound, abs=CLOSE)
        assert t * a.best.upper_bound == b.best.upper_bound


@each_solver
@settings(max_examples=30)
@given(problem=coupled_problems(), shift=st.integers(-8, 8))
def test_a_constant_in_the_costs_shifts_the_bounds(name, problem, shift):
    """Whole multipliers would make this exact; steps are not whole, so bounds agree to rounding."""
    other = costs_changed(problem, lambda cost: cost + shift)
    total = shift * len(problem.blocks)
    for a, b in runs(problem, other, solvers(1.0)[name], solvers(1.0, shift=total)[name]):
        assert stacked(a.multipliers) == pytest.approx(stacked(b.multipliers), abs=CLOSE)
        assert a.best.lower_bound + total == pytest.approx(b.best.lower_bound, abs=CLOSE)
        assert a.best.upper_bound + total == b.best.upper_bound
