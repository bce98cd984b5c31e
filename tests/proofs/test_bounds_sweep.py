"""The sweep over tiny problems: it knows the truth about them, and broken solvers do not pass."""

import math
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest

from lagrange import Subgradient, solve
from lagrange.certificates import float_below
from lagrange.oracles.folded import BinaryImages
from lagrange.stopping import StepLimit
from proofs_checks.bounds_sweep import SOLVERS, Subject, Tally, step_rule, sweep
from proofs_checks.tiny_problems import Choices, random_problem, scaled
from tests.proofs import sweep_mutants

ROOT = Path(__file__).parents[2]
OWN = sweep_mutants.__name__


def enumerated(tiny):
    """Every point: its cost and uses, the slow way."""
    for point in product(*tiny.options):
        cost = sum((o.cost for o in point), Fraction(0))
        yield cost, [sum(column) for column in zip(*(o.uses for o in point), strict=True)]


@pytest.mark.parametrize("seed", range(60))
def test_optimum_and_dual_value(seed):
    random = Random(seed)
    tiny = random_problem(random)
    e, rhs = tiny.equal, list(tiny.rhs)
    feasible = [
        cost
        for cost, uses in enumerated(tiny)
        if uses[:e] == rhs[:e] and all(a <= b for a, b in zip(uses[e:], rhs[e:], strict=True))
    ]
    assert tiny.optimum() == min(feasible)
    prices = [random.choice((0.0, 0.1, 2.5, -1.3)) for _ in rhs[:e]]
    prices += [random.choice((0.0, 0.1, 2.5)) for _ in rhs[e:]]
    values = [
        cost + sum(Fraction(p) * (a - b) for p, a, b in zip(prices, uses, rhs, strict=True))
        for cost, uses in enumerated(tiny)
    ]
    assert tiny.dual(prices) == min(values) <= tiny.optimum()
    assert tiny.is_dual_feasible(prices)
    assert tiny.is_dual_feasible([*prices[:-1], -1.0]) == (e == len(rhs))


def test_there_are_problems_of_all_kinds():
    found = [random_problem(Random(i)) for i in range(300)]
    assert {p.integral for p in found} == {True, False}
    assert {len(p.options) for p in found} == {1, 2, 3}
    assert any(k is not None for p in found for k in p.knapsacks)
    assert {(p.equal > 0, p.equal < len(p.rhs)) for p in found} == {
        (True, False),
        (False, True),
        (True, True),
    }
    costs = [o.cost for p in found if not p.integral for options in p.options for o in options]
    assert any(c.denominator > 2**30 for c in costs)  # floats that are no tenths exactly
    whole = [o.cost for p in found if p.integral for options in p.options for o in options]
    assert all(c.denominator == 1 for c in whole)
    gaps = [p.optimum() - p.dual([0.0] * len(p.rhs)) for p in found]
    assert sum(gap > 0 for gap in gaps) > 100  # most are not solved by the price 0


def test_scaled_floats_are_themselves():
    values = [0.1, -3.0, 2.0**-60, 0.0]
    numbers, over = scaled(values)
    assert [Fraction(n, over) for n in numbers] == [Fraction(v) for v in values]


def test_the_knapsacks_are_those_of_the_library():
    for i in range(60):
        tiny = random_problem(Random(i))
        problem = tiny.problem()
        for knapsack, options, block in zip(
            tiny.knapsacks, tiny.options, problem.blocks, strict=True
        ):
            assert isinstance(block, Choices if knapsack is None else BinaryImages)
            if knapsack is not None:
                price = {knapsack.row: 0.0 * knapsack.cost}
                assert block.respond(price, None, None).cost == float(min(o.cost for o in options))


@pytest.mark.parametrize("seed", range(40))
def test_what_is_allowed_of_a_bound(seed):
    random = Random(seed)
    tiny = random_problem(random)
    prices = [random.choice((0.1, 0.7, 2.3)) for _ in tiny.rhs]
    dual, optimum = tiny.dual(prices), tiny.optimum()
    subject = Subject(tiny, tiny.problem(), optimum)

    def counts(bound: float, values: list[float]) -> tuple[int, int]:
        tally, rows = Tally(), {"equal": values[: tiny.equal], "most": values[tiny.equal :]}
        subject.judge(bound, {n: np.array(v) for n, v in rows.items() if v}, tally)
        assert tally.bounds == 1
        return tally.above_dual, tally.above_optimum

    below = float_below(dual)
    assert counts(below, prices) == (0, 0)
    allowed = math.ceil(dual) if tiny.integral else dual
    above = math.nextafter(float_below(Fraction(allowed)), math.inf)
    assert counts(above, prices) == (1, int(Fraction(above) > optimum))
    if tiny.integral:
        assert counts(float(allowed), prices) == (0, 0)
    assert counts(float(optimum) + 1.0, prices) == (1, 1)
    if tiny.equal < len(prices):  # λ < 0 on the ≤ row proves nothing
        assert counts(below - 1e6, [*prices[:-1], -0.1]) == (1, 0)


def test_no_bound_is_invalid():
    tallies = sweep(100, seed=7)
    assert set(tallies) == set(SOLVERS)
    for tally in tallies.values():
        assert tally.runs == 100 and tally.bounds > 100 and tally.invalid == 0


def test_every_rule_is_used():
    kinds = {type(step_rule(Random(i))).__name__ for i in range(100)}
    assert kinds == {"Constant", "Diminishing", "Polyak", "SurrogateContraction"}


def test_an_integral_bound_may_lie_above_the_dual_value_but_not_above_the_next_integer():
    """Else rounding up would be counted as wrong, or nothing would."""
    strictly = 0
    for i in range(200):
        tiny = random_problem(Random(i))
        if tiny.integral:
            solution = solve(tiny.problem(), Subgradient(), stop=StepLimit(3))
            dual = tiny.dual(tiny.flat(solution.multipliers))
            strictly += Fraction(solution.lower_bound) > dual
    assert strictly > 5


@pytest.mark.parametrize("name", sweep_mutants.SOLVERS)
def test_a_broken_solver_is_caught(name):
    (tally,) = sweep(60, solvers={name: getattr(sweep_mutants, name)}).values()
    assert tally.runs == 60 and tally.above_dual > 0
    (right,) = sweep(60, solvers={"right": lambda random: Subgradient(step_rule(random))}).values()
    assert right.invalid == 0


@pytest.mark.parametrize("name", sweep_mutants.BLOCKS)
def test_a_broken_block_is_caught(name):
    tallies = sweep(40, wrap=getattr(sweep_mutants, name))
    assert all(tally.above_dual > 0 for tally in tallies.values())


def test_a_failure_names_the_problem():
    with pytest.raises(
        ValueError, match="failed on problem 0 of seed 3: block 0 answered with bound"
    ):
        sweep(5, seed=3, wrap=lambda block: sweep_mutants.Around(block, lambda v: v + 1000.0))


def command(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "proofs_checks.bounds_sweep", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_the_command():
    right = command("--count", "20", "--seed", "2")
    assert right.returncode == 0 and "20 problems (seed 2)" in right.stdout
    assert ", 0 invalid, " in right.stdout
    for words in (("--solver", f"{OWN}:mixed_generations"), ("--around", f"{OWN}:rounded_up")):
        broken = command("--count", "30", *words)
        assert broken.returncode == 1 and ", 0 invalid, " not in broken.stdout, broken.stderr


@pytest.mark.slow
def test_ten_thousand_problems():
    assert sum(tally.invalid for tally in sweep(10_000, seed=11).values()) == 0
