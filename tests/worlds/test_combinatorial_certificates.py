"""Saved runs of the combinatorial families: honest ones are accepted, tampered ones are rejected."""

import math
import shutil

import numpy as np
import pytest

from lagrange import run_folder
from tests.worlds.runs import executed, rebuilt, verdict
from tests.worlds.saved_runs import rejected
from tests.worlds.tampering import change_array, change_report, report_of

SMALL = {"items": 8, "rows": 3, "tightness": 0.4}
MAKE = {
    "knapsack-rows": lambda: executed("knapsack", relax="rows", steps=30, **SMALL),
    "knapsack-copies": lambda: executed("knapsack", relax="copies", steps=30, **SMALL),
    "unit-commitment": lambda: executed("unit_commitment", units=3, hours=8, steps=30),
    "best-subset": lambda: executed(
        "best_subset", "subgradient", table="random", rows=15, columns=5, k=2
    ),
    "best-subset-admm": lambda: executed("best_subset", "admm", table="random", columns=6, k=2),
    "whole": lambda: executed("integer_least_squares", columns=5, rows=9, steps=40),
    "capacity": lambda: executed(
        "assignment", relax="capacity", kind="D", agents=3, jobs=12, sense="max", steps=60
    ),
}
POINT = {  # the array of a point, and the spoiled entries that break a rule
    "knapsack-rows": ("chosen", lambda a: np.ones_like(a)),
    "knapsack-copies": ("chosen", lambda a: a + 0.5),
    "unit-commitment": ("output", lambda a: a + 1),
    "best-subset": ("x", lambda a: a + 0.01),
    "best-subset-admm": ("x", lambda a: 1e6 * a),
    "whole": ("x", lambda a: a + 0.5),
    "capacity": ("agent", lambda a: np.zeros_like(a)),
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    parent = tmp_path_factory.mktemp("runs")
    for name, make in MAKE.items():
        run_folder.save(make(), parent / name)
    return parent


@pytest.fixture(params=MAKE)
def saved(originals, tmp_path, request):
    return shutil.copytree(originals / request.param, tmp_path / request.param)


def test_honest_runs_are_accepted_and_claim_something(saved, tmp_path, monkeypatch):
    moved = saved.rename(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert verdict(moved) == []
    report = report_of(moved)
    assert report["certified"] is True
    assert all(math.isfinite(report[key]) for key in ("lower_bound", "upper_bound", "gap"))
    assert report["lower_bound"] <= report["upper_bound"]
    for fact in rebuilt(run_folder.load(moved)).exact.fact_names:
        assert isinstance(report[fact], int)
        change_report(moved, **{fact: report[fact] + 1})
        assert any(wrong.startswith(fact) for wrong in verdict(moved))
        change_report(moved, **{fact: report[fact]})


@pytest.mark.parametrize("claim", ("lower_bound", "upper_bound", "dual_value", "gap"))
def test_a_claim_that_is_moved_by_one_float_is_rejected(saved, claim):
    told = report_of(saved)[claim]
    for sign in (math.inf, -math.inf):
        change_report(saved, **{claim: math.nextafter(told, sign)})
        (wrong,) = verdict(saved)
        assert wrong.startswith(f"{claim}: claimed")


def test_other_multipliers_are_rejected(saved):
    """Moved by 1 up and down: the bound that they prove is another one, and none is accepted."""
    with np.load(saved / "multipliers.npz") as stored:
        rows = list(stored.files)
    for name in rows:
        original = (saved / "multipliers.npz").read_bytes()
        for step in (1.0, -1.0):

            def move(array, step=step):
                array[0] += step

            change_array(saved / "multipliers.npz", name, move)
            rejected(saved)
            (saved / "multipliers.npz").write_bytes(original)
    assert verdict(saved) == []


def test_a_point_that_breaks_a_rule_is_rejected(saved):
    name, spoil = POINT[saved.name]
    with np.load(saved / "point.npz") as stored:
        arrays = {key: stored[key] for key in stored.files}
    np.savez(saved / "point.npz", **{**arrays, name: spoil(arrays[name])})
    (wrong,) = verdict(saved)
    assert wrong.startswith("point.npz: ")


def test_another_instance_is_noticed(saved):
    (file,) = (p for n in ("instance.txt", "table.csv") if (p := saved / n).exists())
    file.write_text(file.read_text() + "\n")
    assert verdict(saved) == [f"{file.name} is not the file of this run: its SHA-256 differs"]
