"""The cvxpy block keeps the laws of a block, on cases that use every cone it can prove bounds for."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from lagrange.queries import Quadratic
from lagrange.testing import Candidate, Check, Question, block_checks, check_large_pull_obeys

cp = pytest.importorskip("cvxpy")

from lagrange.oracles.convex import ConvexBlock, ConvexPoint  # noqa: E402

N = 4
TALL = np.random.default_rng(1).normal(size=(7, N))
SIDE = np.random.default_rng(2).normal(size=7)
IMAGE = np.random.default_rng(3).normal(size=(2, N))
PULL = Quadratic(2.0, {"sum": np.array([1.0, -0.5]), "first": np.array([0.3])})
ROWS = {"sum": np.zeros(2), "first": np.zeros(1)}


class Program(NamedTuple):
    """Objective and constraints over x (4,), the objective in numpy; is_exact: minimizers to 1e-9,
    which Clarabel reaches where it needs no iterations on cones.
    """

    objective: Any
    constraints: list[Any]
    cost: Callable[[Any], float]
    is_exact: bool = False


def sq(v: Any) -> float:
    return float(v @ v)


def programs() -> dict[str, Program]:
    x = cp.Variable(N, name="x")
    box = [x >= -2, x <= 3]
    misfit = TALL @ x - SIDE
    fit = cp.sum_squares(misfit)
    return {
        "least squares": Program(fit, [], lambda v: sq(TALL @ v - SIDE), True),
        "quadratic form": Program(
            cp.quad_form(x, np.eye(N) + 1) + 3,
            [cp.sum(x) == 1],
            lambda v: sq(v) + v.sum() ** 2 + 3,
            True,
        ),
        "linear": Program(x[0] + 2 * x[1], [*box, cp.sum(x) == 1], lambda v: v[0] + 2 * v[1]),
        "lasso": Program(fit + cp.norm1(x), box, lambda v: sq(TALL @ v - SIDE) + abs(v).sum()),
        "norm": Program(cp.norm(misfit), box, lambda v: math.sqrt(sq(TALL @ v - SIDE))),
        "logistic": Program(
            cp.sum(cp.logistic(TALL @ x)), box, lambda v: np.logaddexp(0, TALL @ v).sum()
        ),
        "semidefinite": Program(
            cp.lambda_max(cp.reshape(x, (2, 2), order="C")),
            [*box, x[1] == x[2]],
            # the halves of x may differ by the solver's 1e-10
            lambda v: np.linalg.eigvalsh((v.reshape(2, 2) + v.reshape(2, 2).T) / 2).max(),
        ),
    }


def block(name: str) -> ConvexBlock:
    program = programs()[name]
    (x,) = program.objective.variables()
    image = {"sum": IMAGE @ x, "first": x[0]}
    return ConvexBlock(name, program.objective, program.constraints, image)


def questions(pull: Quadratic | None = None) -> list[Question]:
    rng = np.random.default_rng(4)
    return [
        Question({"sum": s * rng.normal(size=2), "first": s * rng.normal(size=1)}, pull)
        for s in (0.0, 0.3, 1.0)
    ]


def all_checks() -> Iterator[Any]:
    for name, program in programs().items():
        made = block(name)

        def does(point: ConvexPoint, program: Program = program) -> Candidate:
            x = point.variables["x"]
            return Candidate({"sum": IMAGE @ x, "first": x[:1]}, float(program.cost(x)))

        points = [] if program.constraints else [ConvexPoint({"x": v}, ()) for v in np.eye(N)]
        for kind, pull in (("priced", None), ("pulled", PULL)):
            for check in block_checks(
                made,
                questions(pull),
                rows=ROWS,
                is_exact=program.is_exact,
                candidates=[does(point) for point in points],
                does=does,
            ):
                yield pytest.param(check, id=f"{name}-{kind}-{check.name}")


@pytest.mark.parametrize("check", list(all_checks()))
def test_block(check: Check) -> None:
    check.run()


@pytest.mark.parametrize("name", programs())
def test_every_case_proves_its_bounds(name: str) -> None:
    """... and they are near the answers: no check passes for want of a bound."""
    made = block(name)
    for q in questions():
        answer = made.respond(q.price, None, None)
        value = answer.cost + sum(float(q.price[r] @ a) for r, a in answer.image.items())
        assert value - 3e-8 * (1 + abs(value)) <= answer.bound <= value
        assert made.respond(q.price, PULL, None).bound == -math.inf


@pytest.mark.parametrize("name", ["least squares", "norm", "semidefinite"])
def test_a_large_pull_brings_the_image_nearer(name: str) -> None:
    check_large_pull_obeys(block(name), [questions(PULL)[1]], rhos=(1e-2, 1.0, 1e2, 1e4))


def stated(name: str, q: Question) -> Any:
    """The same question as a problem for cvxpy alone."""
    program = programs()[name]
    (x,) = program.objective.variables()
    image = cp.hstack([IMAGE @ x, x[:1]])
    price = np.concatenate([q.price["sum"], q.price["first"]])
    asked = program.objective + price @ image
    if q.query is not None:
        offset = np.concatenate([q.query.offset["sum"], q.query.offset["first"]])
        asked = asked + q.query.rho / 2 * cp.sum_squares(image + offset)
    return cp.Problem(cp.Minimize(asked), program.constraints)


@pytest.mark.parametrize("name", programs())
@pytest.mark.parametrize("pull", [None, PULL], ids=["priced", "pulled"])
def test_answers_are_those_of_cvxpy(name: str, pull: Quadratic | None) -> None:
    made = block(name)
    for q in questions(pull):
        problem = stated(name, q)
        least = problem.solve(solver=cp.CLARABEL)
        answer = made.respond(q.price, q.query, None)
        reached = answer.cost + sum(float(q.price[r] @ a) for r, a in answer.image.items())
        if pull is not None:
            away = [answer.image[r] + pull.offset[r] for r in answer.image]
            reached += pull.rho / 2 * sum(float(a @ a) for a in away)
        assert reached == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("name", programs())
def test_a_sloppy_solver_gives_worse_bounds_not_wrong_ones(name: str) -> None:
    """Stopped early the answers cost visibly more than the minimum; the bounds stay below it."""
    program, exact = programs()[name], block(name)
    (x,) = program.objective.variables()
    image = {"sum": IMAGE @ x, "first": x[0]}
    above = 0.0
    for tolerance in (1e-1, 1e-2, 1e-3):
        options = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance)
        made = ConvexBlock(name, program.objective, program.constraints, image, options)
        for q in questions():
            best = exact.respond(q.price, None, None)
            least = best.cost + sum(float(q.price[r] @ a) for r, a in best.image.items())
            answer = made.respond(q.price, None, None)
            value = answer.cost + sum(float(q.price[r] @ a) for r, a in answer.image.items())
            above = max(above, value - least)
            assert answer.bound <= least + 1e-9 * (1 + abs(least))
            assert answer.bound > -math.inf
    assert above > 1e-6 or program.is_exact


def test_a_bound_is_not_above_the_value_of_its_own_answer() -> None:
    """−√x over x ≤ 0 is 0, and −4e-5 at the solver's x = 2e-9: the bound is the lower of the two."""
    x = cp.Variable(3, name="x")
    made = ConvexBlock("root", -cp.sum(cp.sqrt(x)), [x <= 0], {"x": x})
    below = 0.0
    for slope in (0.0, 1.0, 2.0):
        price = slope * np.arange(3.0)
        answer = made.respond({"x": price}, None, None)
        value = answer.cost + float(price @ answer.image["x"])
        assert -1e-2 < answer.bound <= value
        below = min(below, value)
    assert below < -1e-7
