"""Small problems with known optima, and every solver on the ones it takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch

from lagrange import (
    ADMM,
    Problem,
    Progressive,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    in_stages,
    with_slacks,
)
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.knapsack import Knapsack
from lagrange.oracles.set_block import SetBlock
from lagrange.penalties import ResidualBalancing, Spectral
from lagrange.queries import Quadratic
from lagrange.sets import Cardinality
from lagrange.step_sizes import Constant, Polyak, SurrogateContraction
from lagrange.testing import Check, solver_checks
from problems import lasso
from tests.contracts.networks import network, network_rows


@dataclass(frozen=True)
class SolverCase:
    name: str
    problem: Problem[Any]
    solver: Any
    steps: int = 12
    feasible_costs: Sequence[float] = ()
    over_relaxed: bool = False

    def checks(self) -> Iterator[Check]:
        return solver_checks(
            self.problem,
            self.solver,
            self.steps,
            feasible_costs=self.feasible_costs,
            over_relaxed=self.over_relaxed,
        )


COST = np.array([[4.0, 2.0, 7.0, 3.0], [3.0, 5.0, 4.0, 6.0], [5.0, 4.0, 2.0, 2.0]])
WEIGHT = np.array([[2, 3, 2, 1], [1, 2, 3, 2], [3, 1, 2, 2]])
LIMIT = np.array([2.0, 1.0, 1.0, 1.0])


def solver_cases() -> list[SolverCase]:
    return [
        *dual_methods(),
        *augmented(),
        *progressive(),
    ]


def assignment(capacity: int = 4, *, kind: str = "exactly") -> Problem[None]:
    """Three agents, four jobs: each job ``exactly`` once, ``cover``-ed at least once at a cost, or
    ``pack``-ed at a profit, at most once, the first twice (its price starts at 0 and would fall).
    """
    sign = -1.0 if kind == "pack" else 1.0
    knapsacks = [Knapsack(sign * c, w, capacity, "jobs") for c, w in zip(COST, WEIGHT, strict=True)]
    rows = frozenset[str]() if kind == "exactly" else frozenset({"jobs"})
    if kind == "cover":
        return Problem(tuple(_Negated(k) for k in knapsacks), {"jobs": -np.ones(4)}, rows)
    return Problem(tuple(knapsacks), {"jobs": LIMIT if kind == "pack" else np.ones(4)}, rows)


@dataclass(frozen=True)
class _Negated:
    """A block that counts negatively: −A x, so that ≥ rows become ≤ rows."""

    inner: Knapsack

    def respond(self, price: Any, query: None, start: Any) -> Any:
        answer = self.inner.respond({"jobs": -price["jobs"]}, query, start)
        image = {"jobs": -answer.image["jobs"]}
        return type(answer)(image, answer.cost, answer.bound, answer.point)


def assignment_costs(capacity: int = 4, *, kind: str = "exactly") -> list[float]:
    """The objectives of all feasible points, cheapest first."""
    allowed = {"exactly": np.equal, "cover": np.greater_equal, "pack": np.less_equal}[kind]
    wanted = LIMIT if kind == "pack" else np.ones(4)
    sign = -1.0 if kind == "pack" else 1.0
    agent = [np.array(x) for x in product((0, 1), repeat=4)]
    choices = [[x for x in agent if w @ x <= capacity] for w in WEIGHT]
    costs: list[float] = []
    for xs in product(*choices):
        if allowed(sum(xs), wanted).all():
            costs.append(sign * sum(float(c @ x) for c, x in zip(COST, xs, strict=True)))
    return sorted(costs)


def split_lasso() -> tuple[Problem[Any], float]:
    """Three columns, so that the optimum is found by trying every sign pattern."""
    rng = np.random.default_rng(21)
    A, b, weight = rng.normal(size=(6, 3)), rng.normal(size=6), 0.6
    values = [lasso.objective(A, b, weight, np.zeros(3))]
    for signs in product((-1.0, 0.0, 1.0), repeat=3):
        s = np.array(signs)
        on = s != 0
        if on.any():
            x = np.zeros(3)
            x[on] = np.linalg.solve(A[:, on].T @ A[:, on], A[:, on].T @ b - weight * s[on])
            values.append(lasso.objective(A, b, weight, x))  # feasible, whatever its signs
    return lasso.build(A, b, weight), min(values)


def dual_methods() -> Iterator[SolverCase]:
    convex, optimum = split_lasso()
    contraction = SurrogateContraction.for_horizon(40, first_step=0.5)
    for kind, capacity in (("exactly", 4), ("cover", 4), ("pack", 3)):
        problem, costs = assignment(capacity, kind=kind), assignment_costs(capacity, kind=kind)
        polyak = Polyak(target=costs[0] + 1.0, patience=3)
        solvers = {
            "subgradient": Subgradient(),
            "subgradient-polyak": Subgradient(polyak),
            "subgradient-contraction": Subgradient(contraction),
            "surrogate": SurrogateLagrangian(contraction),
            "surrogate-pairs": SurrogateLagrangian(contraction, group=2),
            "surrogate-all": SurrogateLagrangian(contraction, group=9),
            "surrogate-sweeps": SurrogateLagrangian(contraction, sweep_every=3),
            "surrogate-pairs-sweeps": SurrogateLagrangian(contraction, 2, sweep_every=4),
            "surrogate-polyak": SurrogateLagrangian(polyak),
            "surrogate-constant": SurrogateLagrangian(Constant(0.25)),
        }
        for name, solver in solvers.items():
            yield SolverCase(f"{kind}-{name}", problem, solver, 25, costs)
    # steps so short that the prices stay where both blocks have minimizers
    short = {
        "subgradient": Subgradient(Constant(0.05)),
        "surrogate": SurrogateLagrangian(Constant(0.05)),
    }
    for kind, solver in short.items():
        yield SolverCase(f"lasso-{kind}", convex, solver, 12, [optimum])


def augmented() -> Iterator[SolverCase]:
    convex, optimum = split_lasso()
    contraction = SurrogateContraction.for_horizon(40, first_step=0.5)
    yield from (
        SolverCase(f"lasso-{name}", convex, solver, 12, [optimum], over_relaxed=relaxed)
        for name, solver, relaxed in (
            ("surrogate-rho", SurrogateLagrangian(contraction, rho=1.0), False),
            ("surrogate-rho-pairs", SurrogateLagrangian(contraction, 2, rho=0.3), False),
            ("admm", ADMM(1.0), False),
            ("admm-reversed", ADMM(0.5, ((1,), (0,))), False),
            ("admm-balancing", ADMM(ResidualBalancing(20.0, every=2)), False),
            ("admm-spectral", ADMM(Spectral(20.0)), False),
            ("admm-spectral-relaxed", ADMM(Spectral(20.0), relaxation=1.6), True),
            ("admm-relaxed", ADMM(1.0, relaxation=1.6), True),
            ("admm-relaxed-reversed", ADMM(1.0, ((1,), (0,)), relaxation=1.6), True),
        )
    )
    rng = np.random.default_rng(22)
    A, b = rng.normal(size=(6, 3)), rng.normal(size=6)
    # x ≤ −0.1: with a slack block an equation that ADMM takes
    below = Problem((LeastSquares(A, b, "x"),), {"x": np.full(3, -0.1)}, frozenset({"x"}))
    yield SolverCase("slack-admm", with_slacks(below), ADMM(1.0))
    # more than one block a group, and more than two groups
    pairs = Problem(
        (
            LeastSquares(A, b, "u"),
            LeastSquares(2 * A, b, "v"),
            SetBlock.per_row({"u": Cardinality(2), "v": Cardinality(1)}),
        ),
        {"u": np.zeros(3), "v": np.zeros(3)},
    )
    yield SolverCase("groups-admm", pairs, ADMM(1.0, ((0, 1), (2,))))
    yield SolverCase(
        "groups-admm-reversed", pairs, ADMM(1.0, ((2,), (1, 0)), 1.6), over_relaxed=True
    )
    yield SolverCase("groups-admm-three", pairs, ADMM(1.0, ((0,), (1,), (2,)), heuristic=True))
    yield SolverCase("groups-surrogate", pairs, SurrogateLagrangian(contraction, rho=2.0))
    block, rows = network(), network_rows()
    sets = SetBlock.per_row({"0.weight": Cardinality(6), "4.weight": Cardinality(4)})
    net: Problem[Quadratic] = Problem((block, sets), rows)
    yield SolverCase("network-admm", net, ADMM(0.5), 3)
    yield SolverCase("network-surrogate", net, SurrogateLagrangian(contraction, rho=0.5), 4)


def progressive() -> Iterator[SolverCase]:
    # the stages shrink, so what is feasible in the last one is so in every one
    stages = in_stages([assignment(6), assignment(5), assignment(4)])
    costs = assignment_costs()
    contraction = SurrogateContraction.for_horizon(40, first_step=0.5)
    dual = {
        "subgradient": Subgradient(Constant(0.3)),
        "surrogate": SurrogateLagrangian(contraction, sweep_every=2),
    }
    for kind, inner in dual.items():
        yield SolverCase(f"progressive-{kind}", stages, Progressive(inner, StepLimit(4)), 20, costs)
    rng = np.random.default_rng(23)
    smooth = LeastSquares(rng.normal(size=(6, 4)), rng.normal(size=6), "x")
    sparser = in_stages(
        [
            Problem((smooth, SetBlock.per_row({"x": Cardinality(k)})), {"x": np.zeros(4)})
            for k in (3, 1)
        ]
    )
    solver = Progressive(ADMM(1.0, relaxation=1.6), StepLimit(5))
    yield SolverCase("progressive-admm", sparser, solver, 14, over_relaxed=True)
    block, rows = network(), network_rows()
    nets = in_stages(
        [
            Problem(
                (block, SetBlock.per_row({n: Cardinality(k) for n in rows})),
                {n: torch.clone(z) for n, z in rows.items()},
            )
            for k in (6, 3)
        ]
    )
    yield SolverCase("progressive-network", nets, Progressive(ADMM(0.5), StepLimit(2)), 4)
