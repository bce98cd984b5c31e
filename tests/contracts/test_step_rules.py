"""Step rules are pure, and their numbers are those of a table made by hand."""

import math
from itertools import pairwise
from typing import Any

import pytest

from lagrange.contraction import choose_constants, log_product
from lagrange.step_sizes import Constant, Diminishing, Polyak, Progress, SurrogateContraction
from lagrange.testing import check_step_rule, sample_run
from tests.tolerances import CONVERGED, EXACT

RULES: dict[str, Any] = {
    "constant": Constant(0.3),
    "diminishing": Diminishing(2.0),
    "diminishing-1": Diminishing(0.5, power=1.0),
    "polyak-target": Polyak(target=2.0),
    "polyak-low-target": Polyak(target=-20.0),  # reached on the way: the step is 0
    "polyak-bound": Polyak(scale=0.5),
    "polyak-patience": Polyak(scale=1.9, patience=2),
    "contraction": SurrogateContraction(M=20.0, r=0.1, first_step=0.5),
    "contraction-target": SurrogateContraction(M=2.0, r=0.5, target=3.0),
    "contraction-bound": SurrogateContraction(M=50.0, r=0.02),
    "contraction-horizon": SurrogateContraction.for_horizon(30, shrink=0.01, first_step=1.0),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_step_rule(rule: Any) -> None:
    check_step_rule(rule)


@pytest.mark.parametrize(
    "rule", [Polyak(estimate=5.0), SurrogateContraction(5.0, 0.1, estimate=5.0)]
)
def test_step_rule_without_a_known_point(rule: Any) -> None:
    run = sample_run()
    check_step_rule(rule, [run, [p._replace(upper_bound=math.nan) for p in run]])


def steps(rule: Any, run: list[Progress]) -> list[float]:
    memory, found = rule.init(), []
    for now in run:
        step, memory = rule.next(now, memory)
        found.append(step)
    return found


def run_of(residuals: list[float], lagrangians: list[float], upper: float) -> list[Progress]:
    both = zip(residuals, lagrangians, strict=True)
    return [Progress(k, g, L, math.nan, upper) for k, (g, L) in enumerate(both)]


RUN = run_of([2.0, 1.0, 4.0, 0.5], [-6.0, -4.0, -5.0, -4.0], 2.0)


# contraction with M = 2, r = 1: p_k = 1 − 1/k, 1/k^p = k^(1/k)/k, so
#   α_1 = 1 − 1/2 = 1/2,  α_2 = 1 − √2/4,  α_3 = 1 − 3^(1/3)/6;  d_0 = s_0 ‖g_0‖, s_k = d_k / ‖g_k‖
A2, A3 = 1 - math.sqrt(2) / 4, 1 - 3 ** (1 / 3) / 6
TABLE: dict[str, tuple[Any, list[float]]] = {
    "constant": (Constant(0.3), [0.3] * 4),
    "diminishing": (Diminishing(6.0), [6.0, 6 / math.sqrt(2), 6 / math.sqrt(3), 3.0]),
    "diminishing-1": (Diminishing(6.0, 1.0), [6.0, 3.0, 2.0, 1.5]),
    # (2 − L)/‖g‖² = 8/4, 6/1, 7/16, 6/0.25
    "polyak": (Polyak(), [2.0, 6.0, 7 / 16, 24.0]),
    "polyak-half": (Polyak(scale=0.5), [1.0, 3.0, 7 / 32, 12.0]),
    # target −4.5 instead of 2: above L at the first and third move only
    "polyak-target": (Polyak(target=-4.5), [1.5 / 4, 0.0, 0.5 / 16, 0.0]),
    # L is not better than the best at moves 2 and 3
    "polyak-patience-1": (Polyak(patience=1), [2.0, 6.0, 7 / 32, 6.0]),
    "polyak-patience-2": (Polyak(patience=2), [2.0, 6.0, 7 / 16, 12.0]),
    # the upper bound is known and goes before the estimate
    "polyak-estimate": (Polyak(estimate=100.0), [2.0, 6.0, 7 / 16, 24.0]),
    "contraction": (
        SurrogateContraction(2.0, 1.0, first_step=3.0),
        [3.0, 6 * 0.5, 6 * 0.5 * A2 / 4, 6 * 0.5 * A2 * A3 / 0.5],
    ),
    # s_0 = (2 + 6)/4 = 2, d_0 = 4
    "contraction-bound": (
        SurrogateContraction(2.0, 1.0),
        [2.0, 4 * 0.5, 4 * 0.5 * A2 / 4, 4 * 0.5 * A2 * A3 / 0.5],
    ),
    # s_0 = (10 + 6)/4 = 4, d_0 = 8
    "contraction-target": (
        SurrogateContraction(2.0, 1.0, target=10.0),
        [4.0, 8 * 0.5, 8 * 0.5 * A2 / 4, 8 * 0.5 * A2 * A3 / 0.5],
    ),
}


@pytest.mark.parametrize(("rule", "wanted"), TABLE.values(), ids=TABLE)
def test_steps_by_hand(rule: Any, wanted: list[float]) -> None:
    assert steps(rule, RUN) == pytest.approx(wanted, rel=EXACT(), abs=EXACT())


def test_patience_starts_anew_after_each_halving() -> None:
    still = run_of([1.0] * 7, [-6.0] * 7, 2.0)
    assert steps(Polyak(patience=2), still) == [8.0, 8.0, 4.0, 4.0, 2.0, 2.0, 1.0]
    better = run_of([1.0] * 4, [-6.0, -6.0, -5.0, -5.0], 2.0)
    assert steps(Polyak(patience=2), better) == [8.0, 8.0, 7.0, 7.0]


def test_the_estimate_stands_in_for_an_unknown_bound() -> None:
    unknown = [now._replace(upper_bound=math.nan) for now in RUN]
    assert steps(Polyak(estimate=2.0), unknown) == steps(Polyak(), RUN)
    first = SurrogateContraction(2.0, 1.0, estimate=2.0)
    assert steps(first, unknown) == steps(SurrogateContraction(2.0, 1.0), RUN)


@pytest.mark.parametrize("shrink", [0.5, 0.1, 1e-3, 1e-6])
@pytest.mark.parametrize("moves", [10, 100, 5000])
def test_for_horizon_meets_its_product(moves: int, shrink: float) -> None:
    """The step *lengths* shrink to ``shrink`` over the moves, whatever the residuals do."""
    rule = SurrogateContraction.for_horizon(moves, shrink=shrink, first_step=2.0)
    residuals = [1.0 + k % 7 for k in range(moves + 1)]
    run = run_of(residuals, [-1.0] * (moves + 1), 0.0)
    lengths = [s * g for s, g in zip(steps(rule, run), residuals, strict=True)]
    # 60 halvings of log(M − 1) from a range of 49 leave an error of 1e-16 · moves; sums of logs more
    assert lengths[-1] / lengths[0] == pytest.approx(shrink, rel=CONVERGED(EXACT(float, moves)))
    assert all(a > b > 0 for a, b in pairwise(lengths))


def test_for_horizon_still_moves_behind_the_horizon() -> None:
    for moves in (50, 1000):
        M, r = choose_constants(moves, 1e-3)
        assert log_product(2 * moves, M, r) - math.log(1e-3) >= math.log(0.1)
        assert log_product(moves, M, r) == pytest.approx(math.log(1e-3), rel=1e-9)
