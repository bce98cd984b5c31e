"""Exchange and consensus forms: two-group ADMM reaches what the problem itself has."""

import numpy as np
import pytest

from lagrange import ADMM, Problem, ResidualBelow, Status, StepLimit, bounds, solve
from lagrange.grouping import consensus, exchange, original_multipliers, sharing, two_groups
from lagrange.oracles.closed_form import LeastSquares
from lagrange.penalties import ResidualBalancing

ZERO = {"sum": np.zeros(3)}
STOP = ResidualBelow(1e-11) | StepLimit(5000)


def quadratics(seed: int, blocks: int, n: int):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(n + 3, n)), rng.normal(size=n + 3)) for _ in range(blocks)]


def solved(problem: Problem):
    solution = solve(problem, ADMM(ResidualBalancing(), two_groups(problem)), stop=STOP)
    assert solution.status is Status.CONVERGED
    return solution


@pytest.mark.parametrize("blocks", [2, 3, 7])
@pytest.mark.parametrize("inequality", [False, True])
def test_exchange_meets_the_kkt_system(blocks, inequality):
    """min Σ ½‖A_i x_i − b_i‖²  s.t.  Σ x_i = c (≤ c), against cvxpy."""
    cp = pytest.importorskip("cvxpy")
    data, c = quadratics(blocks, blocks, 4), np.array([1.0, -2.0, 0.5, 3.0])
    problem = Problem(
        tuple(LeastSquares(A, b, "sum") for A, b in data),
        {"sum": c},
        frozenset({"sum"} if inequality else ()),
    )
    solution = solved(exchange(problem))
    x = [cp.Variable(4) for _ in data]
    total = sum(x[1:], start=x[0])
    row = total <= c if inequality else total == c
    cost = 0.5 * sum(cp.sum_squares(A @ v - b) for (A, b), v in zip(data, x, strict=True))
    reference = cp.Problem(cp.Minimize(cost), [row])
    reference.solve(solver=cp.CLARABEL)
    assert solution.state.cost == pytest.approx(reference.value, abs=1e-6)
    multipliers = original_multipliers(problem, solution.multipliers)
    assert multipliers["sum"] == pytest.approx(row.dual_value, abs=1e-5)
    lower, _ = bounds.exact_sweep(problem, multipliers)
    assert lower <= reference.value + 1e-7
    assert lower == pytest.approx(reference.value, abs=1e-6)


@pytest.mark.parametrize("blocks", [2, 5])
def test_consensus_is_least_squares_on_all_rows(blocks):
    data = quadratics(10 + blocks, blocks, 3)
    parts = [LeastSquares(A, b, "x") for A, b in data]
    solution = solved(consensus(parts, {"x": np.zeros(3)}))
    stacked, right = np.vstack([A for A, _ in data]), np.concatenate([b for _, b in data])
    expected = np.linalg.lstsq(stacked, right, rcond=None)[0]
    assert solution.responses[-1].point["x"] == pytest.approx(expected, abs=1e-8)


def test_blocks_may_share_only_some_rows():
    """Block 0 has row a, block 1 both, block 2 row b: two sums that overlap in one block."""
    rng = np.random.default_rng(3)
    tables = {row: rng.normal(size=(6, 2)) for row in "ab"}
    data = [LeastSquares(tables["a"], rng.normal(size=6), "a")]
    data.append(LeastSquares(tables["b"], rng.normal(size=6), "b"))
    data.append(LeastSquares(tables["b"][::-1].copy(), rng.normal(size=6), "b"))
    problem = Problem(tuple(data), {"a": np.ones(2), "b": np.zeros(2)})
    solution = solved(exchange(problem, rows=["a", "b", "b"]))
    assert solution.responses[0].point == pytest.approx(np.ones(2), abs=1e-9)
    total = solution.responses[1].point + solution.responses[2].point
    assert total == pytest.approx(np.zeros(2), abs=1e-9)


def test_start_and_recover_speak_the_names_of_the_problem():
    data = quadratics(1, 2, 2)
    seen = []

    def recover(responses):
        seen.append([sorted(r.image) for r in responses])

    problem = Problem(
        tuple(LeastSquares(A, b, "sum") for A, b in data), {"sum": np.zeros(2)}, recover=recover
    )
    tied = exchange(problem)
    solve(tied, ADMM(1.0, two_groups(tied)), stop=StepLimit(2))
    assert seen == [[["sum"], ["sum"]]]


def test_original_multipliers_are_means_that_may_prove_a_bound():
    A, b = quadratics(0, 1, 1)[0]
    blocks = (LeastSquares(A, b, "sum"), LeastSquares(A, b, "sum"))
    problem = Problem(blocks, {"sum": np.zeros(1)}, frozenset({"sum"}))
    for pair, mean in (((1.0, 3.0), 2.0), ((-1.0, 0.5), 0.0)):  # ≥ 0 on a ≤ row
        tied = {f"sum@{i}": np.array([p]) for i, p in enumerate(pair)}
        assert original_multipliers(problem, tied)["sum"].tolist() == [mean]


@pytest.mark.parametrize("blocks", [1, 3])
def test_sharing_puts_a_cost_on_the_total(blocks):
    """min Σ ½‖A_i x_i − b_i‖² + ½‖C Σ x_i − d‖², against the normal equations."""
    n = 3
    *data, (C, d) = quadratics(20 + blocks, blocks + 1, n)
    shared = sharing([LeastSquares(A, b, "sum") for A, b in data], LeastSquares(C, d, "sum"), ZERO)
    solution = solved(exchange(shared))
    # stationarity in x_i: A_iᵀ(A_i x_i − b_i) + Cᵀ(C Σ x_j − d) = 0
    matrix = np.kron(np.ones((blocks, blocks)), C.T @ C)
    right = np.concatenate([A.T @ b + C.T @ d for A, b in data])
    for i, (A, _) in enumerate(data):
        matrix[i * n : (i + 1) * n, i * n : (i + 1) * n] += A.T @ A
    expected = np.linalg.solve(matrix, right)
    found = np.concatenate([r.point for r in solution.responses[:blocks]])
    assert found == pytest.approx(expected, abs=1e-7)
