"""The blocks of the convex families with questions for them and things they could do."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lagrange.oracles.differences import DifferencesOf
from lagrange.oracles.network_flow import BalancedFlow, SharedCapacity
from lagrange.oracles.proximal import ElasticNet, GroupNorm, HingeSum
from lagrange.oracles.quadratic import AffineSet, LinearGraph, QuadraticForm
from lagrange.oracles.separable import BoxQuadratic, LogUtility
from lagrange.oracles.smooth import LogisticLoss
from lagrange.queries import Quadratic
from lagrange.testing import Candidate, Question
from problems.consensus_logistic import Tied
from problems.multicommodity import incidence_of
from tests.contracts.block_cases import BlockCase

Does = Callable[[Any], Candidate | None]
RHOS = (0.3, 1.0, 40.0)


def convex_block_cases() -> list[BlockCase]:
    return [
        *elastic_nets(),
        *group_norms(),
        *hinges(),
        *box_quadratics(),
        *utilities(),
        *forms(),
        *affine_sets(),
        *signals(),
        *logistics(),
        *flows(),
        *capacities(),
    ]


def asked(prices: list[dict[str, Any]], offset: dict[str, Any] | None = None) -> list[Question]:
    """At prices alone, or with every ρ and this offset."""
    if offset is None:
        return [Question(p) for p in prices]
    return [Question(p, Quadratic(rho, offset)) for rho in RHOS for p in prices]


def cases(
    name: str,
    block: Any,
    rows: dict[str, Any],
    does: Does,
    points: list[Any],
    *,
    free: list[dict[str, Any]],
    bounded: bool = True,
    seed: int = 20,
) -> Iterator[BlockCase]:
    """The block at prices alone (``bounded``: it proves a bound at each of them) and pulled; the
    points are what it could do, besides what is near its own answers.
    """
    rng = np.random.default_rng(seed)
    offset = {row: rng.normal(size=a.shape) for row, a in rows.items()}
    prices = [{row: s * rng.normal(size=a.shape) for row, a in rows.items()} for s in (0, 1, 1, 9)]
    pulled = asked(prices, offset)
    near = list(points)
    for q in [*asked(free), *pulled]:
        point = block.respond(q.price, q.query, None).point
        near += [point + s * rng.normal(size=np.shape(point)) for s in (1e-4, 1e-1)]
    could = [c for c in map(does, near) if c is not None]
    yield BlockCase(f"{name}-pulled", block, pulled, rows, True, could, does)
    yield BlockCase(name, block, asked(free), rows, bounded, could, does)


def normals(rng: Any, shape: Any, scales: tuple[float, ...] = (0.0, 0.5, 1.0, 5.0)) -> list[Any]:
    return [s * rng.normal(size=shape) for s in scales]


def elastic_nets() -> Iterator[BlockCase]:
    rng = np.random.default_rng(21)
    for weight, ridge in ((0.7, 2.0), (0.0, 0.5)):
        block = ElasticNet(weight, ridge, "x")

        def does(z: Any, weight: float = weight, ridge: float = ridge) -> Candidate:
            cost = weight * float(np.abs(z).sum()) + ridge / 2 * float((z * z).sum())
            return Candidate({"x": -z}, cost)

        free = [{"x": p} for p in normals(rng, (2, 3))]
        rows = {"x": np.zeros((2, 3))}
        name = f"elastic-net-{weight}"
        yield from cases(name, block, rows, does, normals(rng, (2, 3)), free=free)


def group_norms() -> Iterator[BlockCase]:
    rng = np.random.default_rng(22)
    weights, labels = np.array([1.0, 0.0, 3.0]), np.array([2, 0, 0, 1, 2, 0])
    block = GroupNorm(weights, labels, "x")

    def does(z: Any) -> Candidate:
        norms = [float(np.linalg.norm(z[labels == g])) for g in range(3)]
        return Candidate({"x": -z}, float(weights @ norms))

    inside = []
    for p in normals(rng, 6):
        p[3] = 0.0  # its group has weight 0
        norms = np.array([np.linalg.norm(p[labels == g]) for g in range(3)])
        inside.append({"x": 0.99 * p * min(1.0, *(weights[::2] / (norms[::2] + 1e-9)))})
    points = [*normals(rng, 6), *(np.where(labels == g, 1.0, 0.0) for g in range(3))]
    rows = {"x": np.zeros(6)}
    yield from cases("group-norm", block, rows, does, points, free=inside)
    outside = [{"x": p} for p in normals(rng, 6, (2.0, 5.0))]
    *_, unbounded = cases("group-norm-out", block, rows, does, points, free=outside, bounded=False)
    yield unbounded


def hinges() -> Iterator[BlockCase]:
    rng = np.random.default_rng(23)
    block, rows = HingeSum(0.8, "x"), {"x": np.zeros(5)}

    def does(z: Any) -> Candidate:
        return Candidate({"x": -z}, 0.8 * float(np.maximum(1 - z, 0).sum()))

    points = [*normals(rng, 5), np.ones(5)]
    inside = [{"x": -rng.uniform(0, 0.8, 5)} for _ in range(4)] + [{"x": np.full(5, -0.8)}]
    yield from cases("hinge", block, rows, does, points, free=inside)
    outside = [{"x": np.full(5, 0.1)}, {"x": np.full(5, -0.9)}]
    *_, unbounded = cases("hinge-out", block, rows, does, points, free=outside, bounded=False)
    yield unbounded


def box_quadratics() -> Iterator[BlockCase]:
    rng = np.random.default_rng(24)
    d, q = np.array([1.0, 0.0, 2.0, 0.5]), rng.normal(size=4)
    boxes = {
        "boxed": (-np.ones(4), np.array([0.5, 2.0, 0.0, 1.0])),
        "half-open": (np.zeros(4), np.array([1.0, 2.0, np.inf, np.inf])),
    }
    rows = {"x": np.zeros(4)}
    for name, (low, high) in boxes.items():
        for sign in (1.0, -1.0):
            block = BoxQuadratic(d, q, low, high, "x", sign)

            def does(x: Any, low: Any = low, high: Any = high, sign: float = sign) -> Any:
                if (x < low).any() or (x > high).any():
                    return None
                return Candidate({"x": sign * x}, float(0.5 * d @ (x * x) + q @ x))

            far = np.minimum(high, 9.0)
            points = [low + t * (far - low) for t in rng.random((20, 4))]
            free = [{"x": p} for p in normals(rng, 4)]
            title = f"box-quadratic-{name}-{sign:+.0f}"
            yield from cases(title, block, rows, does, points, free=free)


def utilities() -> Iterator[BlockCase]:
    rng = np.random.default_rng(25)
    w, base = rng.uniform(0.5, 2, 4), rng.uniform(0.1, 2, 4)
    high = np.array([1.0, 5.0, 0.1, 100.0])
    block, rows = LogUtility(w, base, high, "x"), {"x": np.zeros(4)}

    def does(x: Any) -> Candidate | None:
        if (x < 0).any() or (x > high).any():
            return None
        return Candidate({"x": x}, -float(w @ np.log(base + x)))

    points = [t * high for t in rng.random((20, 4))]
    prices = [*normals(rng, 4), np.full(4, 1e-300), np.full(4, 1e3), np.full(4, -2.0)]
    yield from cases("log-utility", block, rows, does, points, free=[{"x": p} for p in prices])


def forms() -> Iterator[BlockCase]:
    rng = np.random.default_rng(26)
    F, q, M = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(2, 3))
    low_rank = np.outer(F[0], F[0])
    for name, P, maps, bounded in (
        ("definite", F @ F.T, {"x": None, "y": M}, True),
        ("flat", (low_rank + low_rank.T) / 2, {"x": None}, False),
        ("flat-seen", np.diag([1.0, 1.0, 0.0]), {"y": F}, False),
        ("zero", np.zeros((3, 3)), {"x": None, "y": M}, False),
    ):
        P = (P + P.T) / 2
        block = QuadraticForm(P, q, maps)
        rows = {row: np.zeros(3 if m is None else len(m)) for row, m in maps.items()}

        def does(x: Any, P: Any = P, maps: Any = maps) -> Candidate:
            image = {row: x if m is None else m @ x for row, m in maps.items()}
            return Candidate(image, float(0.5 * x @ P @ x + q @ x))

        free = [
            {row: s * rng.normal(size=a.shape) for row, a in rows.items()} for s in (0, 1, 1, 5)
        ]
        yield from cases(
            f"form-{name}", block, rows, does, normals(rng, 3), free=free, bounded=bounded
        )


def affine_sets() -> Iterator[BlockCase]:
    rng = np.random.default_rng(27)
    A = rng.normal(size=(2, 5))
    for name, rows_of_A in (("full", A), ("dependent", np.vstack([A, A.sum(axis=0)]))):
        b = rows_of_A @ np.arange(5.0)
        block, rows = AffineSet(rows_of_A, b, "x"), {"x": np.zeros(5)}

        def does(x: Any, A: Any = rows_of_A, b: Any = b) -> Candidate | None:
            return Candidate({"x": x}, 0.0) if np.abs(A @ x - b).max() < 1e-10 else None

        across = np.eye(5) - np.linalg.pinv(rows_of_A) @ rows_of_A
        points = [np.arange(5.0) + across @ v for v in normals(rng, 5)]
        free = [{"x": p} for p in normals(rng, 5)]
        yield from cases(f"affine-{name}", block, rows, does, points, free=free, bounded=False)
        graph = LinearGraph(rows_of_A, "x", "y")
        rows = {"x": np.zeros(5), "y": np.zeros(len(b))}

        def maps(x: Any, A: Any = rows_of_A) -> Candidate:
            return Candidate({"x": x, "y": A @ x}, 0.0)

        free = [{"x": p, "y": np.ones(len(b))} for p in normals(rng, 5)]
        points = normals(rng, 5)
        yield from cases(f"graph-{name}", graph, rows, maps, points, free=free, bounded=False)


def signals() -> Iterator[BlockCase]:
    rng = np.random.default_rng(28)
    for shape in ((7,), (3, 4), (2, 2, 3)):
        y = rng.normal(size=shape)
        names = tuple("xyz"[: y.ndim])
        rows = {row: np.zeros_like(np.diff(y, axis=a)) for a, row in enumerate(names)}

        def does(x: Any, y: Any = y, names: Any = names) -> Candidate:
            image = {row: np.diff(x, axis=a) for a, row in enumerate(names)}
            return Candidate(image, 0.5 * float(((x - y) ** 2).sum()))

        free = [
            {row: s * rng.normal(size=a.shape) for row, a in rows.items()} for s in (0, 1, 1, 9)
        ]
        block = DifferencesOf(y, names)
        yield from cases(f"signal-{y.ndim}d", block, rows, does, normals(rng, shape), free=free)


def logistics() -> Iterator[BlockCase]:
    rng = np.random.default_rng(29)
    A, y = rng.normal(size=(12, 3)), np.where(rng.random(12) < 0.5, 1.0, -1.0)
    block, rows = LogisticLoss(A, y, 0.5, "x"), {"x": np.zeros(3)}

    def does(w: Any) -> Candidate:
        losses = np.log1p(np.exp(-y * (A @ w)))
        return Candidate({"x": w}, float(losses.sum()) + 0.25 * float(w @ w))

    free = [{"x": p} for p in normals(rng, 3)]
    yield from cases("logistic", block, rows, does, normals(rng, 3), free=free)
    tied, rows = Tied(block, ("x", "y"), -1.0), {"x": np.zeros(3), "y": np.zeros(3)}

    def both(w: Any) -> Candidate:
        return Candidate({"x": -w, "y": -w}, does(w).cost)

    free = [{"x": p, "y": r} for p, r in zip(normals(rng, 3), normals(rng, 3), strict=True)]
    could = [both(w) for w in normals(rng, 3)]
    yield BlockCase("tied", tied, asked(free), rows, True, could, both)


def flows() -> Iterator[BlockCase]:
    rng = np.random.default_rng(30)
    N = incidence_of([0, 1, 2, 0, 3], [1, 2, 0, 3, 2], 4)
    hidden = rng.integers(0, 3, size=(2, 5)).astype(float)
    supply, cost = hidden @ N.T, rng.normal(size=(2, 5))
    across = np.eye(5) - np.linalg.pinv(N) @ N
    rows = {"x": np.zeros((2, 5))}
    for curvature in (0.7, 0.0):
        block = BalancedFlow(N, cost, supply, curvature, "x")

        def does(x: Any, curvature: float = curvature) -> Candidate | None:
            if np.abs(x @ N.T - supply).max() > 1e-9:
                return None
            return Candidate({"x": x}, float((cost * x).sum() + curvature / 2 * (x * x).sum()))

        points = [hidden, *(hidden + v @ across for v in normals(rng, (2, 5)))]
        free = [{"x": p} for p in normals(rng, (2, 5))]
        yield from cases(
            f"flow-{curvature}", block, rows, does, points, free=free, bounded=curvature > 0
        )


def capacities() -> Iterator[BlockCase]:
    rng = np.random.default_rng(31)
    capacity = np.array([1.0, 0.0, 2.5, 4.0])
    block, rows = SharedCapacity(capacity, "x"), {"x": np.zeros((3, 4))}

    def does(z: Any) -> Candidate | None:
        inside = (z >= 0).all() and (z.sum(axis=0) <= capacity + 1e-12).all()
        return Candidate({"x": -z}, 0.0) if inside else None

    points = [rng.dirichlet(np.ones(4), 4).T[:3] * capacity for _ in range(20)]
    ties = np.round(rng.normal(size=(3, 4)))
    free = [{"x": p} for p in [*normals(rng, (3, 4)), ties]]
    yield from cases("shared-capacity", block, rows, does, points, free=free)
