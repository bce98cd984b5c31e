"""The same run twice, and on two processes instead of one, gives the same bits."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from lagrange import families, solve
from lagrange.parallel import over
from lagrange.stopping import StepLimit

RUNS = {
    "lasso": ({"table": "random", "rows": 30, "columns": 12, "seed": 3}, "admm"),
    "exchange_market": ({"agents": 6, "goods": 4, "seed": 1}, "admm"),
    "allocation": ({"agents": 4, "resources": 5, "seed": 2}, "subgradient"),
    "multicommodity": ({"seed": 1}, "admm"),
    "assignment": ({"kind": "C", "agents": 4, "jobs": 20, "seed": 5}, "surrogate"),
}


def traced(name, **how):
    options, solver = RUNS[name]
    method = families.make(name, options).methods[solver](60)
    start = method.solver.init(method.problem, method.start)
    return solve(method.problem, method.solver, stop=StepLimit(60), start=start, **how)


def same(one, two):
    """Every number of the trace but the time, and all multipliers."""
    assert len(one.trace) == len(two.trace) > 5
    for a, b in zip(one.trace, two.trace, strict=True):
        np.testing.assert_array_equal(a._replace(seconds=0.0), b._replace(seconds=0.0))
    for row, array in one.state.multipliers.items():
        assert (array == two.state.multipliers[row]).all()
        assert array.tobytes() == two.state.multipliers[row].tobytes()


@pytest.fixture(scope="module")
def workers():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("name", RUNS)
def test_the_same_seed_gives_the_same_bits(name):
    same(traced(name), traced(name))


@pytest.mark.parametrize("name", RUNS)
def test_two_workers_give_the_bits_of_one(name, workers):
    same(traced(name), traced(name, answer=over(workers)))
