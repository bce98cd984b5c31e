"""Certificates of points: a job moved, a nonzero more or less, a number forged."""

import numpy as np
import pytest

from lagrange import run_folder
from tests.worlds.runs import rebuilt, verdict
from tests.worlds.saved_runs import ASSIGNMENTS, of_runs, rejected
from tests.worlds.tampering import change_array, change_report, report_of


@of_runs(*ASSIGNMENTS)
def test_a_job_that_is_moved_is_rejected(saved):
    """Every job to every other agent: cost or capacity no longer match."""
    original = report_of(saved)["lower_bound" if saved.name.endswith("max") else "upper_bound"]
    with np.load(saved / "point.npz") as stored:
        agent = stored["agent"].copy()
    before = run_folder.load(saved)
    twin = rebuilt(before).exact
    overloads, costs = 0, 0
    for job in range(len(agent)):
        for other in range(4 if saved.name != "surrogate" else 3):
            if other == agent[job]:
                continue
            moved = agent.copy()
            moved[job] = other
            np.savez(saved / "point.npz", agent=moved)
            wrong = verdict(saved)
            same = _cost_or_none(twin, moved)
            if same is not None and abs(float(same)) == abs(original):
                assert wrong == []  # another assignment that is just as good proves the same
                continue
            assert wrong
            overloads += "capacity" in wrong[0]
            costs += wrong[0].split(":")[0] in ("lower_bound", "upper_bound")
    assert overloads > 0
    assert costs > 0 or saved.name != "surrogate", "the instance with room for a worse assignment"


def _cost_or_none(twin, agent):
    try:
        return twin.cost({"agent": agent})
    except ValueError:
        return None


@of_runs(*ASSIGNMENTS)
def test_a_point_that_assigns_half_a_job_is_rejected(saved):
    with np.load(saved / "point.npz") as stored:
        agent = stored["agent"].astype(float)
    agent[0] += 0.5
    np.savez(saved / "point.npz", agent=agent)
    rejected(saved)


@of_runs(*ASSIGNMENTS)
def test_a_point_of_another_shape_is_rejected(saved):
    for agent in (
        np.zeros(5, dtype=int),
        np.zeros((2, 6), dtype=int),
        np.array(0),
        np.full(12, -1),
    ):
        np.savez(saved / "point.npz", agent=agent)
        rejected(saved)


@of_runs("lasso", "lasso-rough")
def test_a_lasso_point_that_is_moved_is_rejected(saved):
    def move(array):
        array[np.argmax(np.abs(array))] *= 1.0 + 1e-6

    change_array(saved / "point.npz", "point", move)
    wrong = verdict(saved)
    assert any(line.startswith("upper_bound: claimed") for line in wrong)


@of_runs("lasso", "pruning")
def test_the_count_of_nonzeros_is_proved(saved):
    count = report_of(saved)["nonzeros"]
    change_report(saved, nonzeros=count - 1)
    assert verdict(saved) == [f"nonzeros: claimed {count - 1}, proved {count}"]


def test_one_more_nonzero_is_rejected(copied):
    folder = copied("pruning")

    def add(array):
        array.reshape(-1)[np.flatnonzero(array.reshape(-1) == 0)[0]] = 1e-30

    change_array(folder / "point.npz", "fc1.weight", add)
    wrong = verdict(folder)
    assert wrong and "680 nonzeros, the budget is 679" in wrong[0]


def test_one_nonzero_less_is_noticed(copied):
    folder = copied("pruning")

    def drop(array):
        array.reshape(-1)[np.flatnonzero(array.reshape(-1))[0]] = 0.0

    change_array(folder / "point.npz", "fc1.weight", drop)
    assert verdict(folder) == [
        "nonzeros: claimed 679, proved 678",
        f"compression: claimed {13584 / 679}, proved {13584 / 678}",
        "network.lgpk is missing or does not hold the saved point",
    ]


@pytest.mark.parametrize("name", ("weights", "compression"))
def test_a_forged_size_is_rejected(copied, name):
    folder = copied("pruning")
    claim = report_of(folder)[name]
    change_report(folder, **{name: 2 * claim})
    assert verdict(folder) == [f"{name}: claimed {2 * claim}, proved {claim}"]


def test_a_weight_that_is_no_number_is_rejected(copied):
    folder = copied("pruning")

    def spoil(array):
        array.reshape(-1)[np.flatnonzero(array.reshape(-1))[0]] = np.nan

    change_array(folder / "point.npz", "fc1.weight", spoil)
    wrong = verdict(folder)
    assert wrong and "'fc1.weight' holds a NaN" in wrong[0]


@of_runs(*ASSIGNMENTS)
def test_infeasible_is_rejected_beside_a_feasible_point(saved):
    change_report(saved, status="infeasible")
    assert len(verdict(saved)) == 1 and "there is a feasible point" in verdict(saved)[0]
