"""A budget that tightens while the solver goes on: by hand, and the paths of budgets as tables."""

import numpy as np
import pytest

from lagrange import ADMM, Problem, Progressive, StepLimit, in_stages, solve
from lagrange.nn.descent import merit, rises
from lagrange.nn.schedules import budgets
from lagrange.nn.support_growth import SupportGrowth, changes
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.set_block import SetBlock
from lagrange.penalties import Sweep
from lagrange.records import Record
from lagrange.sets import Cardinality
from lagrange.solvers.scheduled import Scheduled
from lagrange.testing import solver_checks
from lagrange.testing.compare import difference
from tests.tolerances import EXACT

RNG = np.random.default_rng(8)
A, B = RNG.normal(size=(9, 6)), RNG.normal(size=9)
CLOSE = EXACT(size=50, scale=100)
KEEP = (5, 3, 2)


def stage(k):
    sets = SetBlock.per_row({"x": Cardinality(k)})
    return Problem((LeastSquares(A, B, "x"), sets), {"x": np.zeros(6)})


STAGES = in_stages([stage(k) for k in KEEP])


class Rising:
    """ρ + 1 after every sweep; it must live through the stages."""

    def init(self):
        return 1.0, None

    def next(self, now, memory):
        return now.rho + 1, memory


def keep_largest(v, k):
    z = np.zeros_like(v)
    top = np.argsort(-np.abs(v), kind="stable")[:k]
    z[top] = v[top]
    return z


@pytest.mark.parametrize("every", (1, 2))
def test_sweeps_by_hand(every):
    x, z, y, rho = np.zeros(6), np.zeros(6), np.zeros(6), 1.0
    for step in range(1, 8):
        k = KEEP[min((step - 1) // every, 2)]
        x = np.linalg.solve(A.T @ A + rho * np.eye(6), A.T @ B - y + rho * z)
        z = keep_largest(x + y / rho, k)
        y = y + rho * (x - z)
        solution = solve(STAGES, Scheduled(ADMM(Rising()), every), stop=StepLimit(step))
        assert solution.responses[1].point["x"] == pytest.approx(z, abs=CLOSE)
        assert solution.multipliers["x"] == pytest.approx(y, abs=CLOSE)
        assert solution.state.record.rho == rho
        assert solution.state.record.stage == min((step - 1) // every, 2)
        rho += 1


def test_progressive_forgets_the_rule_where_this_one_does_not():
    new = solve(STAGES, Progressive(ADMM(Rising()), StepLimit(2)), stop=StepLimit(6))
    kept = solve(STAGES, Scheduled(ADMM(Rising()), 2), stop=StepLimit(6))
    assert new.trace.column("rho") == [1, 2, 1, 2, 1, 2]
    assert kept.trace.column("rho") == [1, 2, 3, 4, 5, 6]


def test_one_stage_is_the_solver_itself():
    ours = solve(in_stages([stage(2)]), Scheduled(ADMM(1.0)), stop=StepLimit(9))
    theirs = solve(stage(2), ADMM(1.0), stop=StepLimit(9))
    assert difference(ours.multipliers, theirs.multipliers) is None


@pytest.mark.parametrize(
    "check", list(solver_checks(STAGES, Scheduled(ADMM(1.0), 2), 8)), ids=lambda c: c.name
)
def test_contract(check):
    check.run()


def test_paths_by_hand():
    assert budgets("linear", 100, 20, 4) == (80, 60, 40, 20)
    # 20 + 80 (1 − t/4)³ = 53.75, 30, 21.25, 20
    assert budgets("cubic", 100, 20, 4) == (53, 30, 21, 20)
    assert budgets("log", 1000, 1, 3) == (100, 10, 1)
    assert budgets("log", 1000, 1, 5, hold=2) == (100, 10, 1, 1, 1)
    assert budgets("linear", 7, 7, 2) == (7, 7)


@pytest.mark.parametrize("path", ("linear", "cubic", "log"))
def test_paths_fall_to_the_target(path):
    found = budgets(path, 430_500, 1_750, 40, hold=10)
    assert len(found) == 40
    assert found[29:] == (1_750,) * 11 and found[28] > 1_750
    assert list(found) == sorted(found, reverse=True)
    assert found[0] < 430_500


def sweep(step, rho, support):
    array = np.array(support, dtype=float)
    return Sweep(step, rho, 1.0, 1.0, {}, {}, {}, {"x": -array})


def test_support_growth_by_hand():
    """40 nonzeros among 400: 5 changed of 40 is above 0.1, one of 40 above 0.005, none keeps ρ."""
    rule = SupportGrowth(0.1, every=2, limit=0.19)
    rho, memory = rule.init()
    assert rho == 0.1
    start = np.arange(400) < 40
    rho, memory = rule.next(sweep(1, rho, start), memory)
    assert rho == 0.1, "there is nothing to compare with yet"
    moved = np.roll(start, 3)  # 3 entries leave, 3 come: 6 changes
    rho, memory = rule.next(sweep(2, rho, moved), memory)
    assert rho == pytest.approx(0.13)
    rho, same = rule.next(sweep(3, rho, start), memory)
    assert rho == pytest.approx(0.13) and same is memory, "only every second sweep"
    one = moved.copy()
    one[0] = True
    rho, memory = rule.next(sweep(4, rho, one), memory)
    assert rho == pytest.approx(0.13 * 1.2)
    kept, memory = rule.next(sweep(6, rho, one), memory)
    assert kept == rho, "a support that stays leaves ρ alone"
    rho, memory = rule.next(sweep(8, rho, start), memory)
    assert rho == 0.19, "never above the limit"
    many = np.ones(4000)
    few = many.copy()
    few[:10] = 0
    rho, memory = rule.next(sweep(10, 0.1, many), memory._replace(support={"x": few != 0}))
    assert rho == pytest.approx(0.11)


def test_changes_are_a_share_of_the_nonzeros():
    a, b = np.array([1, 1, 0, 0]) > 0, np.array([1, 0, 1, 1]) > 0
    assert changes({"x": a}, {"x": b}) == 1.0
    assert changes({"x": a}, {"x": a & ~a}) == 0.0


def test_descent_is_read_off_the_records():
    """The merit is the recorded value plus s‖g‖²; a change of ρ starts anew."""
    rows = [(1.0, 0.5), (0.9, 0.2), (0.95, 0.0), (3.0, 0.0), (2.0, 1.5)]
    rhos = [2.0, 2.0, 2.0, 4.0, 4.0]
    records = [
        Record(step=k, lagrangian=v, residual=r, step_size=rho, rho=rho)
        for k, ((v, r), rho) in enumerate(zip(rows, rhos, strict=True), 1)
    ]
    assert [merit(r) for r in records] == pytest.approx([1.5, 0.98, 0.95, 3.0, 11.0])
    assert rises(records) == (5,)
    records[2] = records[2]._replace(lagrangian=0.985)
    assert rises(records) == (3, 5) and rises(records, 1e-2) == (5,)


@pytest.mark.parametrize("share", (0.2, 2.2))
def test_set_first_descends_above_twice_the_lipschitz_constant(share):
    L = float(np.linalg.eigvalsh(A.T @ A)[-1])
    solution = solve(stage(2), ADMM(share * L, ((1,), (0,))), stop=StepLimit(60))
    found = rises(solution.trace, 1e-12)
    assert (found == ()) if share > 2 else found
