"""Models from files: which rows are relaxed, and into what the rest falls apart."""

import gzip
from time import perf_counter

import highspy
import numpy as np

from lagrange.models.mps_model import from_mps
from tests.worlds.mps_files import (
    Column,
    Row,
    assignment,
    location,
    two_knapsacks,
    write,
)


def test_the_report_counts(tmp_path):
    model = from_mps(two_knapsacks(tmp_path / "m.mps"), "shared")
    sizes = [(part.variables, part.constraints) for part in model.report.parts]
    assert sizes == [(4, 1), (4, 1), (1, 0)]
    assert model.report.coupling_rows == 2, "a range is two rows"
    blocks = len(model.blocks)
    assert repr(model).startswith(f"MilpModel({model.sense}, {blocks} blocks, coupling rows {{")
    assert str(model) == f"{model!r}\n{model.report}"
    assert model.columns[2] == ("overtime",)
    assert model.report.parts[0].name == "block 0 (x_0_0)" == model.blocks[0].name
    assert model.coupling == {"le": (("shared", 1.0), ("shared", -1.0))}
    assert model.rhs["le"].tolist() == [10.0, -4.0]
    assert model.sense == "max" and model.integral is False


def test_one_block_is_said_to_be_one(tmp_path):
    path = assignment(tmp_path / "m.mps")
    model = from_mps(path, ["cap[0]"])
    assert len(model.blocks) == 1
    assert "nothing falls apart" in model.report.advice


def test_coupling_by_name_pattern_and_function(tmp_path):
    path = assignment(tmp_path / "m.mps", jobs=8)
    names = [f"job[{j}]" for j in range(8)]
    for coupling in ("job*", "job[?]", names, ["job[0]", "job[*]"], lambda name: "job" in name):
        model = from_mps(path, coupling)
        assert [name for name, _ in model.coupling["eq"]] == names
        assert "le" not in model.coupling and not model.inequality
    assert [name for name, _ in from_mps(path, "job[1]").coupling["eq"]] == ["job[1]"]


def test_compressed_files_are_the_same(tmp_path):
    path = location(tmp_path / "m.mps")
    packed = tmp_path / "m.mps.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    price = {"le": np.full(5, 3.0)}
    for a, b in zip(
        from_mps(path, "demand*").blocks, from_mps(packed, "demand*").blocks, strict=True
    ):
        assert a.respond(price, None, None).bound == b.respond(price, None, None).bound


def test_files_by_highs_itself(tmp_path):
    """Written by HiGHS, read back, solved: the same blocks."""
    path, copy = location(tmp_path / "m.mps"), tmp_path / "copy.mps"
    highs = highspy.Highs()
    highs.silent()
    highs.readModel(str(path))
    highs.writeModel(str(copy))
    assert from_mps(copy, "demand_*").columns == from_mps(path, "demand_*").columns


def test_rows_that_hold_nothing_do_not_tie(tmp_path):
    """A row without bounds and a row without entries join no columns."""
    rows = [Row("tie", "L", 3), Row("a", "L", 5), Row("b", "L", 5), Row("empty", "L", 1)]
    columns = [
        Column("x", -1, {"tie": 1, "a": 1}, 0, 9),
        Column("y", -2, {"tie": 1, "b": 1}, 0, 9),
    ]
    path = write(tmp_path / "m.mps", rows, columns)
    text = path.read_text().replace(" L empty", " L empty\n N other")
    path.write_text(text.replace("    y b 1.0", "    y b 1.0\n    y other 1.0\n    x_ obj 0.0"))
    model = from_mps(path, "tie")
    assert [len(names) for names in model.columns] == [1, 1, 1]


def test_many_small_parts_are_split_quickly(tmp_path):
    """Cost grows with the entries, not with parts times columns."""

    def seconds(parts):
        rows = [Row("tie", "L", parts)]
        rows += [Row(f"own_{k}", "L", 1) for k in range(parts)]
        columns = [
            Column(f"x_{k}_{j}", -1 - j, {"tie": 1, f"own_{k}": 1}, 0, 1)
            for k in range(parts)
            for j in range(2)
        ]
        path = write(tmp_path / "many.mps", rows, columns)
        began = perf_counter()
        model = from_mps(path, "tie")
        assert len(model.blocks) == parts
        return perf_counter() - began

    small = min(seconds(200) for _ in range(2))
    assert seconds(2000) <= 40 * small + 0.5
