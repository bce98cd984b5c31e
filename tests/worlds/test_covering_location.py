"""Covering and location against HiGHS; OR-Library files where the data folder has them.

LAGRANGE_DATA=DIR python -m pytest tests/worlds/test_covering_location.py             four files
LAGRANGE_DATA=DIR python -m pytest tests/worlds/test_covering_location.py -m slow     all fifty
"""

from fractions import Fraction
from statistics import median

import numpy as np
import pytest

from lagrange import run_folder, runs
from problems.covering import build as build_covering
from problems.covering import covering
from problems.covering_data import (
    CoveringData,
    best_known_covers,
    generate_covering,
    read_covering,
)
from problems.data import data_path
from problems.location import location
from problems.location_data import best_known_locations, generate_location, read_location
from problems.reference_models import covering_model, location_model
from tests.worlds.tampering import change_array, change_report, report_of

MAKE = {"covering": covering, "location": location}
PRINTED = 5e-4  # the optima of cap/BEST.tsv are printed to three decimals
LIMIT = 20.0
SHARE = 2e-3  # of the relaxation's bound that may be missed


def _missing() -> str | None:
    try:
        data_path("scp/BEST.tsv")
        data_path("cap/BEST.tsv")
    except ValueError as error:
        return str(error)
    return None


needs_data = pytest.mark.skipif(_missing() is not None, reason=f"OR-Library files: {_missing()}")


def saved_run(family, folder, solver=None, seconds=10.0, **options):
    """The report of a run, and what ``verify`` finds wrong with it."""
    run = runs.execute(family, options, MAKE[family](**options), solver, seconds=seconds)
    assert run.error is None
    return run_folder.save(run, folder), wrong_with(family, folder)


def wrong_with(family, folder):
    saved = run_folder.load(folder)
    return run_folder.verify(saved, MAKE[family](**saved.rebuild_options))


@pytest.mark.parametrize("seed", range(3))
def test_covering_reaches_its_linear_relaxation(seed, tmp_path):
    size = {"rows": 30, "columns": 120, "density": 0.08, "seed": seed}
    model = covering_model(generate_covering(**size))
    linear, best = model.optimum(relaxed=True), model.optimum()
    report, wrong = saved_run("covering", tmp_path, **size)
    assert wrong == [] and report["certified"]
    assert linear - 1e-6 <= report["lower_bound"] <= best <= report["upper_bound"]
    assert report["lower_bound"] % 1 == 0
    assert report["dual_value"] <= linear + 1e-6  # the integrality property: never more
    assert report["upper_bound"] <= 1.01 * best


@pytest.mark.parametrize(("relax", "strong"), (("demand", True), ("capacity", False)))
@pytest.mark.parametrize("seed", range(2))
def test_location_reaches_the_bound_of_its_relaxation(relax, strong, seed, tmp_path):
    size = {"sites": 6, "customers": 15, "ratio": 3.0, "seed": seed}
    data = generate_location(**size)
    linear, best = (
        location_model(data, strong=strong).optimum(relaxed=True),
        location_model(data).optimum(),
    )
    report, wrong = saved_run("location", tmp_path, relax=relax, **size)
    assert wrong == [] and report["certified"]
    assert linear * (1 - 1e-5) <= report["lower_bound"] <= linear * (1 + 1e-9)
    assert report["lower_bound"] <= best * (1 + 1e-9)
    assert best * (1 - 1e-9) <= report["upper_bound"] <= 1.01 * best


def test_the_strong_relaxation_is_stronger():
    data = generate_location(6, 15, 3.0, 0)
    weak, strong = (location_model(data, strong=s).optimum(relaxed=True) for s in (False, True))
    assert weak < 0.99 * strong


def test_a_run_that_claims_too_much_is_refused(tmp_path):
    for family, row in (("covering", "cover"), ("location", "serve")):
        folder = tmp_path / family
        _, wrong = saved_run(family, folder, seconds=2.0)
        assert wrong == []
        report = report_of(folder)
        for name, more in (("lower_bound", 1.0), ("upper_bound", -1.0)):
            change_report(folder, **{name: report[name] + more})
            assert wrong_with(family, folder)
            change_report(folder, **{name: report[name]})
        assert wrong_with(family, folder) == []
        # dearer, or no longer a point
        entry = "taken" if family == "covering" else "flow"
        change_array(folder / "point.npz", entry, lambda a: np.copyto(a[:1], 1 - a[:1]))
        assert wrong_with(family, folder)
        change_array(folder / "point.npz", entry, lambda a: np.copyto(a[:1], 1 - a[:1]))
        assert wrong_with(family, folder) == []
        change_array(folder / "multipliers.npz", row, lambda a: np.copyto(a, a - 1.0))
        assert wrong_with(family, folder)


def test_a_location_run_keeps_its_decimals(tmp_path):
    """The archived file is the instance, to the last decimal."""
    text = "2 2\n10.5 3.25\n4.25 1.125\n2.5 0.1 7\n3.75 1e1 0.3\n"
    (tmp_path / "cap.txt").write_text(text)
    data = read_location(tmp_path / "cap.txt")
    assert (data.unit, data.grain) == (1000, 100)
    report, wrong = saved_run("location", tmp_path / "run", instance=str(tmp_path / "cap.txt"))
    assert wrong == []
    again = read_location(tmp_path / "run" / "instance.txt")
    for name in ("opening", "service", "capacity", "demand"):
        assert (getattr(again, name) == getattr(data, name)).all()
    # site 2 serves customer 2, site 1 customer 1
    best = Fraction("3.25") + Fraction("1.125") + Fraction("0.1") + Fraction("0.3")
    assert report["upper_bound"] == pytest.approx(float(best), rel=1e-15)


def test_line_breaks_do_not_matter(tmp_path):
    data = generate_covering(5, 9, 0.4, 0)
    words = data.to_text().split()
    (tmp_path / "a").write_text(" ".join(words))
    (tmp_path / "b").write_text("\n\n".join(words) + "\r\n \n")
    for name in "ab":
        again = read_covering(tmp_path / name)
        assert (again.cost == data.cost).all()
        pairs = zip(again.covers, data.covers, strict=True)
        assert all((ours == theirs).all() for ours, theirs in pairs)


def test_capacities_that_a_file_leaves_open(tmp_path):
    (tmp_path / "capa").write_text("2 1\ncapacity 5\ncapacity 4\n6\n1 2\n")
    data = read_location(tmp_path / "capa", 8000)
    assert data.capacity.tolist() == [8000, 8000] and data.opening.tolist() == [5, 4]


def test_generators_give_what_they_say():
    data = generate_covering(40, 300, 0.1, 7)
    counts = np.array([columns.size for columns in data.covers])
    assert counts.min() >= 2 and abs(counts.mean() / 300 - 0.1) < 0.02
    assert all(rows.size for rows in data.rows_of)
    assert 1 <= data.cost.min() <= data.cost.max() <= 100
    sites = generate_location(10, 40, 2.5, 7)
    assert 2.5 <= sites.capacity.sum() / sites.demand.sum() < 2.6
    assert sites.service.shape == (10, 40)
    for one, other in ((7, 7), (7, 8)):
        same = (
            generate_location(3, 4, 2.0, one).service == generate_location(3, 4, 2.0, other).service
        )
        assert same.all() == (one == other)


def test_a_large_covering_looks_at_some_answers_only():
    """One answer in so many gets a cover; one that takes nothing always does."""
    covers = tuple(np.arange(i, i + 400) for i in range(300))  # 120,000 entries
    data = CoveringData(np.random.default_rng(0).integers(1, 99, 700), covers)
    problem = build_covering(data)
    found = []
    for size in (0.0, 0.1, 0.2, 0.3, 0.4):
        answer = problem.blocks[0].respond({"cover": np.full(300, size)}, None, None)
        taken = int(np.flatnonzero(answer.point.chosen).sum())
        found.append(problem.recover([answer]) is not None)
        assert found[-1] == (taken % 3 == 0)
    assert set(found) == {True, False}


@needs_data
@pytest.mark.parametrize("name", ("scp42", "scp510", "cap62", "cap74"))
def test_orlib_files(name, tmp_path):
    covers = name.startswith("scp")
    family = "covering" if covers else "location"
    best = best_known_covers()[name] if covers else best_known_locations()[name]
    path = str(data_path(f"{name[:3]}/{name}.txt"))
    report, wrong = saved_run(family, tmp_path, seconds=5.0, instance=path)
    assert wrong == []
    assert report["lower_bound"] <= best + PRINTED and best <= report["upper_bound"] + PRINTED
    assert report["gap"] <= 1e-8  # on these four the relaxation is tight


@needs_data
@pytest.mark.slow
def test_every_orlib_file_within_its_time(tmp_path):
    excess: dict[str, list[float]] = {"covering": [], "location": []}
    failures = []
    for name, best in (best_known_covers() | best_known_locations()).items():
        path = data_path(f"{name[:3]}/{name}.txt")
        family = "covering" if name.startswith("scp") else "location"
        model = (
            covering_model(read_covering(path))
            if family == "covering"
            else location_model(read_location(path))
        )
        report, wrong = saved_run(family, tmp_path / name, seconds=LIMIT, instance=str(path))
        excess[family].append(report["upper_bound"] / best - 1)
        failures += [f"{name}: {line}" for line in wrong]
        if not report["lower_bound"] <= best + PRINTED <= report["upper_bound"] + 2 * PRINTED:
            failures.append(f"{name}: {report} does not bracket {best}")
        if report["lower_bound"] < (1 - SHARE) * model.optimum(relaxed=True):
            failures.append(f"{name}: {report['lower_bound']} misses the relaxation")
        if report["seconds"] > LIMIT + 1:
            failures.append(f"{name}: {report['seconds']} s")
    assert not failures, "\n".join(failures)
    assert {family: len(found) for family, found in excess.items()} == {
        "covering": 25,
        "location": 25,
    }
    assert all(median(found) <= 0.01 for found in excess.values())
