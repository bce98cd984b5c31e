"""What a run shows: the live line and the plots."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from lagrange import Record, Trace, live, plots
from lagrange.live import Progress
from tests.worlds.runs import executed

PNG = b"\x89PNG\r\n\x1a\n"
NAN = math.nan


@pytest.fixture
def figures(monkeypatch):
    """The figures that are written, in order."""
    written = []
    save = Figure.savefig

    def keep(figure, *args, **kwargs):
        written.append(figure)
        return save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", keep)
    return written


def trace_of(*records):
    trace = Trace()
    for number, record in enumerate(records, 1):
        trace(record._replace(step=number))
    return trace


def lines(axes):
    return {line.get_label(): [float(y) for y in line.get_ydata()] for line in axes.lines}


def test_the_line_of_a_minimization():
    progress = Progress("D-5x40-0", "min")
    progress(Record(step=1, lower_bound=90.0, upper_bound=NAN, residual=3.0))
    record = Record(step=2, seconds=7.4, upper_bound=100.0, residual=2.5, step_size=0.125)
    progress(record)
    line = progress.line(record)
    assert line == (
        "D-5x40-0  step 2  7 s  bounds 90 … 100  gap 10.000 %  residual 2.5  step size 0.125"
    )


def test_the_line_of_a_maximization_is_in_its_own_sense():
    """The problem minimizes −objective: −120 ≤ −objective ≤ −100 reads 100 … 120."""
    progress = Progress("gap1-0", "max")
    record = Record(step=3, lower_bound=-120.0, upper_bound=-100.0, residual=1.0, step_size=0.5)
    progress(record)
    line = progress.line(record)
    assert "bounds 100 … 120  gap 20.000 %" in line


def test_the_line_shows_the_best_bounds_so_far():
    progress = Progress("x", "min")
    for lower, upper in ((90.0, 110.0), (80.0, 120.0), (NAN, NAN), (95.0, NAN), (NAN, 105.0)):
        record = Record(lower_bound=lower, upper_bound=upper)
        progress(record)
    assert "bounds 95 … 105  gap 9.524 %" in progress.line(record)


@pytest.mark.parametrize("sense", ("min", "max"))
def test_what_was_not_measured_is_a_dash(sense):
    progress = Progress("x", sense)
    progress(Record())
    assert progress.line(Record()) == (
        "x  step 0  0 s  bounds – … –  gap –  residual –  step size –"
    )


def test_one_bound_alone():
    low, high = Progress("x", "min"), Progress("x", "max")
    record = Record(lower_bound=-5.0)
    low(record)
    high(record)
    assert "bounds -5 … –  gap –" in low.line(record)
    assert "bounds – … 5  gap –" in high.line(record)


def test_nothing_is_written_without_a_terminal(capsys):
    with Progress("x") as progress:
        progress(Record(step=1, lower_bound=1.0, upper_bound=2.0))
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_the_line_on_standard_error(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(live, "REFRESH", 0.0)
    with Progress("my title") as progress:
        for step in (1, 2):
            progress(Record(step=step, lower_bound=1.0, upper_bound=2.0))
    out, err = capsys.readouterr()
    assert out == ""
    assert "my title" in err and "step 2" in err and "bounds 1 … 2" in err


def test_bounds_are_plotted_in_the_familys_sense(tmp_path, figures):
    trace = trace_of(
        Record(lower_bound=-9.0, upper_bound=NAN),
        Record(lower_bound=-12.0, upper_bound=-4.0),
        Record(lower_bound=-8.0, upper_bound=-5.0),
    )
    plots.plot_bounds(trace, tmp_path / "min.png", title="min")
    plots.plot_bounds(trace, tmp_path / "max.png", title="max", sense="max")
    for name in ("min", "max"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
    for figure, sign in zip(figures, (1, -1), strict=True):
        left, right = figure.axes
        shown = lines(left)
        assert shown["proved bound"] == [sign * x for x in (-9.0, -9.0, -8.0)]
        upper = shown["best feasible point"]
        assert math.isnan(upper[0]) and upper[1:] == [sign * -4.0, sign * -5.0]
        assert right.get_yscale() == "log"
        (gap,) = lines(right).values()
        assert math.isnan(gap[0]) and gap[1:] == pytest.approx([125.0, 60.0])


def test_a_closed_gap_is_said_in_words(tmp_path, figures):
    trace = trace_of(Record(lower_bound=3.0, upper_bound=4.0), Record(lower_bound=4.0))
    plots.plot_bounds(trace, tmp_path / "closed.png", title="x")
    assert "optimality proved" in figures[0].axes[1].get_title()


@pytest.mark.parametrize("steps", (0, 1, 3))
def test_plots_of_columns_without_a_number(steps, tmp_path):
    """Nothing was measured; with warnings as errors, the plots are still written."""
    trace = trace_of(*[Record()] * steps)
    plots.plot_bounds(trace, tmp_path / "bounds.png", title="empty")
    plots.plot_residuals(trace, tmp_path / "residuals.png", title="empty")
    for name in ("bounds", "residuals"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)


def test_residuals_of_a_real_run(tmp_path, figures):
    run = executed("lasso", "admm", table="random", columns=4)
    plots.plot_residuals(run.solution.trace, tmp_path / "r.png", title="lasso")
    left, right = figures[0].axes
    assert {axes.get_yscale() for axes in (left, right)} == {"log"}
    shown = lines(left)
    assert len(shown) == 2 and all(np.nanmin(ys) > 0 for ys in shown.values())
    assert shown["‖Ax − b‖"][0] == run.solution.trace[0].residual


def test_zeros_do_not_break_the_log_axes(tmp_path):
    trace = trace_of(Record(residual=0.0, dual_residual=1.0, step_size=0.0), Record(residual=2.0))
    plots.plot_residuals(trace, tmp_path / "r.png", title="zeros")
    assert (tmp_path / "r.png").read_bytes().startswith(PNG)


def test_nonzeros_by_layer(tmp_path, figures):
    counts = {"admm": {"a": 3, "b": 10}, "surrogate": {"a": 5, "b": 0}}
    plots.plot_nonzeros(counts, {"a": 10, "b": 100}, tmp_path / "n.png", title="left")
    assert (tmp_path / "n.png").read_bytes().startswith(PNG)
    left, right = figures[0].axes
    assert [bar.get_height() for bar in left.patches] == [3, 10, 5, 0]
    assert [bar.get_height() for bar in right.patches] == [30.0, 10.0, 50.0, 0.0]
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["a", "b"]
