"""Saved runs of each sort, for the tests of certificates."""

import pytest

from tests.worlds.runs import executed, verdict

MAKE = {
    "assignment-min": lambda: executed(
        "assignment", kind="D", agents=4, jobs=12, seed=2, sense="min", steps=200
    ),
    "assignment-max": lambda: executed(
        "assignment", kind="C", agents=4, jobs=12, seed=2, sense="max", steps=200
    ),
    "surrogate": lambda: executed(
        "assignment", "surrogate", kind="E", agents=4, jobs=20, seed=1, steps=150, start="zero"
    ),
    "lasso": lambda: executed("lasso"),
    "lasso-rough": lambda: executed("lasso", "surrogate", table="random", columns=4, steps=50),
    "pruning": lambda: executed("pruning", pretrain=1, epochs=2, retrain=0),
}
ASSIGNMENTS = ("assignment-min", "assignment-max", "surrogate")
BOUNDED = (*ASSIGNMENTS, "lasso", "lasso-rough")
ROW = {name: "assign" if name in ASSIGNMENTS else "split" for name in BOUNDED}


def of_runs(*names):
    return pytest.mark.parametrize("saved", names, indirect=True, ids=names)


def rejected(folder):
    """Words or a clear ValueError, as the command line shows them: nothing else."""
    try:
        wrong = verdict(folder)
    except ValueError:
        return
    assert wrong, "accepted"
