"""What must not change when the same problem is cut or numbered differently."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange import Problem, Start, StepLimit, Subgradient, SurrogateLagrangian, solve
from lagrange.bounds import exact_sweep
from lagrange.oracles.knapsack import Knapsack
from lagrange.step_sizes import Constant, SurrogateContraction
from problems.assignment import assignment, build, starting_prices
from problems.assignment_data import AssignmentData, generate
from tests.exact.finite import Finite
from tests.exact.instances import all_assignments, assignments, coupled_problems, whole
from tests.tolerances import CERTIFIED, EXACT


def joined(one: Finite, other: Finite) -> Finite:
    """One block whose choices are the pairs of choices of two."""
    pairs = list(itertools.product(range(len(one.costs)), range(len(other.costs))))
    images = {
        row: np.array([one.images[row][i] + other.images[row][j] for i, j in pairs])
        for row in one.images
    }
    return Finite([one.costs[i] + other.costs[j] for i, j in pairs], images)


@settings(max_examples=80)
@given(problem=coupled_problems(), price=whole(-3, 3, 4))
def test_a_block_split_in_two_proves_the_same_bound(problem, price):
    width = problem.rhs["equal"].size
    at = {"equal": price[:width] / 3, "most": np.abs(price[2 : 2 + width]) / 3}
    first, *rest = problem.blocks
    split = replace(problem, blocks=(first, *rest, first))
    merged = replace(problem, blocks=(joined(first, first), *rest))
    bound, again = exact_sweep(split, at)[0], exact_sweep(merged, at)[0]
    assert bound == pytest.approx(again, abs=CERTIFIED(bound))


@settings(max_examples=80)
@given(
    cost=whole(-9, 9, 6),
    weight=whole(0, 5, 6),
    price=whole(-9, 9, 6),
    left=st.integers(1, 5),
)
def test_a_knapsack_that_separates(cost, weight, price, left):
    """With room for everything the items do not compete: two knapsacks of half the items each."""
    room = int(weight.sum()) + 1
    only_left = np.where(np.arange(6) < left, weight, room + 1)  # too heavy: never taken
    only_right = np.where(np.arange(6) < left, room + 1, weight)
    at, rhs = {"row": price / 7}, {"row": np.ones(6)}
    whole_block = Problem((Knapsack(cost, weight, room, "row"),), rhs)
    halves = Problem(tuple(Knapsack(cost, w, room, "row") for w in (only_left, only_right)), rhs)
    (bound, answers), (again, parts) = exact_sweep(whole_block, at), exact_sweep(halves, at)
    assert bound == pytest.approx(again, abs=CERTIFIED(bound))
    assert (whole_block.residual(answers)["row"] == halves.residual(parts)["row"]).all()


@settings(max_examples=60)
@given(problem=coupled_problems(), order=st.permutations(range(3)))
def test_the_order_of_blocks_does_not_matter_to_an_exact_sweep(problem, order):
    order = [i for i in order if i < len(problem.blocks)]
    other = replace(problem, blocks=tuple(problem.blocks[i] for i in order))
    solver = Subgradient(Constant(0.3))
    one, two = (solve(p, solver, stop=StepLimit(8)) for p in (problem, other))
    for row, multipliers in one.state.multipliers.items():
        assert multipliers == pytest.approx(two.state.multipliers[row], abs=EXACT(size=8))
    assert one.lower_bound == pytest.approx(two.lower_bound, abs=CERTIFIED(one.lower_bound))
    points = [two.responses[order.index(i)].point for i in range(len(problem.blocks))]
    assert [r.point for r in one.responses] == points


SOLVERS = [
    Subgradient(Constant(0.37)),
    SurrogateLagrangian(SurrogateContraction(40, 0.2, first_step=0.71), sweep_every=6),
]


@pytest.mark.parametrize("solver", SOLVERS, ids=["subgradient", "surrogate"])
def test_a_permutation_of_jobs_permutes_the_answers(solver):
    """Prices start at generic numbers, so that no tie is broken by position."""
    data, rng = generate("D", 4, 12, 5), np.random.default_rng(0)
    jobs = rng.permutation(12)
    permuted = replace(data, cost=data.cost[:, jobs], weight=data.weight[:, jobs])
    prices = starting_prices(data) + rng.random(12)
    one, two = (
        solve(p, solver, stop=StepLimit(60), start=solver.init(p, Start({"assign": at})))
        for p, at in (
            (replace(build(data), integral=False), prices),
            (replace(build(permuted), integral=False), prices[jobs]),
        )
    )
    close = EXACT(size=60, scale=1e3)
    assert one.state.multipliers["assign"][jobs] == pytest.approx(
        two.state.multipliers["assign"], abs=close
    )
    for a, b in zip(one.responses, two.responses, strict=True):
        assert (a.point.chosen[jobs] == b.point.chosen).all()
    assert one.lower_bound == pytest.approx(two.lower_bound, abs=CERTIFIED(one.lower_bound))
    assert one.trace.column("cost") == two.trace.column("cost")


@settings(max_examples=25)
@given(data=assignments(), step=st.sampled_from(("subgradient", "surrogate")))
def test_a_maximum_is_minus_the_minimum_of_the_negation(data, step, tmp_path_factory):
    """The maximization family solves the negated instance; its bounds bracket the maximum."""
    folder = tmp_path_factory.mktemp("instances")
    (folder / "max.txt").write_text(data.to_text())
    (folder / "min.txt").write_text(replace(data, cost=-data.cost).to_text())
    largest = max(cost for _, cost, feasible in all_assignments(data) if feasible)
    found = []
    for sense in ("max", "min"):
        instance = assignment(instance=str(folder / f"{sense}.txt"), sense=sense)
        solver = SOLVERS[step == "surrogate"]
        found.append(solve(instance.methods[step](8).problem, solver, stop=StepLimit(8)))
        assert instance.sense == sense
    one, two = found
    assert (one.lower_bound, one.upper_bound) == (two.lower_bound, two.upper_bound)
    assert -one.upper_bound <= largest <= -one.lower_bound


def test_the_two_senses_of_a_square_instance_differ():
    """The check of the check above: negation is not the identity."""
    data = AssignmentData(np.array([[1, 5], [2, 9]]), np.ones((2, 2), int), np.array([1, 1]))
    costs = {cost for _, cost, feasible in all_assignments(data) if feasible}
    assert (min(costs), max(costs)) == (7, 10)
