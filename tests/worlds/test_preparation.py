"""Loops are compiled before a run's clock starts, all of them."""

import subprocess
import sys
from dataclasses import replace
from time import sleep

import pytest

from lagrange import compiled, families, runs
from lagrange.status import Status

NUMBA = pytest.mark.skipif(
    not compiled.is_available(), reason="numba (extra fast) is not installed"
)
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
    ("best_subset", "bundle", {}),
    ("integer_least_squares", "bundle", {}),
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


@NUMBA
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

    def slow(solver):
        asked.append(solver)
        sleep(1.0)

    instance = replace(families.make("lasso", {}), prepare=slow)
    run = runs.execute("lasso", {}, instance, seconds=0.9)
    assert asked == [run.solver_name]
    assert run.prepared >= 1.0
    assert run.solution.status is not Status.TIME_LIMIT


def test_a_solver_that_there_is_not_is_not_prepared():
    instance = families.make("lasso", {})
    barred = replace(instance, prepare=lambda solver: pytest.fail(f"prepared {solver}"))
    with pytest.raises(ValueError, match="no solver 'simplex' for this family; it has"):
        runs.execute("lasso", {}, barred, "simplex")


ALONE = """
from problems.assignment import assignment
assignment().prepare("bundle")
from problems.assignment_exchange_loops import searched
from problems.assignment_search_loops import search
print(len(searched.signatures), len(search.signatures))
"""


@NUMBA
def test_exchanges_and_the_search_are_compiled_whether_a_run_comes_to_them_or_not():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert all(int(word) > 0 for word in done.stdout.split()), done.stdout
