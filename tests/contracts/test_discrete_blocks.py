"""Knapsacks seen through maps, units and split halves keep every law of a block."""

import math

import numpy as np
import pytest

from lagrange.queries import Quadratic
from lagrange.testing import Check
from tests.contracts.discrete_block_cases import discrete_block_cases
from tests.contracts.laws import laws_of

CASES = discrete_block_cases()


@pytest.mark.parametrize("check", laws_of(CASES))
def test_block(check: Check) -> None:
    check.run()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bounds_are_proved_at_prices_alone(case) -> None:
    for q in case.questions:
        bound = case.block.respond(q.price, q.query, q.start).bound
        assert math.isfinite(bound) != isinstance(q.query, Quadratic), str(q)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name.startswith("unit")], ids=lambda c: c.name
)
def test_what_a_unit_does_is_one_of_its_legal_schedules(case) -> None:
    known = {_key(c.image, c.cost) for c in case.candidates}
    done = [case.block.respond(q.price, None, None) for q in case.questions]
    assert all(_key(r.image, r.cost) in known for r in done)
    assert len({_key(r.image, r.cost) for r in done}) >= 2, "the prices make no difference"
    assert all((r.image["reserve"] < 0).tolist() == r.point.tolist() for r in done)


def _key(image, cost):
    return (*np.concatenate([image["demand"], image["reserve"] + 0.0]).tolist(), float(cost))
