"""What the race's summary says about logs that were made up."""

import math

import pytest

pytest.importorskip("highspy")
from benchmarks.race.__main__ import main
from benchmarks.race.cells import Spec, cell_file
from benchmarks.race.contenders import ours_run, rounded_up
from benchmarks.race.highs import run as highs_run
from benchmarks.race.summary import gap_at, line, row_of, seconds_to, verdicts
from problems.assignment_data import generate
from tests.worlds.milp import optimum

SPEC = Spec("D", 20, 400, 0)
OURS = [(0.1, 90.0, math.inf), (0.5, 95.0, 120.0), (4.0, 99.0, 100.0), (60.4, 99.0, 99.0)]
HIGHS = [(1.0, 80.2, math.inf), (5.0, 94.4, 130.0), (63.0, 94.5, 110.0)]


def written(folder, ours=OURS, highs=HIGHS, status="time_limit"):
    import json

    for name, log in (("ours", ours), ("highs", highs), ("highs-started", highs)):
        cell = {"status": status if name == "ours" else "time limit reached", "log": log}
        cell_file(folder, SPEC, name, 60.0).write_text(json.dumps(cell))
    return row_of(folder, SPEC, 60.0)


def test_a_row_compares_rounded_bounds_and_the_times_they_took(tmp_path):
    assert row_of(tmp_path, SPEC, 60.0) is None
    row = written(tmp_path)
    assert row.highs_bound == 95.0 and row.ours_bound == 99.0
    assert (row.ours_seconds, row.highs_seconds) == (0.5, 5.0)  # 94.4 already proves 95
    assert row.sooner == 10.0
    assert row.ours_early == pytest.approx(0.01) and row.ours_gap == 0.0
    assert row.highs_gap == pytest.approx(15 / 110)
    assert row.ratio == math.inf
    assert str(SPEC) in line(row)
    with pytest.raises(SystemExit, match="does not confirm"):
        written(tmp_path, status="WRONG")


def test_logs_are_read_as_what_was_known_by_then():
    assert gap_at(OURS, 0.2) == math.inf and gap_at(OURS, 1.0) == pytest.approx(25 / 120)
    assert seconds_to(OURS, 99.0) == 4.0 and seconds_to(OURS, 100.0) == math.inf
    assert rounded_up(94.0000001) == 94.0 and rounded_up(94.1) == 95.0
    assert rounded_up(-math.inf) == -math.inf


def test_verdicts_are_computed_from_the_rows(tmp_path):
    row = written(tmp_path)
    proofs = {"E-20-400-0": ({"status": "optimal", "log": [[10, 1, 1]]}, {"log": [[25, 1, 1]]})}
    lines = verdicts([row], proofs)
    assert [text.split("  ")[0] for text in lines if "D 20x400" in text] == ["met"]
    assert any(text.startswith("NOT MET") and "type D" in text for text in lines)  # 1 % at 10 s
    assert any(text.startswith("met") and "E 20x400" in text and "2.5" in text for text in lines)
    assert sum(text.startswith("not run") for text in lines) == 2  # no large instance
    beaten = row._replace(ours_bound=94.0)
    assert any(text.startswith("NOT MET") and "share" in text for text in verdicts([beaten], {}))
    unproved = {"E": ({"status": "time_limit", "log": [[10, 1, 1]]}, {"log": [[25, 1, 1]]})}
    last = verdicts([row], unproved)[-1]
    assert last.startswith("NOT MET") and last.endswith(": 0")


def test_both_contenders_bracket_the_optimum():
    data = generate("C", 3, 12, 0)
    best = optimum(data, "min")
    ours, highs = ours_run(data, 3.0), highs_run(data, 3.0, None)
    for cell in (ours, highs):
        assert all(rounded_up(lower) <= best <= round(upper, 6) for _, lower, upper in cell["log"])
        times = [t for t, _, _ in cell["log"]]
        assert times == sorted(times)
    assert ours["status"] != "WRONG" and ours["certified"][0] <= best
    assert highs["log"][-1][2] == pytest.approx(best)


def test_a_report_on_a_folder_that_there_is_not_makes_none(tmp_path, monkeypatch):
    folder = tmp_path / "mistyped"
    monkeypatch.setattr("sys.argv", ["race", "--only-report", "--out", str(folder)])
    with pytest.raises(SystemExit, match="no folder of a race"):
        main()
    assert not folder.exists()
    folder.mkdir()
    with pytest.raises(SystemExit, match="no instance is complete"):
        main()
