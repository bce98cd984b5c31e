"""Every oracle keeps every law of a block that applies to it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from lagrange import Response
from lagrange.oracles.closed_form import L1Norm, LeastSquares
from lagrange.oracles.knapsack import Knapsack
from lagrange.oracles.set_block import SetBlock
from lagrange.queries import Quadratic, Staged
from lagrange.sets import Cardinality
from lagrange.slack import Slack
from lagrange.stages import StagedBlock
from lagrange.testing import Check, Question, check_large_pull_obeys
from tests.contracts.block_cases import block_cases
from tests.contracts.laws import laws_of
from tests.tolerances import EXACT


@pytest.mark.parametrize("check", laws_of(block_cases()))
def test_block(check: Check) -> None:
    check.run()


OFFSET = np.array([3.0, -1.0, 0.5, -2.0])


@pytest.mark.parametrize(
    ("block", "nearest"),
    [
        (LeastSquares(np.eye(4)[:3] + 1.0, np.ones(3), "x"), 0.0),
        (L1Norm(1.0, "x"), 0.0),
        (SetBlock.per_row({"x": Cardinality(2)}), math.hypot(1.0, 0.5)),
        (Slack("x", np.zeros(4)), math.hypot(3.0, 0.5)),  # s >= 0 reaches −offset where that is ≥ 0
    ],
    ids=["least-squares", "l1-norm", "cardinality", "slack"],
)
def test_a_large_pull_reaches_what_the_set_allows(block: object, nearest: float) -> None:
    question = Question({"x": np.array([1.0, 2.0, -3.0, 0.0])}, Quadratic(1.0, {"x": OFFSET}))
    check_large_pull_obeys(block, [question], nearest=nearest)  # type: ignore[arg-type]


def test_knapsack_bounds_hold_in_rational_numbers() -> None:
    """The float bound against the exact minimum over all choices: no slack."""
    rng = np.random.default_rng(13)
    for _ in range(100):
        cost, price, weight = 1e3 * rng.normal(size=6), rng.normal(size=6), rng.integers(0, 5, 6)
        bound = Knapsack(cost, weight, 6, "x").respond({"x": price}, None, None).bound
        paid = [Fraction(c) + Fraction(p) for c, p in zip(cost, price, strict=True)]
        sums = (
            sum((a for a, taken in zip(paid, x, strict=True) if taken), Fraction(0))
            for x in product((0, 1), repeat=6)
            if np.dot(weight, x) <= 6
        )
        least = min(sums)
        assert Fraction(bound) <= least
        assert float(least) - bound <= EXACT(float, 6, 1e3)


@pytest.mark.parametrize("apart", [1.0, 1e-3, 1e-6, 1e-8])
def test_least_squares_bounds_hold_in_rational_numbers(apart: float) -> None:
    """The minimum of ½‖A x − b‖² + ⟨p, x⟩ is ½‖b‖² − ½⟨c, G⁻¹ c⟩ with G = AᵀA and c = Aᵀb − p. The
    nearer the two columns, the farther off is the float minimizer.
    """
    rng = np.random.default_rng(14)
    for _ in range(100):
        A, b, p = rng.normal(size=(4, 2)), rng.normal(size=4), rng.normal(size=2)
        A[:, 1] = A[:, 0] + apart * A[:, 1]
        bound = LeastSquares(A, b, "x").respond({"x": p}, None, None).bound
        columns = [[Fraction(a) for a in column] for column in A.T]
        right = [Fraction(value) for value in b]
        (g, h), (_, k) = ([_inner(u, v) for v in columns] for u in columns)
        c, d = (_inner(u, right) - Fraction(q) for u, q in zip(columns, p, strict=True))
        least = (
            _inner(right, right) - (k * c * c - 2 * h * c * d + g * d * d) / (g * k - h * h)
        ) / 2
        assert Fraction(bound) <= least
        if apart >= 1e-3:  # the certificate pays for the condition of A, and is sharp all the same
            value = 1 + abs(float(least))
            assert float(least) - bound <= EXACT(float, 8, value * np.linalg.cond(A) ** 2)


def _inner(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def test_a_staged_block_passes_everything_on() -> None:
    """Query, prices and start reach the block of the stage that was asked, and no other."""
    asked: list[tuple[str, object]] = []

    @dataclass(frozen=True)
    class Listening:
        name: str

        def respond(self, *question: object) -> Response:
            asked.append((self.name, question))
            return Response({}, 0.0)

    blocks = (Listening("first"), Listening("second"))
    price, start = {"x": np.ones(1)}, Response({}, 1.0)
    query = Quadratic(1.0, price)
    for stage in (1, 0):
        StagedBlock(blocks).respond(price, Staged(stage, query), start)
    assert asked == [("second", (price, query, start)), ("first", (price, query, start))]


def test_exact_blocks_prove_their_bounds() -> None:
    """No check passes for want of a bound: the exact blocks asked at prices alone do prove one."""
    for case in block_cases():
        if not case.is_exact or case.name.startswith("staged-cardinality"):
            continue
        for q in case.questions:
            bound = case.block.respond(q.price, q.query, q.start).bound
            pulled = isinstance(q.query, Quadratic)
            assert math.isfinite(bound) != pulled, (case.name, str(q))
