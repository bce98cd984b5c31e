"""The block on HiGHS against brute force in rational numbers, and against itself asked otherwise."""

import copy
import math
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import product
from time import perf_counter

import numpy as np
import pytest
from scipy.optimize import linprog

from lagrange.oracles.highs import Limits
from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.milp import MilpBlock
from lagrange.oracles.sparse import SparseMatrix
from lagrange.testing import (
    Candidate,
    Check,
    Question,
    block_checks,
    check_answer_beats,
    check_bound_is_concave_in_price,
    check_price_monotone,
)
from lagrange.testing.compare import difference
from tests.exact.linear_programs import (
    INF,
    dense,
    exact_cost,
    inner,
    linear_set,
    random_block,
    random_set,
    vertices,
    whole_points,
)
from tests.tolerances import EXACT


def knapsack(items=13, rows=3, seed=0, limits=Limits()) -> MilpBlock:  # noqa: B008
    """Strongly correlated, so that the search takes some nodes."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(20, 100, (rows, items)).astype(float)
    cost = -(weight.sum(axis=0) + rng.integers(0, 20, items))
    members = linear_set(weight, -INF, np.floor(weight.sum(axis=1) / 2), 0.0, 1.0, True)
    return MilpBlock(cost, members, {"x": SparseMatrix.dense(np.eye(items))}, limits=limits)


# -- answers and bounds -----------------------------------------------------------------------------


def test_bounds_of_integer_programs_hold_in_rational_numbers():
    rng = np.random.default_rng(3)
    for _ in range(60):
        block = random_block(rng, integer=True)
        price = 5 * rng.normal(size=2)
        response = block.respond({"x": price}, None, None)
        d = exact_cost(block.cost, dense(block.images["x"]), price)
        least = min(inner(d, x) for x in whole_points(block.members))
        assert Fraction(response.bound) <= least
        reached = inner(d, [Fraction(v) for v in response.point.tolist()])
        assert float(reached - least) <= 1e-6, "HiGHS finds the optimum of so small a block"
        assert float(least - Fraction(response.bound)) <= 1e-6


def test_mixed_integer_blocks_against_scipy():
    """One column is continuous: fix the others in every way, and solve what is left."""
    rng = np.random.default_rng(4)
    for _ in range(15):
        base = random_set(rng, integer=True)
        integer = np.array([True, True, False])
        members = LinearSet(
            base.rows, base.row_lower, base.row_upper, base.lower, base.upper, integer
        )
        block = MilpBlock(
            rng.normal(size=3), members, {"x": SparseMatrix.dense(rng.normal(size=(2, 3)))}
        )
        price = rng.normal(size=2)
        response = block.respond({"x": price}, None, None)
        d = block.cost + dense(block.images["x"]).T @ price
        least = min(_over_the_last(members, d))
        assert response.bound <= least + EXACT(float, 100, 10)
        assert response.bound >= least - 1e-6
        assert (response.point[:2] % 1 == 0).all()


def _over_the_last(members, d) -> Iterator[float]:
    rows = dense(members.rows)
    above, below = np.isfinite(members.row_upper), np.isfinite(members.row_lower)
    for whole in product(*(range(int(u) + 1) for u in members.upper[:2])):
        at = rows[:, :2] @ whole
        found = linprog(
            d[2:],
            A_ub=np.vstack([rows[above, 2:], -rows[below, 2:]]),
            b_ub=np.concatenate([(members.row_upper - at)[above], (at - members.row_lower)[below]]),
            bounds=[(members.lower[2], members.upper[2])],
        )
        if found.status == 0:
            yield float(d[:2] @ whole + found.fun)


def test_a_bound_is_never_the_objective_of_an_unfinished_search():
    """After one node, and with a wide gap: the point is not proved optimal, and the bound says so."""
    rng = np.random.default_rng(5)
    apart = 0
    for seed in range(4):
        price = {"x": 10 * rng.normal(size=13)}
        finished = knapsack(seed=seed).respond(price, None, None)
        optimum = finished.cost + float(price["x"] @ finished.image["x"])
        assert finished.bound <= optimum <= finished.bound + 1e-3
        for limits in (Limits(nodes=1), Limits(gap=0.2), Limits(seconds=1e-2)):
            early = knapsack(seed=seed, limits=limits)
            stopped = early.respond(price, None, None)
            value = stopped.cost + float(price["x"] @ stopped.image["x"])
            assert stopped.bound <= optimum <= value + EXACT(float, 13, 1e4)
            assert early.members.violation(stopped.point, 0.0) is None
            apart += stopped.bound < value - 1.0
    assert apart >= 6


def test_columns_without_an_end():
    """x ≥ 0 with a cheap and a dear way to serve 3: bounded by its cost only."""
    members = linear_set([[1.0, 1.0]], 3.0, INF, 0.0, INF)
    block = MilpBlock(
        np.array([1.0, 2.0]), members, {"x": SparseMatrix.dense(np.array([[1.0, 0.0]]))}
    )
    for price, least in ((0.0, 3.0), (0.7, 5.1), (5.0, 6.0)):
        bound = block.respond({"x": np.array([price])}, None, None).bound
        assert bound <= least
        assert bound == pytest.approx(least, abs=1e-6)
    with pytest.raises(ValueError, match="no minimum at these prices"):
        block.respond({"x": np.array([-2.0])}, None, None)


def test_columns_bounded_by_their_rows_lose_nothing():
    """x + y ≤ 4 is all that bounds x and y from above, and it is enough."""
    members = linear_set([[1.0, 1.0]], -INF, 4.0, 0.0, INF)
    block = MilpBlock(np.array([-1.0, -0.7]), members, {"x": SparseMatrix.dense(np.eye(2))})
    bound = block.respond({"x": np.array([0.3, 0.1])}, None, None).bound
    assert bound <= -2.8
    assert bound == pytest.approx(-2.8, rel=EXACT(float, 10))


def test_an_integer_block_with_a_column_without_an_end_proves_nothing():
    """Neither if that column costs nothing."""
    members = linear_set([[1.0, 1.0]], 3.0, INF, 0.0, INF, True)
    for cost, best in (([1.0, 1.0], 3.0), ([1.0, 0.0], 0.0)):
        block = MilpBlock(np.array(cost), members, {"x": SparseMatrix.dense([[1.0, 0.0]])})
        response = block.respond({"x": np.zeros(1)}, None, None)
        assert response.bound == -math.inf
        assert response.cost == best


# -- a function of its arguments -------------------------------------------------------------------


def prices(n: int, count: int, seed: int = 7):
    rng = np.random.default_rng(seed)
    return [{"x": 30 * rng.normal(size=n)} for _ in range(count)]


def lp_block() -> MilpBlock:
    """Degenerate: at some prices many vertices are best."""
    rng = np.random.default_rng(8)
    rows = rng.integers(0, 3, (8, 20)).astype(float)
    members = linear_set(rows, -INF, rows.sum(axis=1) / 3, 0.0, 1.0)
    return MilpBlock(-np.ones(20), members, {"x": SparseMatrix.dense(np.eye(20))})


@pytest.mark.parametrize("make", [knapsack, lp_block])
def test_answers_do_not_depend_on_what_was_asked_before(make):
    """In every order, on copies and from threads: bit for bit the same."""
    block = make()
    n = block.cost.size
    asked = [*prices(n, 6), {"x": np.zeros(n)}, {"x": np.full(n, 1.0)}]
    first = [make().respond(price, None, None) for price in asked]
    rng = np.random.default_rng(9)
    for _ in range(2):
        for k in rng.permutation(len(asked)):
            assert difference(first[k], block.respond(asked[k], None, first[0])) is None
    for twin in (pickle.loads(pickle.dumps(block)), copy.deepcopy(block)):
        assert difference(first[3], twin.respond(asked[3], None, None)) is None
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda price: block.respond(price, None, None), asked))
    assert difference(first, again) is None


def test_what_is_shared_by_threads_is_locked():
    """Many blocks at once in many threads: nothing is mixed up."""
    blocks = [knapsack(items=10, seed=seed) for seed in range(6)]
    price = {"x": np.zeros(10)}
    alone = [block.respond(price, None, None) for block in blocks]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda block: block.respond(price, None, None), blocks * 3))
    assert difference(alone * 3, together) is None


def test_copies_keep_the_limits():
    price = {"x": np.zeros(14)}
    block = knapsack(items=14, limits=Limits(nodes=1))
    early = block.respond(price, None, None)
    assert early.bound < early.cost - 1.0
    for twin in (pickle.loads(pickle.dumps(block)), copy.deepcopy(block)):
        assert difference(early, twin.respond(price, None, None)) is None


def test_a_time_limit_is_that_of_one_query():
    """HiGHS's clock runs on: the last query has as much time as the first, and no more."""
    seconds = 0.25
    hard = knapsack(items=45, rows=5, limits=Limits(seconds=seconds))
    took = 0.0
    for price in prices(45, 4):
        began = perf_counter()
        response = hard.respond({"x": price["x"] / 30}, None, None)
        took = perf_counter() - began
        assert response.bound < response.cost + float(price["x"] @ response.image["x"]) / 30 - 1.0
    assert took <= 3 * seconds
    easy = replace(lp_block(), limits=Limits(seconds=seconds))
    began, asked = perf_counter(), 0
    while perf_counter() - began < 2 * seconds or asked < 3:  # raises where the time is used up
        easy.respond(prices(20, 1, seed=asked)[0], None, None)
        asked += 1


# -- the laws of blocks ----------------------------------------------------------------------------


def closed_form() -> MilpBlock:
    """Without rows; the third column costs nothing at price 0."""
    none = np.zeros(0)
    members = LinearSet(
        SparseMatrix.empty(0, 4), none, none, np.array([0.0, -1.5, -2.0, 1.0]),
        np.array([2.5, 1.0, 3.0, 1.0]), np.array([True, False, False, False]),
    )  # fmt: skip
    return MilpBlock(
        np.array([1.0, -2.0, 0.0, 3.0]), members, {"x": SparseMatrix.dense(np.eye(4))}, offset=7.0
    )


def laws() -> Iterator[object]:
    rng = np.random.default_rng(10)
    blocks = {
        "closed-form": (closed_form(), True),
        "linear": (random_block(rng), True),
        "linear-degenerate": (lp_block(), True),
        "integer": (random_block(rng, integer=True), False),
        "knapsack": (knapsack(items=8, rows=2), False),
        "one-node": (knapsack(items=10, limits=Limits(nodes=1)), False),
    }
    for name, (block, is_exact) in blocks.items():
        rows = {"x": np.zeros(block.images["x"].shape[0])}
        size = rows["x"].size
        asked = [rows["x"], *rng.normal(size=(3, size)), *(50 * rng.normal(size=(2, size)))]
        questions = [Question({"x": p}) for p in (asked if is_exact else asked[1:5])]
        could = [] if block.cost.size > 8 else [_does(block, x) for x in _points(block)]

        def does(x, block=block):
            return None if block.members.violation(x, 1e-9) else _does(block, x)

        checks = list(
            block_checks(
                block, questions, rows=rows, is_exact=is_exact, candidates=could, does=does
            )
        )
        if name in ("integer", "knapsack"):  # exact but for the bound, which pays for tolerances
            checks += [
                Check(
                    "answer-beats",
                    lambda b=block, q=questions, c=could: check_answer_beats(b, q, c),
                ),
                Check("monotone", lambda b=block, q=questions: check_price_monotone(b, q)),
            ]
        if name == "linear":
            checks += [
                Check("concave", lambda b=block, q=questions: check_bound_is_concave_in_price(b, q))
            ]
        yield from (pytest.param(check, id=f"{name}-{check.name}") for check in checks)


def _points(block):
    members = block.members
    if members.rows.shape[0] == 0:
        return [np.array(x) for x in product(*zip(members.lower, members.upper, strict=True))]
    exact = whole_points(members) if members.integer.all() else vertices(members)
    return [np.array([float(v) for v in x]) for x in exact]


def _does(block, x) -> Candidate:
    return Candidate({"x": dense(block.images["x"]) @ x}, float(block.cost @ x) + block.offset)


@pytest.mark.parametrize("check", list(laws()))
def test_block(check: Check) -> None:
    check.run()
