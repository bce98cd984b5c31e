"""Loops are compiled before a run's clock starts, all of them."""

import sys
from dataclasses import replace

import pytest

from lagrange import compiled, families, runs

SOLVED = [
    ("assignment", "subgradient", {"kind": "C", "agents": 4, "jobs": 30}),
    ("assignment", "bundle", {"kind": "C", "agents": 5, "jobs": 60, "seed": 3}),
    ("assignment", "bundle", {"kind": "E", "agents": 5, "jobs": 60, "seed": 3}),
    ("assignment", "bundle", {"relax": "capacity"}),
    ("knapsack", "bundle", {"items": 30}),
    ("knapsack", "surrogate", {"relax": "copies", "items": 30}),
    ("covering", "bundle", {}),
    ("location", "bundle", {}),
    ("unit_commitment", "bundle", {}),
]


def compilations() -> dict[str, int]:
    """Signatures of every numba function that is loaded."""
    return {
        f"{name}.{word}": len(function.signatures)
        for name, module in list(sys.modules.items())
        if name.startswith(("lagrange.", "problems."))
        for word, function in vars(module).items()
        if hasattr(function, "signatures") and hasattr(function, "py_func")
    }


@pytest.mark.skipif(not compiled.is_available(), reason="numba (extra fast) is not installed")
@pytest.mark.parametrize(("family", "solver", "options"), SOLVED)
def test_nothing_is_left_to_compile_in_a_run(family, solver, options):
    instance = families.make(family, options)
    instance.prepare(solver)
    before = {name: count for name, count in compilations().items() if count}
    runs.execute(family, options, instance, solver, seconds=2.0)
    after = {name: count for name, count in compilations().items() if count}
    assert before and after == before


def test_the_clock_starts_after_the_preparation():
    asked = []
    instance = families.make("lasso", {})
    slow = replace(instance, prepare=lambda solver: asked.append(solver))
    run = runs.execute("lasso", {}, slow, steps=3)
    assert asked == [run.solver_name]
    assert 0 < run.prepared < run.solution.state.record.seconds + 1


def test_a_solver_that_there_is_not_is_not_prepared():
    instance = families.make("lasso", {})
    barred = replace(instance, prepare=lambda solver: pytest.fail(f"prepared {solver}"))
    with pytest.raises(ValueError, match="no solver 'simplex' for this family; it has"):
        runs.execute("lasso", {}, barred, "simplex")
