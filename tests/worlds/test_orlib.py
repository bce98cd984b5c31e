"""Real OR-Library files, read through the data-directory setting; skipped where there is none.

LAGRANGE_DATA=DIR python -m pytest tests/worlds/test_orlib.py              a few small files
LAGRANGE_DATA=DIR python -m pytest tests/worlds/test_orlib.py -m slow      all of them
"""

import json
from statistics import median
from time import perf_counter

import pytest

from lagrange import run_folder
from problems.assignment_data import read_orlib
from problems.data import assignment_file, best_known_assignments, data_path
from tests.worlds.runs import executed, rebuilt, verdict
from tests.worlds.tampering import change_array, change_report, lowering_move, report_of

LIMIT = 20.0  # seconds a file, all told
SMALL = ("gap1-0", "gap2-3", "gap4-4", "gap6-2")


def _missing() -> str | None:
    try:
        data_path("gap/BEST.tsv")
        data_path("gap/cattrysse1994/gap1-0")
    except ValueError as error:
        return str(error)
    return None


needs_data = pytest.mark.skipif(_missing() is not None, reason=f"OR-Library files: {_missing()}")
pytestmark = needs_data


def bracketed(report, best):
    return report["lower_bound"] <= best <= report["upper_bound"]


@pytest.mark.parametrize("sense", ("min", "max"))
@pytest.mark.parametrize("name", SMALL)
def test_small_files(name, sense, tmp_path):
    best = best_known_assignments()[name, sense]
    run = executed(
        "assignment", instance=str(assignment_file(name)), sense=sense, steps=300, seconds=10.0
    )
    report = run_folder.save(run, tmp_path / "run")
    assert report["status"] in ("optimal", "step_limit", "stalled")
    assert bracketed(report, best)
    assert report["gap"] <= 0.03
    assert report["sense"] == sense
    assert verdict(tmp_path / "run") == []


@pytest.mark.parametrize("sense", ("min", "max"))
def test_surrogate_relaxation_on_a_file(sense, tmp_path):
    best = best_known_assignments()["gap1-0", sense]
    path = str(assignment_file("gap1-0"))
    run = executed("assignment", "surrogate", instance=path, sense=sense, steps=1000, seconds=10.0)
    report = run_folder.save(run, tmp_path / "run")
    assert bracketed(report, best)
    assert verdict(tmp_path / "run") == []


def test_all_files_are_read():
    for name in {name for name, _ in best_known_assignments()}:
        data = read_orlib(assignment_file(name))
        assert data.cost.shape == data.weight.shape
        assert data.capacity.shape == data.cost.shape[:1]


@pytest.mark.slow
def test_every_file_within_its_time(tmp_path):
    """Bounds bracket the best known value, the folder verifies, and every tampering is rejected."""
    gaps, failures = [], []
    for (name, sense), best in best_known_assignments().items():
        folder = tmp_path / f"{name}-{sense}"
        began = perf_counter()
        options = {"instance": str(assignment_file(name)), "sense": sense}
        report = run_folder.save(executed("assignment", **options), folder)
        seconds = perf_counter() - began
        if report["lower_bound"] is None or report["upper_bound"] is None:
            failures.append(f"{name} {sense}: {json.dumps(report)}")
            continue
        gaps.append(report["gap"])
        if seconds > LIMIT:
            failures.append(f"{name} {sense}: {seconds:.1f} s")
        if not bracketed(report, best):
            failures.append(f"{name} {sense}: {best} not between {report}")
        failures += [f"{name} {sense}: {line}" for line in verdict(folder)]
        failures += [f"{name} {sense}: accepted {what}" for what in _accepted_tampering(folder)]
    assert not failures, "\n".join(failures)
    assert len(gaps) == len(best_known_assignments())
    assert median(gaps) <= 0.01


def _accepted_tampering(folder):
    """The three ways to claim too much that were not noticed."""
    report, saved = report_of(folder), run_folder.load(folder)
    side, sign = ("lower_bound", 1) if report["sense"] == "min" else ("upper_bound", -1)
    change_report(folder, **{side: report[side] + sign * 1e-6})
    if not verdict(folder):
        yield "a bound raised by 1e-6"
    change_report(folder, **{side: report[side]})
    assert verdict(folder) == []

    multipliers = saved.multipliers["assign"]
    entry, step = lowering_move(rebuilt(saved).exact, "assign", multipliers, 1.0)
    _add(folder / "multipliers.npz", "assign", entry, step)
    if not verdict(folder):
        yield "a multiplier that lowers the bound"
    change_array(folder / "multipliers.npz", "assign", lambda array: _put(array, multipliers))
    assert verdict(folder) == []

    twin, agent = rebuilt(saved).exact, saved.point["agent"]
    job, other = _worsening_job(twin, agent, read_orlib(folder / "instance.txt").capacity.size)
    _add(folder / "point.npz", "agent", job, other - agent[job])
    if not verdict(folder):
        yield "a job that was moved"


def _add(file, name, entry, amount):
    def change(array):
        array[entry] += amount

    change_array(file, name, change)


def _put(array, values):
    array[:] = values


def _worsening_job(twin, agent, agents):
    """A job and an agent so that capacity or cost no longer match."""
    cost = twin.cost({"agent": agent})
    for job in range(len(agent)):
        for other in range(agents):
            moved = agent.copy()
            moved[job] = other
            try:
                if twin.cost({"agent": moved}) != cost:
                    return job, other
            except ValueError:
                return job, other
    raise AssertionError("every job costs the same with every agent")
