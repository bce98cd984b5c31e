"""A small run for each theorem, with every hypothesis satisfied; the tests break them one by one."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from lagrange import (
    ADMM,
    AugmentedLagrangian,
    Problem,
    Progressive,
    Solution,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    Trace,
    in_stages,
    solve,
)
from lagrange.certify import certify
from lagrange.facts import Declared
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.quadratic import QuadraticForm
from lagrange.oracles.separable import BoxQuadratic
from lagrange.oracles.set_block import SetBlock
from lagrange.penalties import ResidualBalancing
from lagrange.problem import Feasible
from lagrange.sets import Cardinality
from lagrange.step_sizes import Constant, Diminishing, Polyak, SurrogateContraction
from problems.lasso import build as lasso

ROW = "row"
SHARES = np.array([0.5, 0.5])
BEST = 4.5  # max q of ``prices``: Σ (cost + cost of the other)/2


NOTHING = Declared()


@dataclass(frozen=True)
class Run:
    problem: object
    solver: object
    solution: Solution
    declared: Declared = NOTHING

    def certificate(self, **declared):
        return certify(
            self.problem, self.solver, self.solution, declared=replace(self.declared, **declared)
        )

    def with_records(self, records):
        trace = Trace()
        for record in records:
            trace(record)
        return replace(self, solution=replace(self.solution, trace=trace))

    def altered(self, step, /, **values):
        """Another value in one record."""
        return self.with_records(
            r._replace(**values) if r.step == step else r for r in self.solution.trace
        )

    def scaled(self, step, name, factor):
        """One value of one record multiplied."""
        return self.altered(step, **{name: getattr(self.solution.trace[step - 1], name) * factor})

    def with_solver(self, **settings):
        return replace(self, solver=replace(self.solver, **settings))


def linear(cost, low=0.0, high=1.0):
    """⟨cost, x⟩ on a box."""
    ones = np.ones(len(cost))
    return BoxQuadratic(0.0 * ones, np.array(cost), low * ones, high * ones, ROW)


def prices():
    """Two sellers of two goods at costs (1, 2) and (2, 4); half of each is wanted... twice."""
    blocks = (linear((1.0, 2.0)), linear((2.0, 4.0)))
    return Problem(blocks, {ROW: 3 * SHARES}, recover=lambda _: Feasible(None, 6.0))


def tables(seed=0, rows=12, columns=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)), rng.normal(size=rows)


def run_of(problem, solver, steps, declared=None):
    return Run(
        problem, solver, solve(problem, solver, stop=StepLimit(steps)), declared or Declared()
    )


def sparse(k=2, seed=0):
    """At most k nonzeros, then least squares: L is the largest eigenvalue of AᵀA."""
    smooth = least_squares(seed)
    blocks = (SetBlock.per_row({ROW: Cardinality(k)}), smooth)
    return Problem(blocks, {ROW: np.zeros(smooth.A.shape[1])})


@cache
def least_squares(seed=0):
    return LeastSquares(*tables(seed), ROW)


def lipschitz(seed=0):
    return float(np.linalg.norm(tables(seed)[0], 2)) ** 2


def equality():
    P, M = np.diag([1.0, 2.0, 3.0]), np.array([[1.0, 1.0, 1.0]])
    block = QuadraticForm(P, np.zeros(3), {ROW: M})
    return Problem((block,), {ROW: np.ones(1)}, recover=lambda _: Feasible(None, 3.0))


RULE = SurrogateContraction(30.0, 0.5, first_step=0.01)
MAKE = {
    "admm": lambda: run_of(lasso(*tables(), 0.5), ADMM(1.0), 12, Declared(saddle_point=True)),
    "admm-relaxed": lambda: run_of(lasso(*tables(), 0.5), ADMM(1.0, relaxation=1.6), 12),
    "admm-balanced": lambda: run_of(
        lasso(*tables(), 0.5), ADMM(ResidualBalancing(0.01, ratio=1.5, every=3)), 30
    ),
    "nonconvex": lambda: run_of(sparse(), ADMM(2 * lipschitz()), 12),
    "augmented": lambda: run_of(equality(), AugmentedLagrangian(0.1), 8),
    "diminishing": lambda: run_of(prices(), Subgradient(Diminishing(0.5, 0.8)), 20),
    "constant": lambda: run_of(prices(), Subgradient(Constant(0.25)), 20),
    "polyak": lambda: run_of(
        prices(), Subgradient(Polyak(target=BEST)), 8, Declared(dual_optimum=BEST)
    ),
    "surrogate": lambda: run_of(
        prices(), SurrogateLagrangian(RULE, sweep_every=6), 40, Declared(dual_optimum=BEST)
    ),
    "progressive": lambda: run_of(
        in_stages([sparse(3), sparse(2), sparse(1)]),
        Progressive(ADMM(2 * lipschitz()), StepLimit(4)),
        12,
    ),
}
LICENSED = {
    "admm": ("admm.convex",),
    "admm-relaxed": ("admm.convex",),
    "admm-balanced": ("admm.convex",),
    "nonconvex": ("admm.nonconvex",),
    "augmented": ("augmented.convex",),
    "diminishing": ("subgradient.diminishing", "subgradient.square-summable"),
    "constant": ("subgradient.constant", "subgradient.any-steps"),
    "polyak": ("subgradient.polyak",),
    "surrogate": ("surrogate.exact-blocks", "surrogate.distance", "bounds.weak-duality"),
    "progressive": ("progressive.nested", "progressive.last-stage", "last stage: admm.nonconvex"),
}


@cache
def made(name):
    return MAKE[name]()
