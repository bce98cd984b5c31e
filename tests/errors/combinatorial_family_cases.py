"""Knapsack, unit commitment, best subset, integer least squares: what they refuse."""

from fractions import Fraction

import numpy as np

from lagrange.certificates import Infeasible
from lagrange.queries import Quadratic
from problems.assignment import assignment
from problems.best_subset import Sparse, best_subset
from problems.integer_least_squares import Whole, integer_least_squares
from problems.knapsack import build, knapsack
from problems.knapsack_data import KnapsackData, generate, read_orlib
from problems.knapsack_exact import ExactKnapsack
from problems.sphere_search import nearest_whole
from problems.split_least_squares import SmoothHalf
from problems.unit_commitment import unit_commitment
from problems.unit_commitment_data import Unit, UnitData
from problems.unit_commitment_data import read as read_units
from problems.unit_commitment_exact import ExactUnitCommitment
from problems.unit_commitment_schedule import UnitSchedule
from tests.errors.case import Case, refused

ONES, EYE = np.ones(2, dtype=int), np.eye(2)
ITEMS = KnapsackData(ONES, np.ones((2, 2), dtype=int), ONES)
UNIT = Unit(1, 4, 1, 1, 1, 2, 2, 3)


def says(name, call, *parts, error=ValueError):
    return Case(name, lambda _: call(), error, parts)


def file_case(text, *parts, read):
    def call(place):
        (place.folder / "it.txt").write_text(text)
        read(place.folder / "it.txt")

    return Case(f"{read.__module__} {text!r}", call, ValueError, ("it.txt", *parts))


def units(*changes, demand=(2, 2), reserve=(0, 0)):
    made = tuple(UNIT._replace(**change) for change in changes)
    return UnitData(made, np.array(demand), np.array(reserve))


def committed(on, output, **limits):
    twin = ExactUnitCommitment(units({}, **limits))
    return twin.cost({"on": np.array(on), "output": np.array(output)})


def from_file(family, data, name="it.txt"):
    def call(place):
        (place.folder / name).write_text(data.to_text())
        family(instance=str(place.folder / name))

    return call


CASES = [
    # knapsack: data
    says("knapsack shapes", lambda: KnapsackData(ONES, EYE[:1], ONES), "1 × 2", "(2,)"),
    says(
        "knapsack weight", lambda: KnapsackData(ONES, -np.ones((2, 2)), ONES), "weight[0, 0]", "≥ 0"
    ),
    says("knapsack capacity", lambda: KnapsackData(ONES, EYE, -ONES), "capacity[0] is -1", "≥ 0"),
    says("knapsack profits", lambda: KnapsackData(2**53 * ONES, EYE, ONES), "profits", "2^53"),
    *refused("knapsack tightness", lambda v: generate(3, 2, v, 0), (0.0, 1.0), "(0, 1)"),
    file_case("2", "empty or truncated", "items and of rows", read=read_orlib),
    file_case("2 1 0 5 6 1 1", "truncated", "the capacities", read=read_orlib),
    file_case("1 1 0 5 1 1 7", "too long", "'7'", read=read_orlib),
    file_case("1 1 0 5 -1 1", "-1", "the weights", read=read_orlib),
    # knapsack: family
    says("knapsack relax", lambda: knapsack(relax="all"), "rows or copies", "'all'"),
    says("knapsack one row", lambda: knapsack(rows=1), "one row", "nothing to relax"),
    says("knapsack keep with copies", lambda: knapsack(relax="copies", keep=1), "keep = 1"),
    *refused("knapsack keep", lambda v: knapsack(rows=3, keep=v), (-1, 3), "from 0 to 2"),
    *refused("knapsack items", lambda v: knapsack(items=v), (0, -1), "items", "at least 1"),
    says(
        "knapsack file and seed",
        lambda: knapsack(instance="it.txt", seed=1),
        "seed = 1",
        "an instance file",
    ),
    says(
        "multidimensional knapsack with a pull",
        lambda: (
            build(ITEMS, 0)
            .blocks[0]
            .respond({"capacity": np.zeros(1)}, Quadratic(1.0, {"capacity": np.zeros(1)}), None)
        ),
        "SeenThrough",
        "prices only",
    ),
    # knapsack: twin
    says(
        "item chosen twice",
        lambda: ExactKnapsack(ITEMS, 0).cost({"chosen": [2, 0]}),
        "item 0 is chosen 2 times",
        error=Infeasible,
    ),
    says(
        "row overloaded",
        lambda: ExactKnapsack(ITEMS, 0).cost({"chosen": [1, 1]}),
        "row 0 is loaded 2",
        "capacity is 1",
        error=Infeasible,
    ),
    # assignment
    says("assignment relax", lambda: assignment(relax="agents"), "jobs or capacity", "'agents'"),
    # unit commitment: data
    says(
        "unit hours",
        lambda: UnitData((UNIT,), ONES, np.ones(3)),
        "one entry an hour",
        "(2,) and (3,)",
    ),
    says("unit output", lambda: units({"least": 5}), "unit 0", "least ≤ most", "got 5 and 4"),
    says("unit without output", lambda: units({"least": 0, "most": 0}), "most > 0", "got 0 and 0"),
    says("unit times", lambda: units({}, {"up": 0}), "unit 1", "up and down ≥ 1", "got 0, 2"),
    says("unit before", lambda: units({"before": 0}), "before ≠ 0", "2 and 0"),
    says("unit start", lambda: units({"starting": -1}), "starting must be ≥ 0", "got -1"),
    says("unit demand", lambda: units({}, demand=(1, -1)), "≥ 0 in every hour"),
    says("unit costs", lambda: units({"fuel": 2**52}), "can cost", "larger units"),
    file_case("1 0", "the numbers of units", "0", read=read_units),
    file_case("1 1 1 4 1 1", "unit 0: least, most", "8 numbers", read=read_units),
    file_case("1 1 1 4 1 1 1 2 2 3 5 0 9", "too long", "'9'", read=read_units),
    # unit commitment: family
    *refused("commitment units", lambda v: unit_commitment(units=v), (0,), "units", "at least 1"),
    says(
        "commitment file and hours",
        lambda: unit_commitment(instance="it.txt", hours=2),
        "hours = 2",
    ),
    Case(
        "commitment without enough",
        from_file(unit_commitment, units({}, {"before": -1}, demand=(5, 5))),
        ValueError,
        ("hour 0", "give 4", "demand and reserve are 5"),
    ),
    Case(
        "commitment with too much",
        from_file(unit_commitment, units({"before": 1, "least": 3})),
        ValueError,
        ("hour 0", "must be on give 3", "demand is 2"),
    ),
    says(
        "schedule with a pull",
        lambda: UnitSchedule(UNIT, 2).respond({}, Quadratic(1.0, {}), None),
        "UnitSchedule",
        "prices only",
    ),
    # unit commitment: twin
    says("on by half", lambda: committed([0.5, 1], [2, 2]), "1/2 in hour 0", error=Infeasible),
    says(
        "output too high",
        lambda: committed([1, 1], [2, 5]),
        "5 in hour 1",
        "1 to 4",
        error=Infeasible,
    ),
    says("output of a half", lambda: committed([1, 1], [2.5, 2]), "whole", "5/2", error=Infeasible),
    says(
        "demand missed",
        lambda: committed([1, 1], [2, 3]),
        "hour 1: 3",
        "demand is 2",
        error=Infeasible,
    ),
    says(
        "reserve missed",
        lambda: committed([1, 1], [2, 2], reserve=(2, 3)),
        "hour 1",
        "can give 4",
        "reserve are 5",
        error=Infeasible,
    ),
    says(
        "switched too early",
        lambda: ExactUnitCommitment(units({"before": -1})).cost({"on": [1, 1], "output": [2, 2]}),
        "switched in hour 0 after 1 hours off",
        error=Infeasible,
    ),
    # split least squares
    says("split sizes", lambda: SmoothHalf(EYE, np.ones(3), 0.0, 0.0), "2 rows", "3 entries"),
    says("split ridge", lambda: SmoothHalf(EYE, ONES, -1.0, 0.0), "≥ 0", "-1.0 and 0.0"),
    says(
        "split curvature", lambda: SmoothHalf(EYE, ONES, 0.0, 2.0), "below 2.0", "got 2.0", "ridge"
    ),
    says(
        "split without curvature",
        lambda: best_subset(table="random", rows=3, columns=5, standardize=False),
        "curvature must stay below",
        "ridge",
    ),
    *refused("subset share", lambda v: best_subset(share=v), (-0.1, 1.0), "[0, 1)"),
    *refused("subset k", lambda v: best_subset(k=v), (0, 11), "from 1 to 10"),
    *refused("subset limit", lambda v: best_subset(limit=v), (0.0, np.inf), "limit", "> 0"),
    says(
        "too many nonzeros",
        lambda: Sparse(1, 2.0).require([Fraction(1), Fraction(1)]),
        "2 nonzeros",
        "at most 1",
        error=Infeasible,
    ),
    says(
        "coefficient beyond its limit",
        lambda: Sparse(1, 2.0).require([Fraction(0), Fraction(-5, 2)]),
        "coefficient 1 is -2.5",
        "±2.0",
        error=Infeasible,
    ),
    *refused("whole bits", lambda v: integer_least_squares(bits=v), (1, 17), "from 2 to 16"),
    *refused("whole step", lambda v: integer_least_squares(step=v), (0.0, np.inf), "> 0"),
    *refused("whole noise", lambda v: integer_least_squares(noise=v), (-1,), "noise", "at least 0"),
    *refused("whole rows", lambda v: integer_least_squares(rows=v), (0,), "rows", "at least 1"),
    says(
        "noise of a table",
        lambda: integer_least_squares(table="diabetes", noise=1),
        "noise = 1",
        "table diabetes",
    ),
    says(
        "code of a half",
        lambda: Whole(-1, 1).require([Fraction(1, 2)]),
        "entry 0 is 0.5",
        "from -1 to 1",
        error=Infeasible,
    ),
    says(
        "code beyond its bounds",
        lambda: Whole(-1, 1).require([Fraction(0), Fraction(2)]),
        "entry 1 is 2.0",
        error=Infeasible,
    ),
    says(
        "search in a flat direction",
        lambda: nearest_whole(np.ones((2, 2)), np.ones(2), 0, 1),
        "full column rank",
    ),
]
