"""Certificates: an honest run folder is accepted, a changed one is rejected, and no solver is asked."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from lagrange import engine, run_folder, runs
from lagrange.certificates import float_above, float_below
from lagrange.nn import TrainingBlock
from lagrange.oracles.closed_form import L1Norm, LeastSquares
from lagrange.oracles.knapsack import Knapsack
from lagrange.oracles.set_block import SetBlock
from tests.worlds.runs import rebuilt, verdict
from tests.worlds.saved_runs import ASSIGNMENTS, BOUNDED, MAKE, ROW, of_runs, rejected
from tests.worlds.tampering import (
    change_array,
    change_report,
    exact_dual,
    lowering_move,
    report_of,
)


@of_runs(*MAKE)
def test_honest_runs_are_accepted(saved):
    assert verdict(saved) == []


@of_runs(*BOUNDED)
def test_they_claim_something(saved):
    report = report_of(saved)
    assert report["certified"] is True
    assert all(math.isfinite(report[name]) for name in ("lower_bound", "upper_bound", "gap"))
    assert report["lower_bound"] <= report["upper_bound"]
    if report["sense"] == "min":
        assert report["dual_value"] <= report["lower_bound"]
    else:
        assert report["upper_bound"] <= report["dual_value"]


@of_runs(*MAKE)
def test_verification_asks_no_solver_and_no_block(saved, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("verification called a solver or a block")

    for owner, name in (
        *(
            (block, "respond")
            for block in (Knapsack, LeastSquares, L1Norm, SetBlock, TrainingBlock)
        ),
        (engine, "solve"),
        (engine, "serially"),
        (runs, "solve"),
        (runs, "execute"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    for module in ("subgradient", "surrogate", "admm", "progressive"):
        for method in ("init", "ask", "tell"):
            name = {"admm": "ADMM", "surrogate": "SurrogateLagrangian"}.get(module, module.title())
            monkeypatch.setattr(f"lagrange.solvers.{module}.{name}.{method}", refuse)
    monkeypatch.setattr("problems.assignment_repair.repair", refuse)
    assert verdict(saved) == []


@of_runs(*BOUNDED)
@pytest.mark.parametrize("raised", (1e-6, 1.0, "by one float"))
@pytest.mark.parametrize("name", ("lower_bound", "upper_bound", "dual_value", "gap"))
def test_a_claim_that_is_moved_is_rejected(saved, name, raised):
    """Up or down: the claim is what is proved, nothing near it."""
    claim = report_of(saved)[name]
    for sign in (1.0, -1.0):
        moved = (
            math.nextafter(claim, sign * math.inf)
            if raised == "by one float"
            else claim + sign * raised
        )
        change_report(saved, **{name: moved})
        wrong = verdict(saved)
        assert len(wrong) == 1 and wrong[0].startswith(f"{name}: claimed {moved}, proved {claim}")


@of_runs(*BOUNDED)
@pytest.mark.parametrize("claim", (None, "3", True, math.nan, math.inf))
@pytest.mark.parametrize("name", ("lower_bound", "upper_bound", "dual_value"))
def test_a_claim_that_is_no_number_is_rejected(saved, name, claim):
    change_report(saved, **{name: claim})
    assert verdict(saved)


@of_runs(*BOUNDED)
@pytest.mark.parametrize("size", (1.0, 1e-3, 1e-9))
def test_a_multiplier_that_lowers_the_bound_is_rejected(saved, size):
    row = ROW[saved.name]
    before = run_folder.load(saved)
    twin, multipliers = rebuilt(before).exact, before.multipliers[row]
    entry, step = lowering_move(twin, row, multipliers, size)

    def move(array):
        array[entry] += step

    change_array(saved / "multipliers.npz", row, move)
    moved = exact_dual(twin, row, run_folder.load(saved).multipliers[row])
    assert moved < exact_dual(twin, row, multipliers)
    claim = report_of(saved)["dual_value"]
    sign = -1 if saved.name.endswith("max") else 1
    if saved.name == "lasso" and float_below(moved) == claim:  # flat at its maximum: still proved
        assert size < 1e-6 and verdict(saved) == []
    else:
        assert f"dual_value: claimed {claim}, proved {sign * float_below(moved)}" in verdict(saved)


@of_runs(*BOUNDED)
@pytest.mark.parametrize("bad", (math.nan, math.inf, -math.inf))
def test_a_multiplier_that_is_no_number_is_rejected(saved, bad):
    def spoil(array):
        array[0] = bad

    change_array(saved / "multipliers.npz", ROW[saved.name], spoil)
    rejected(saved)


@of_runs(*BOUNDED)
def test_multipliers_of_another_length_are_rejected(saved):
    row = ROW[saved.name]
    with np.load(saved / "multipliers.npz") as stored:
        long, short = np.append(stored[row], 0.0), stored[row][:-1]
    for array in (long, short):
        np.savez(saved / "multipliers.npz", **{row: array})
        rejected(saved)


def test_multipliers_of_another_row_are_rejected_by_name(copied):
    folder = copied("assignment-min")
    np.savez(folder / "multipliers.npz", other=np.zeros(12))
    wrong = verdict(folder)
    assert wrong and "multipliers.npz" in wrong[0] and "'assign'" in wrong[0]


@of_runs(*MAKE)
def test_claims_need_their_evidence(saved):
    """Without the point nothing that was said about it is proved."""
    (saved / "point.npz").unlink()
    assert verdict(saved)


def test_a_run_that_proves_no_bound_must_not_say_it_is_certified(copied):
    folder = copied("pruning")
    assert report_of(folder)["certified"] is False
    change_report(folder, certified=True)
    assert verdict(folder)


@of_runs("assignment-min", "assignment-max")
def test_the_sense_is_part_of_the_claim(saved):
    other = "max" if report_of(saved)["sense"] == "min" else "min"
    change_report(saved, sense=other)
    assert verdict(saved) and verdict(saved)[0].startswith(f"sense: claimed {other}")


@pytest.mark.parametrize("numerator", (1, -1, 2, 10**17 + 1, -(10**17) - 1, 2**60 + 1, 0))
@pytest.mark.parametrize("denominator", (1, 3, 7, 10, 2**80))
def test_floats_are_rounded_to_the_proved_side(numerator, denominator):
    value = Fraction(numerator, denominator)
    below, above = float_below(value), float_above(value)
    assert Fraction(below) <= value <= Fraction(above)
    assert above in (below, math.nextafter(below, math.inf)), "no float lies between"


@of_runs(*MAKE)
def test_the_folder_is_all_that_is_needed(saved, tmp_path, monkeypatch):
    """Moved elsewhere and with other options than those of the run, it still verifies."""
    moved = saved.rename(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    file = moved / "run.json"
    document = json.loads(file.read_text())
    assert not any(str(saved) in str(value) for value in document["rebuild"].values())
    document["options"] = {}
    file.write_text(json.dumps(document))
    assert verdict(moved) == []


@of_runs(*MAKE)
def test_optimal_is_a_claim(saved):
    """It is proved by a gap of 0 and by nothing else."""
    change_report(saved, status="optimal")
    gap = report_of(saved)["gap"]
    wrong = [] if gap == 0 else [f"status: claimed optimal, the proved gap is {gap}"]
    assert verdict(saved) == wrong


@of_runs(*ASSIGNMENTS, "lasso")
def test_another_instance_in_its_place_is_noticed(saved):
    (file,) = (saved / name for name in ("instance.txt", "table.csv") if (saved / name).exists())
    file.write_text(file.read_text() + "\n")  # the same numbers: only the fingerprint tells
    assert verdict(saved) == [f"{file.name} is not the file of this run: its SHA-256 differs"]
    document = json.loads((saved / "run.json").read_text())
    document["sha256"] = {}
    (saved / "run.json").write_text(json.dumps(document))
    assert verdict(saved) != []
