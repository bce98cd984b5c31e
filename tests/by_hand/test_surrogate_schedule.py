"""‖λ^{k+1} − λ^k‖ = α_k ‖λ^k − λ^{k−1}‖, measured on the multipliers themselves."""

from itertools import pairwise

import numpy as np
import pytest

from lagrange import Problem, Start, SurrogateLagrangian
from lagrange.step_sizes import SurrogateContraction
from problems.assignment import build, starting_prices
from problems.assignment_data import generate
from tests.by_hand.drive import stacked, states
from tests.exact.finite import Finite
from tests.tolerances import EXACT

M, R, FIRST = 60.0, 0.15, 0.5


def alpha(k: int) -> float:
    return 1 - 1 / (M * k ** (1 - 1 / k**R))


def assert_on_schedule(kept, first: float, moves: int):
    """Between moves λ stands still bit by bit; the lengths of the moves follow α from the first."""
    lengths = []
    for before, after in pairwise(kept):
        old, new = stacked(before.multipliers), stacked(after.multipliers)
        if after.record.moves == before.record.moves:
            assert (old == new).all()
            continue
        lengths.append(float(np.linalg.norm(new - old)))
        # subtracting multipliers leaves the rounding of numbers of their size
        close = EXACT(size=new.size, scale=float(np.abs(new).max()))
        if len(lengths) == 1:
            assert lengths[0] == pytest.approx(first, abs=close)
        else:
            k = len(lengths) - 1
            assert lengths[k] == pytest.approx(alpha(k) * lengths[k - 1], abs=close)
        assert after.record.movement == pytest.approx(lengths[-1], abs=close)
    assert len(lengths) >= moves


@pytest.mark.parametrize("group", [1, 2])
def test_on_an_assignment_instance(group):
    data = generate("D", 5, 25, 3)
    rule = SurrogateContraction(M, R, first_step=FIRST)
    solver = SurrogateLagrangian(rule, group=group, sweep_every=50)
    kept = states(build(data), solver, 700, Start({"assign": starting_prices(data)}))
    g0 = sum(r.image["assign"] for r in kept[1].responses) - 1
    assert_on_schedule(kept, FIRST * float(np.linalg.norm(g0)), moves=300)
    assert not all(s.record.accepted for s in kept[1:])


def test_the_norm_is_that_of_all_rows_stacked():
    """Two rows of different sizes: a sum of the rows' norms would be up to √2 times as long."""
    rng = np.random.default_rng(0)
    blocks = tuple(
        Finite(
            rng.normal(size=4).tolist(),
            {"one": rng.normal(size=(4, 3)), "two": rng.normal(size=(4, 2))},
        )
        for _ in range(3)
    )
    problem = Problem(blocks, {"one": np.ones(3), "two": np.zeros(2)})
    rule = SurrogateContraction(M, R, first_step=FIRST)
    kept = states(problem, SurrogateLagrangian(rule), 400)
    g0 = sum(np.concatenate([r.image["one"] - 1 / 3, r.image["two"]]) for r in kept[1].responses)
    assert_on_schedule(kept, FIRST * float(np.linalg.norm(g0)), moves=100)
