"""Every oracle with questions for it and, where they are few or easily made, things it could do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import torch

from lagrange.oracles.closed_form import L1Norm, LeastSquares
from lagrange.oracles.knapsack import Knapsack, Packing
from lagrange.oracles.set_block import SetBlock
from lagrange.queries import Quadratic, Staged
from lagrange.sets import Box, Cardinality, GlobalCardinality
from lagrange.slack import Slack
from lagrange.stages import StagedBlock
from lagrange.testing import Candidate, Check, Question, block_checks
from tests.contracts.networks import network, network_questions, network_rows

Make = Callable[[Any], Any]  # a numpy array -> the array that a case works with


@dataclass(frozen=True)
class BlockCase:
    name: str
    block: Any
    questions: Sequence[Question]
    rows: Any
    is_exact: bool = True
    candidates: Sequence[Candidate] = ()
    does: Callable[[Any], Candidate | None] | None = None

    def checks(self) -> Iterator[Check]:
        return block_checks(
            self.block,
            self.questions,
            rows=self.rows,
            is_exact=self.is_exact,
            candidates=self.candidates,
            does=self.does,
        )


NUMBERS: dict[str, Make] = {
    "numpy64": lambda a: np.array(a, dtype=np.float64),
    "numpy32": lambda a: np.array(a, dtype=np.float32),
    "torch64": lambda a: torch.tensor(np.array(a), dtype=torch.float64),
    "torch32": lambda a: torch.tensor(np.array(a), dtype=torch.float32),
}


def block_cases() -> list[BlockCase]:
    return [
        *knapsacks(),
        *least_squares(),
        *l1_norms(),
        *set_blocks(),
        *slacks(),
        *staged(),
        *networks(),
    ]


def at(prices: Sequence[Any], query: Any = None, row: str = "x") -> list[Question]:
    return [Question({row: p}, query) for p in prices]


def knapsacks() -> Iterator[BlockCase]:
    rng = np.random.default_rng(1)
    cost = rng.normal(size=7)
    weight = np.array([3, 1, 4, 1, 5, 0, 2])
    ties = -np.array([2.0, 1.0, 2.0, 1.0, 2.0, 0.0, 1.0]) - cost  # integer profits: many optima
    prices = [
        np.zeros(7),
        *rng.normal(size=(3, 7)),
        *(rng.normal(size=(3, 7)) - 2),
        ties,
        np.full(7, 1e3),
        np.full(7, -1e3),
    ]
    for capacity in (0, 7, 100):
        block = Knapsack(cost, weight, capacity, "x")
        choices = [np.array(x, dtype=float) for x in product((0, 1), repeat=7)]
        could = [Candidate({"x": x}, float(cost @ x)) for x in choices if weight @ x <= capacity]
        name = f"knapsack-{capacity}"
        rows = {"x": np.zeros(7)}
        yield BlockCase(name, block, at(prices), rows, True, could, packs(block))


def packs(block: Knapsack) -> Callable[[Any], Candidate | None]:
    def does(point: Packing) -> Candidate | None:
        x = point.chosen
        if int(block.weight @ x) > block.capacity:
            return None
        return Candidate({"x": x.astype(float)}, float(block.cost @ x))

    return does


def least_squares() -> Iterator[BlockCase]:
    rng = np.random.default_rng(2)
    low_rank = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 4))
    for name, A in (
        ("tall", rng.normal(size=(7, 4))),
        ("wide", rng.normal(size=(3, 6))),
        ("deficient", low_rank),
        ("zero", np.zeros((3, 2))),
    ):
        m, n = A.shape
        b = rng.normal(size=m)
        block, rows = LeastSquares(A, b, "x"), {"x": np.zeros(n)}
        prices = [np.zeros(n), *rng.normal(size=(3, n)), 100 * rng.normal(size=n)]
        pulled = [
            q for rho in (0.1, 10.0) for q in at(prices, Quadratic(rho, {"x": rng.normal(size=n)}))
        ]
        near = [
            Candidate({"x": x}, 0.5 * float(np.sum((A @ x - b) ** 2)))
            for q in pulled
            for x in _around(_least_squares_minimizer(A, b, q), rng)
        ]
        does = fits(A, b)
        yield BlockCase(f"least-squares-{name}-pulled", block, pulled, rows, True, near, does)
        # without a pull only a full-rank A has a minimizer at every price
        yield BlockCase(
            f"least-squares-{name}", block, at(prices), rows, name == "tall", near, does
        )


def fits(A: Any, b: Any) -> Callable[[Any], Candidate | None]:
    return lambda x: Candidate({"x": x}, 0.5 * float(np.sum((A @ x - b) ** 2)))


def _least_squares_minimizer(A: Any, b: Any, q: Question) -> Any:
    pull = q.query
    right = A.T @ b - q.price["x"] - pull.rho * pull.offset["x"]
    return np.linalg.solve(A.T @ A + pull.rho * np.eye(A.shape[1]), right)


def _around(x: Any, rng: Any) -> Iterator[Any]:
    yield x
    for size in (1e-4, 1e-2, 1.0):
        for _ in range(4):
            yield x + size * rng.normal(size=x.shape)


def l1_norms() -> Iterator[BlockCase]:
    rng = np.random.default_rng(3)
    weight, n = 0.7, 5
    block, rows = L1Norm(weight, "x"), {"x": np.zeros(n)}
    cheap = [np.zeros(n), *rng.uniform(-0.7, 0.7, size=(3, n)), np.full(n, 0.7)]
    dear = [*cheap, *(3 * rng.normal(size=(2, n)))]
    offset = rng.normal(size=n)
    pulled = [q for rho in (0.5, 4.0) for q in at(dear, Quadratic(rho, {"x": offset}))]
    points = [x for q in pulled for x in _around(offset + q.price["x"] / q.query.rho, rng)]
    # the minimizer has zeros: take them into the candidates too
    points += [np.where(np.abs(x) < 0.5, 0.0, x) for x in points] + [np.zeros(n)]
    could = [shrinks(weight)(z) for z in points]
    does = shrinks(weight)
    yield BlockCase("l1-norm", block, at(cheap), rows, True, could, does)
    yield BlockCase("l1-norm-unbounded", block, at(dear), rows, False, could, does)
    yield BlockCase("l1-norm-pulled", block, pulled, rows, True, could, does)
    free = [shrinks(0.0)(z) for z in points]
    yield BlockCase("l1-norm-weight-0", L1Norm(0.0, "x"), pulled, rows, True, free, shrinks(0.0))


def shrinks(weight: float) -> Callable[[Any], Candidate]:
    return lambda z: Candidate({"x": -z}, weight * float(np.abs(z).sum()))


def set_blocks() -> Iterator[BlockCase]:
    rng = np.random.default_rng(4)
    shapes = {"u": (2, 3), "v": (3,)}
    price = {n: rng.normal(size=s) for n, s in shapes.items()}
    price2 = {n: 5 * rng.normal(size=s) for n, s in shapes.items()}
    ties = {n: np.zeros(s) for n, s in shapes.items()}
    offset = {n: np.round(2 * rng.normal(size=s)) for n, s in shapes.items()}
    blocks = {
        "cardinality": SetBlock.per_row({"u": Cardinality(2), "v": Cardinality(1)}),
        "global-cardinality": SetBlock(GlobalCardinality(3), ("u", "v")),
        "box": SetBlock.per_row({"u": Box(-0.5, 1.0), "v": Box(0.0, np.inf)}),
    }
    for (kind, block), (number, make) in product(blocks.items(), NUMBERS.items()):

        def vector(a: Any, make: Make = make) -> Any:
            return {n: make(x) for n, x in a.items()}

        questions = [
            Question(vector(p), Quadratic(rho, vector(offset)))
            for p in (price, price2, ties)
            for rho in (0.5, 8.0)
        ]
        members = [z for q in questions for z in _members(kind, q, shapes)]
        could = [Candidate({n: -make(x) for n, x in z.items()}, 0.0) for z in members]
        rows = vector({n: np.zeros(s) for n, s in shapes.items()})
        does = selects(block)
        yield BlockCase(f"{kind}-{number}", block, questions, rows, True, could, does)


def selects(block: SetBlock) -> Callable[[Any], Candidate | None]:
    def does(z: Any) -> Candidate | None:
        return Candidate({n: -x for n, x in z.items()}, 0.0) if block.members.contains(z) else None

    return does


def _members(kind: str, q: Question, shapes: Any) -> Iterator[Any]:
    """Members near what the question pulls towards: the best on every support, or corners."""
    v = {n: np.asarray(q.query.offset[n] + q.price[n] / q.query.rho, float) for n in shapes}
    if kind == "box":
        rng = np.random.default_rng(5)
        for t in (0.0, 0.1, 1.0):
            u, w = (v[n] + t * rng.normal(size=s) for n, s in shapes.items())
            yield {"u": np.minimum(np.maximum(u, -0.5), 1.0), "v": np.maximum(w, 0.0)}
        return
    for support in combinations(range(9), 3):
        inside = np.zeros(9)
        inside[list(support)] = 1.0
        if kind == "cardinality" and inside[:6].sum() != 2:
            continue
        yield {"u": v["u"] * inside[:6].reshape(2, 3), "v": v["v"] * inside[6:]}


def slacks() -> Iterator[BlockCase]:
    rng = np.random.default_rng(6)
    for number, make in NUMBERS.items():
        rows = {"x": make(np.zeros(4)), "other": make(np.zeros(2))}
        block = Slack("x", make(np.zeros(4)))
        points = [np.zeros(4), *np.abs(rng.normal(size=(10, 4)))]
        could = [Candidate({"x": make(s)}, 0.0) for s in points]

        def does(s: Any) -> Candidate | None:
            return Candidate({"x": s}, 0.0) if bool((s >= 0).all()) else None

        up = [make(np.zeros(4)), *(make(np.abs(rng.normal(size=4))) for _ in range(3))]
        any_sign = [make(rng.normal(size=4)) for _ in range(3)]
        query = Quadratic(2.0, {"x": make(rng.normal(size=4))})
        yield BlockCase(f"slack-{number}", block, at(up), rows, True, could, does)
        yield BlockCase(f"slack-unbounded-{number}", block, at(any_sign), rows, False, could, does)
        yield BlockCase(
            f"slack-pulled-{number}", block, at(any_sign, query), rows, True, could, does
        )


def staged() -> Iterator[BlockCase]:
    rng = np.random.default_rng(7)
    cost, weight = rng.normal(size=5), np.array([1, 2, 3, 1, 2])
    block = StagedBlock((Knapsack(cost, weight, 6, "x"), Knapsack(cost, weight, 3, "x")))
    for stage, capacity in ((0, 6), (1, 3)):
        choices = [np.array(x, dtype=float) for x in product((0, 1), repeat=5)]
        could = [Candidate({"x": x}, float(cost @ x)) for x in choices if weight @ x <= capacity]
        questions = at(list(rng.normal(size=(4, 5)) - 1), Staged(stage, None))
        name = f"staged-knapsack-{stage}"
        rows, does = {"x": np.zeros(5)}, packs(Knapsack(cost, weight, capacity, "x"))
        yield BlockCase(name, block, questions, rows, True, could, does)
    sets = StagedBlock(tuple(SetBlock.per_row({"x": Cardinality(k)}) for k in (3, 1)))
    query = Quadratic(2.0, {"x": rng.normal(size=5)})
    for stage in (0, 1):
        questions = at(list(rng.normal(size=(3, 5))), Staged(stage, query))
        rows, does = {"x": np.zeros(5)}, selects(sets.blocks[stage])
        yield BlockCase(f"staged-cardinality-{stage}", sets, questions, rows, does=does)


def networks() -> Iterator[BlockCase]:
    for optimizer, epochs in (("adam", 1), ("sgd", 2)):
        block = network(optimizer=optimizer, epochs=epochs)
        questions = network_questions(block)
        yield BlockCase(f"network-{optimizer}", block, questions, network_rows(), False)
