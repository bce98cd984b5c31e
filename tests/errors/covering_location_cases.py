"""Covering and location: their files, data, blocks and exact twins, and what they refuse."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from lagrange.certificates import Infeasible
from lagrange.oracles.facility import Facility
from lagrange.oracles.selection import Selection
from lagrange.oracles.shortest_path import ShortestPath
from lagrange.oracles.sparse import SparseMatrix
from problems.covering import covering
from problems.covering_data import CoveringData, generate_covering, read_covering
from problems.covering_exact import ExactCovering
from problems.location import location
from problems.location_data import generate_location, read_location
from problems.location_exact import ExactLocation
from problems.reference_models import covering_model
from tests.errors.case import Case, refused

SCP = "2 3\n4 5 6\n2 1 2\n1 3\n"
CAP = "2 2\n10 1\n10 2\n3 1 2\n4 5 6\n"
COVER = CoveringData(np.array([1, 2]), (np.array([0]), np.array([0, 1])))
SITES = generate_location(2, 3, 2.0, 0)
ONES = np.ones(2)


def file_case(read, text, *says, name=None):
    """A file with this text is refused; the message names the file."""
    encoded = text if isinstance(text, bytes) else text.encode()

    def call(place):
        path = place.folder / "instance.txt"
        path.write_bytes(encoded)
        read(path)

    kind = read.__name__
    return Case(name or f"{kind} {text!r}", call, ValueError, ("instance.txt", *says))


def value_error(name, call, *says):
    return Case(name, lambda _: call(), ValueError, says)


def infeasible(name, call, *says):
    return Case(name, lambda _: call(), Infeasible, says)


def read_with_capacity(path):
    return read_location(path, 5.0)


def read_with_nan(path):
    return read_location(path, float("nan"))


def with_column(*columns):
    return CoveringData(np.array([1, 2]), (np.array([0]), np.array(columns, dtype=np.int64)))


def sites(**changed):
    return replace(SITES, **{name: np.array(value) for name, value in changed.items()})


def sends(*flow):
    return ExactLocation(SITES, "demand").cost({"flow": np.array(flow)})


def path_block(tail=(0, 1), head=(1, 2), cost=(1.0, 2.0), columns=2, source=0, target=2):
    ends = np.array(tail), np.array(head)
    A = SparseMatrix.dense(np.ones((1, columns)))
    return ShortestPath(*ends, np.array(cost), A, 3, source, target, "x")


def asked(price, **changed):
    path_block(**changed).respond({"x": np.array(price)}, None, None)


D = SITES.demand.tolist()

CASES = [
    # files of whole numbers
    file_case(read_covering, "", "truncated", "rows and columns", "entry 0", "0 are left"),
    file_case(read_covering, SCP[:-4], "truncated", "row 2 of 2"),
    file_case(read_covering, SCP[:-2], "truncated", "columns of row 2 of 2", "only 0"),
    file_case(read_covering, SCP + "7 8", "too long", "2 words", "'7'"),
    file_case(read_covering, "2 x", "entry 2", "'x'", "whole numbers"),
    file_case(read_covering, "2 3 4.5 1 1", "entry 3", "'4.5'", "costs of 3 columns", "whole"),
    file_case(read_covering, "0 3", "entry 1 is 0", "[1, 2^53]"),
    file_case(read_covering, "1 1 -4 1 1", "entry 3 is -4", "[0, 2^53]"),
    file_case(read_covering, "1 1 1 1 0", "entry 5 is 0", "[1, 2^53]"),
    file_case(read_covering, b"\xff\xfe\x00", "cannot read", name="covering file that is no text"),
    Case(
        "covering file that is not there",
        lambda place: read_covering(place.folder / "lost.txt"),
        ValueError,
        ("no instance file", "lost.txt"),
    ),
    # covering data
    value_error(
        "cost below 0",
        lambda: CoveringData(np.array([1, -2]), (np.array([0]),)),
        "cost[1] is -2",
        "≥ 0",
        "take it",
    ),
    value_error(
        "costs too large",
        lambda: CoveringData(np.array([2**53, 2**53]), (np.array([0]),)),
        "add up to",
        "2^53",
    ),
    value_error("row without columns", lambda: with_column(), "row 2", "no cover"),
    value_error(
        "column that is not there", lambda: with_column(0, 2), "row 2", "column 3", "1 to 2"
    ),
    value_error("column before the first", lambda: with_column(-1), "row 2", "column 0", "1 to 2"),
    value_error("column twice", lambda: with_column(1, 1), "row 2", "twice"),
    value_error("no rows", lambda: generate_covering(0, 3, 0.5, 0), "at least 1", "0 and 3"),
    value_error("covering without columns", lambda: covering(columns=0), "at least 1", "50 and 0"),
    *refused("density", lambda v: covering(density=v), (0.0, 1.5, -1.0), "(0, 1]"),
    *refused("covering seed", lambda v: covering(seed=v), (-1,), "seed must be", "≥ 0"),
    value_error(
        "covering file and rows",
        lambda: covering(instance="x", rows=3),
        "rows = 3",
        "instance file",
    ),
    # covering points
    infeasible(
        "column taken in part",
        lambda: ExactCovering(COVER).cost({"taken": np.array([0.5, 1])}),
        "column 1",
        "1/2 times",
    ),
    infeasible(
        "row uncovered", lambda: ExactCovering(COVER).cost({"taken": np.array([0, 1])}), "row 1"
    ),
    # files of decimals
    file_case(read_location, CAP[:-2], "truncated", "costs of customer 2 of 2", "only 1"),
    file_case(read_location, CAP + "1", "too long", "1 words"),
    file_case(read_location, "1 1 x", "entry 3", "'x'", "numbers", "site 1 of 1"),
    file_case(read_location, "1 1 inf", "entry 3", "'inf'", "±2^53"),
    file_case(read_location, "1 1 5 1e17", "entry 4", "±2^53"),
    file_case(read_location, "1 1 5 0.00000000001 1 1", "costs", "11 decimals", "at most 9"),
    file_case(read_location, "1 1 capacity 1 1 1", "'capacity'", "option capacity"),
    file_case(read_with_capacity, CAP, "capacities of its own", "capacity = 5.0"),
    Case(
        "capacity that is no number",
        file_case(read_with_nan, "1 1 capacity 1 1 1").call,
        ValueError,
        ("capacity must be a finite number", "got nan"),
    ),
    # location data
    value_error(
        "negative capacity of a site", lambda: sites(capacity=[99, -1]), "site 2 is -1", "≥ 0"
    ),
    value_error("no demand", lambda: sites(demand=[1, 0, 1]), "customer 2 is 0", "> 0", "leave"),
    value_error(
        "too little room", lambda: sites(capacity=[1, 1], demand=[1, 1, 1]), "hold 2", "demand 3"
    ),
    value_error("no sites", lambda: location(sites=0), "at least 1", "0 and 30"),
    value_error("no customers", lambda: generate_location(2, 0, 2.0, 0), "at least 1", "2 and 0"),
    *refused("location ratio", lambda v: location(ratio=v), (0.5, float("inf")), "ratio must be"),
    *refused("location seed", lambda v: location(seed=v), (-1,), "seed must be", "≥ 0"),
    value_error("relaxation", lambda: location(relax="all"), "demand or capacity", "'all'"),
    value_error(
        "capacity without a file", lambda: location(capacity=5.0), "capacity = 5.0", "generated"
    ),
    value_error(
        "location file and sites", lambda: location(instance="x", sites=3), "sites = 3", "file"
    ),
    # location points
    infeasible("part of a grain", lambda: sends(*D[:2], D[2] - 0.5, 0, 0, 0.5), "whole number"),
    infeasible("too little sent", lambda: sends(*D[:2], 0, 0, 0, 0), "customer 3 gets 0"),
    infeasible(
        "too much sent",
        lambda: ExactLocation(sites(capacity=[sum(D) - 1, 9]), "demand").cost(
            {"flow": np.array([*D, 0, 0, 0])}
        ),
        "site 1 sends",
        f"capacity is {sum(D) - 1}",
    ),
    value_error(
        "multipliers of another covering row",
        lambda: ExactLocation(SITES, "capacity").dual_value({"serve": [Fraction(1)] * 3}),
        "'capacity'",
        "['serve']",
    ),
    # blocks
    value_error(
        "selection of another size",
        lambda: Selection(np.ones(3), SparseMatrix.dense(np.eye(2)), "x"),
        "3 costs",
        "2 columns",
    ),
    value_error(
        "selection prices of another size",
        lambda: Selection(ONES, SparseMatrix.dense(np.eye(2)), "x").respond(
            {"x": np.ones(3)}, None, None
        ),
        "'x'",
        "(3,)",
        "2 rows",
    ),
    value_error(
        "facility sizes", lambda: Facility(ONES, np.ones(3), 1, 1, "x"), "2 costs", "3 demands"
    ),
    *refused("demand", lambda v: Facility(ONES, v * ONES, 1, 1, "x"), (0.0, -1.0), "demand", "> 0"),
    *refused(
        "facility capacity",
        lambda v: Facility(ONES, ONES, v, 1, "x"),
        (-1, float("inf"), float("nan")),
        "capacity must be a finite number ≥ 0",
    ),
    *refused(
        "opening",
        lambda v: Facility(ONES, ONES, 1, v, "x"),
        (float("inf"), float("nan")),
        "opening must be a finite number",
    ),
    value_error(
        "facility prices of another size",
        lambda: Facility(ONES, ONES, 1, 1, "x").respond({"x": np.ones(3)}, None, None),
        "'x'",
        "(3,)",
        "(2,)",
    ),
    # paths
    value_error("half a node", lambda: path_block(tail=(0.0, 1.5)), "tail must be whole", "float"),
    value_error("an arc too few", lambda: path_block(head=(1,)), "head", "shape (2,)", "(1,)"),
    value_error("a node too far", lambda: path_block(head=(1, 3)), "head must lie in [0, 2]", "3"),
    value_error("a source nowhere", lambda: path_block(source=-1), "source must lie in", "-1"),
    value_error("path columns", lambda: path_block(columns=3), "2 costs", "3 columns"),
    value_error("no path", lambda: path_block(source=2, target=0), "no path", "node 2 to node 0"),
    value_error("path prices", lambda: asked([1.0, 2.0]), "'x'", "(2,)", "1 rows"),
    value_error("path overflow", lambda: asked([1e308], cost=(1.7e308, 1.0)), "larger unit"),
    value_error(
        "negative arc in a cycle",
        lambda: asked([-3.0], tail=(0, 1, 1), head=(1, 2, 0), cost=(1.0, 9.0, 9.0), columns=3),
        "arc 0 costs -2.0",
        "cycles",
    ),
    # reference
    value_error(
        "reference without time",
        lambda: covering_model(generate_covering(60, 400, 0.1, 0)).optimum(seconds=0.0),
        "HiGHS did not solve",
    ),
]
