"""What a report shows of the numbers: units, the part of an axis, clocks of cells that went on."""

import pytest

from lagrange.study import figures, plan, report, tables
from lagrange.study.compare import spread
from lagrange.study.results import Result, by_seed
from lagrange.study.units import unit
from tests.worlds import studies


@pytest.mark.parametrize(
    ("metric", "heading", "shown", "mean"),
    [
        ("accuracy_final", "accuracy_final, %", {1: 97.5, 2: 99.0}, "98.25 ± 1.1"),
        ("gap", "gap, %", {1: 0.25, 2: 0.5}, "0.375 ± 0.18"),
        ("lower_bound", "lower_bound", {1: 24562.0, 2: 24562.5}, "24562.2 ± 0.35"),
    ],
)
def test_shares_are_shown_in_percent(tmp_path, metric, heading, shown, mean):
    text = studies.SMALL.partition("metrics")
    line, rest = text[2].split("\n", 1)
    study = plan.read(studies.written(tmp_path, f'{text[0]}metrics = ["{metric}"]\n{rest}'))
    assert "no_such_number" in line and unit(metric).heading == heading
    problem = study.problems[0]
    label = study.labels(problem)[0]
    cells = [c for c in study.cells if (c.problem, c.label) == (problem, label)]
    scale = 1.0 if heading == metric else 100.0
    results = [
        Result(cell, tmp_path, "finished", document={"report": {metric: value / scale}})
        for cell, value in zip(cells, shown.values(), strict=True)
    ]
    assert by_seed(results, metric) == pytest.approx(shown)
    table = tables.numbers(study, results, problem)
    assert (table.header[2], table.rows[0][2]) == (heading, mean)


def seen(*numbers):
    found = [dict(enumerate(values)) for values in numbers]
    return figures.view([spread(values, 0.95) for values in numbers], found)


def test_an_axis_shows_most_solvers_and_not_the_one_far_off():
    near = [98.8, 98.9, 98.7], [98.9, 99.0, 98.8], [98.7, 98.8, 98.6]
    interval = spread(near[2], 0.95).low, spread(near[1], 0.95).high
    assert seen(*near) == pytest.approx(interval)
    assert seen(*near, [91.0, 92.0]) == pytest.approx(interval)  # 70 usual distances off
    assert seen(*near, [98.0, 98.0, 98.0])[0] == 98.0  # 8 of them
    assert seen([1.0], [1.0], [3.0]) == (1.0, 3.0)  # no usual distance: nothing is far


def test_two_seeds_show_themselves_and_not_their_wide_interval():
    assert seen([88.0, 95.0], [90.0, 91.0]) == (88.0, 95.0)
    assert seen([2.0], []) == (2.0, 2.0)


def measured(study, folder, problem, values):
    """A result a cell of a problem, whose first metric is its solver's value plus its seed."""
    labels, name = study.labels(problem), study.metrics[0]
    return [
        Result(c, folder, "finished", document={"report": {name: value}})
        for c in study.cells
        if c.problem == problem
        for value in [values[labels.index(c.label)] + (c.seed or 0)]
    ]


@pytest.mark.parametrize(
    ("third", "texts"),
    [(12.0, ["12", "13", "14"]), (-1e4, ["12", "13", "-9998 ↓"]), (1e4, ["12", "13", "10002 ↑"])],
)
def test_what_is_far_off_stands_at_the_edge(tmp_path, monkeypatch, third, texts):
    study = plan.read(studies.written(tmp_path, studies.SMALL.replace("[1, 2]", "[1, 2, 3]")))
    problem = study.problems[-1]
    drawn = []
    monkeypatch.setattr(figures, "_write", lambda figure, path: drawn.append(figure))
    results = measured(study, tmp_path, problem, [10.0, 11.0, third])
    assert figures.metric(study, results, problem, tmp_path / "m.png")
    (axes,) = drawn[0].axes
    low, high = axes.get_ylim()
    assert [t.get_text() for t in axes.texts] == texts
    assert all(low <= t.xy[1] <= high for t in axes.texts)
    assert high - low < 20


def test_cells_that_went_on_are_counted_with_their_clock(tmp_path):
    study = plan.read(studies.written(tmp_path, studies.SMALL))
    notes = ["", "went on from step 3", "went on from step 1", "begun anew"]
    results = [
        Result(cell, tmp_path, "failed", {"seconds": 60.0, "note": note})
        for cell, note in zip(study.cells, notes, strict=False)
    ]
    said = [part.text for part in report._summary(study, results)]
    assert said[0].endswith("4.0 minutes in all.") and said[1] == report.RESUMED.format(2)
    assert report.RESUMED.format(0) not in [p.text for p in report._summary(study, results[:1])]
