"""Convex families and their blocks: what they refuse."""

import math
import sys
from fractions import Fraction

import numpy as np

from lagrange.oracles.differences import DifferencesOf
from lagrange.oracles.network_flow import BalancedFlow, SharedCapacity
from lagrange.oracles.proximal import ElasticNet, GroupNorm, HingeSum
from lagrange.oracles.quadratic import AffineSet, LinearGraph, QuadraticForm
from lagrange.oracles.separable import BoxQuadratic, LogUtility
from lagrange.oracles.smooth import LogisticLoss
from lagrange.queries import Quadratic
from problems import basis_pursuit as pursuit
from problems import tables
from problems.allocation import allocation
from problems.basis_pursuit import basis_pursuit
from problems.consensus_logistic import build_dual, consensus_logistic, losses_of
from problems.elastic_net import elastic_net
from problems.exchange_market import exchange_market
from problems.group_lasso import group_lasso
from problems.multicommodity import incidence_of, multicommodity
from problems.planting import floats
from problems.portfolio import portfolio
from problems.svm import svm
from problems.total_variation import total_variation
from tests.errors.case import Case, refused

NAN, INF = math.nan, math.inf
EYE, ONES, ZERO = np.eye(2), np.ones(2), np.zeros(2)
BAD = np.array([0.0, NAN])
RING = incidence_of([0, 1, 2], [1, 2, 0], 3)
LABELED = (np.array([[1.0], [-1.0], [0.5]]), np.array([1.0, -1.0, -1.0]))


def says(name, call, *parts):
    return Case(name, lambda _: call(), ValueError, parts)


def table_file(text, *parts, read=tables.regression):
    def call(place):
        (place.folder / "t.csv").write_text(text)
        read(str(place.folder / "t.csv"), None, None, None)

    return Case(f"{read.__name__} file {text!r}", call, ValueError, ("t.csv", *parts))


def without_sklearn(place):
    place.patch.setitem(sys.modules, "sklearn", None)
    svm()


def form(P=EYE, q=ONES, maps=None):
    return QuadraticForm(P, q, {"a": None} if maps is None else maps)


def box(d=1.0, q=0.0, low=0.0, high=1.0, sign=1.0):
    return BoxQuadratic(np.array(d), np.array(q), np.array(low), np.array(high), "a", sign)


def logistic(A=LABELED[0], y=LABELED[1], ridge=1.0, **settings):
    return LogisticLoss(A, y, ridge, "a", **settings)


def flow(supply=((1.0, -1.0, 0.0),), cost=((1.0, 1.0, 1.0),), curvature=1.0):
    return BalancedFlow(RING, np.array(cost), np.array(supply), curvature, "a")


def asked_with_a_pull():
    sites = build_dual(losses_of(*LABELED, 2, 1.0)).blocks
    rows = {"site1": np.zeros(2)}
    sites[0].respond(rows, Quadratic(1.0, rows), None)


PRICED = {
    "elastic net": ElasticNet(1.0, 1.0, "a"),
    "group norm": GroupNorm(np.ones(1), np.zeros(2, int), "a"),
    "hinge sum": HingeSum(1.0, "a"),
    "box quadratic": box(),
    "log utility": LogUtility(ONES, ONES, ONES, "a"),
    "quadratic form": form(),
    "affine set": AffineSet(EYE, ONES, "a"),
    "linear graph": LinearGraph(EYE, "a", "b"),
    "differences": DifferencesOf(np.zeros(3), ("a",)),
    "logistic loss": logistic(np.ones((3, 2))),
}

CASES = [
    # blocks
    *[
        says(
            f"{name} at {bad} prices",
            lambda b=block, v=bad: b.respond({"a": np.array([0.0, v]), "b": ZERO}, None, None),
            "row 'a'",
            "NaN or an infinity",
        )
        for name, block in PRICED.items()
        for bad in (NAN, INF)
    ],
    *refused("elastic net weight", lambda v: ElasticNet(v, 1.0, "a"), (-1.0, NAN), "weight", "≥ 0"),
    *refused("elastic net ridge", lambda v: ElasticNet(1.0, v, "a"), (0.0, INF), "ridge", "> 0"),
    *refused("hinge weight", lambda v: HingeSum(v, "a"), (-1.0, INF), "weight", "≥ 0"),
    *refused(
        "group weights", lambda v: GroupNorm(np.array([v]), [0, 0], "a"), (-1.0,), "weights", "≥ 0"
    ),
    says("group labels", lambda: GroupNorm(ONES, [0, 2], "a"), "0..1", "[0, 2]"),
    says("group without members", lambda: GroupNorm(ONES, [0, 0], "a"), "each occurring", "[0]"),
    *refused("box diagonal", lambda v: box(d=v), (-1.0,), "diagonal", "≥ 0", "not convex"),
    *[
        says(f"box {name} {v}", lambda n=name, v=v: box(**{n: v}), "must be finite")
        for name in ("d", "q")
        for v in (NAN, INF)
    ],
    says("box ends", lambda: box(low=2.0), "low must be ≤ high", "2.0 and 1.0"),
    says("box end NaN", lambda: box(high=NAN), "low must be ≤ high", "nan"),
    *refused("box sign", lambda v: box(sign=v), (0.5,), "1 or −1"),
    says("utility lengths", lambda: LogUtility(ONES, ONES, np.ones(3), "a"), "one length", "(3,)"),
    *[
        says(f"utility {i}", lambda a=a: LogUtility(*a, "a"), f"{n} must be > 0", "got 0.0")
        for i, (n, a) in enumerate(
            (
                ("weight", (ZERO, ONES, ONES)),
                ("base", (ONES, ZERO, ONES)),
                ("high", (ONES, ONES, ZERO)),
            )
        )
    ],
    says("form shape", lambda: form(np.eye(3)), "2 × 2", "(3, 3)"),
    says("form asymmetric", lambda: form(np.array([[1.0, 1.0], [0.0, 1.0]])), "symmetric"),
    says("form indefinite", lambda: form(np.diag([1.0, -1.0])), "P must be ≥ 0", "eigenvalue -1"),
    says("form without rows", lambda: form(maps={}), "at least one row"),
    says("form map", lambda: form(maps={"a": np.ones((1, 3))}), "row 'a'", "3 columns", "q has 2"),
    says(
        "form with a free direction",
        lambda: form(np.diag([1.0, 0.0]), maps={"a": np.array([[1.0, 0.0]])}),
        "leave a direction free",
    ),
    says("affine sizes", lambda: AffineSet(EYE, np.ones(3), "a"), "A has 2 rows", "b has 3"),
    says(
        "affine set that is empty",
        lambda: AffineSet(np.ones((2, 2)), np.array([0.0, 1.0]), "a"),
        "no solution",
        "LinearGraph",
    ),
    says("graph rows", lambda: LinearGraph(EYE, "a", "a"), "two rows", "'a'"),
    says("signal too short", lambda: DifferencesOf(np.ones(1), ("a",)), "at least 2", "(1,)"),
    says("signal NaN", lambda: DifferencesOf(BAD, ("a",)), "signal", "NaN"),
    says("signal rows", lambda: DifferencesOf(EYE, ("a", "a")), "each of 2 axes", "('a', 'a')"),
    says("logistic sizes", lambda: logistic(y=ONES), "A has 3 rows", "y has 2"),
    says("logistic target", lambda: logistic(y=np.array([1.0, 0.0, 1.0])), "−1 and 1", "0.0"),
    *refused("logistic ridge", lambda v: logistic(ridge=v), (0.0, NAN), "ridge", "> 0"),
    *refused("logistic tolerance", lambda v: logistic(tolerance=v), (1e-17, 1.0), "tolerance"),
    says(
        "logistic without enough steps",
        lambda: logistic(iterations=1).respond({"a": np.array([5.0])}, None, None),
        "tolerance 1e-12",
        "in 1 steps",
        "more iterations",
    ),
    says("flow shapes", lambda: flow(cost=((1.0, 1.0),)), "3 nodes and 3 arcs", "(1, 2)"),
    *refused("flow curvature", lambda v: flow(curvature=v), (-1.0, INF), "curvature", "≥ 0"),
    says("flow supply", lambda: flow(supply=((1.0, 0.0, 0.0),)), "cannot be balanced", "sum to 0"),
    *refused(
        "arc capacity", lambda v: SharedCapacity(np.array([v]), "a"), (-1.0,), "capacity", "≥ 0"
    ),
    says("site with a pull", asked_with_a_pull, "prices only", "Quadratic"),
    # tables
    says("regression table lost", lambda: elastic_net(table="lost.csv"), "diabetes", "lost.csv"),
    says("class table lost", lambda: svm(table="lost.csv"), "wine", "digits", "lost.csv"),
    says("convex rows", lambda: svm(table="random", rows=1), "rows must be ≥ 2", "got 1 and 20"),
    says("convex columns", lambda: svm(table="random", columns=0), "columns ≥ 1", "100 and 0"),
    says("rows of a real table", lambda: svm(rows=9), "rows = 9", "breast_cancer"),
    table_file("1,x\n2,3\n", "not a table of numbers", "'x'"),
    table_file("1,2\n3\n", "line 2 has 1 numbers", "line 1 has 2"),
    table_file("1\n2\n", "at least two columns"),
    table_file("", "at least two columns"),
    table_file("1,2\n1,nan\n", "line 2 holds a NaN"),
    table_file("1,2\n1,-1\n", "−1 and 1 only", read=tables.classification),
    says("constant column", lambda: tables.standardized(np.ones((3, 2))), "column 1 is constant"),
    says("constant target", lambda: tables.standardized(np.ones(3)), "the target is constant"),
    Case(
        "cancer table without scikit-learn", without_sklearn, ValueError, ("breast_cancer", "pip")
    ),
    # families
    *[
        case
        for family in (elastic_net, group_lasso)
        for case in refused(
            f"{family.__name__} fraction",
            lambda v, f=family: f(fraction=v),
            (0.0, 1.0, NAN),
            "(0, 1)",
        )
    ],
    *[
        case
        for family, options in (
            (elastic_net, {"table": "random"}),
            (group_lasso, {"table": "random"}),
            (svm, {"table": "random"}),
            (consensus_logistic, {"table": "random"}),
            (basis_pursuit, {}),
            (total_variation, {}),
            (portfolio, {}),
            (allocation, {}),
            (exchange_market, {}),
            (multicommodity, {}),
        )
        for case in refused(
            f"{family.__name__} seed",
            lambda v, f=family, o=options: f(**o, seed=v),
            (-1,),
            "seed must be a whole number ≥ 0",
        )
    ],
    says("groups in words", lambda: group_lasso(groups="2,all"), "whole numbers", "'2,all'"),
    says("empty group", lambda: group_lasso(groups="10,0"), "at least 1 column", "'10,0'"),
    says("groups of nine", lambda: group_lasso(groups="4,5"), "the 10 columns", "'4,5'"),
    says("pursuit rows", lambda: basis_pursuit(rows=9, columns=8), "at most columns", "9 and 8"),
    *refused("pursuit nonzeros", lambda v: basis_pursuit(nonzeros=v), (-1, 51), "between 0 and 50"),
    says("pursuit form", lambda: pursuit.build(EYE, ONES, "both"), "affine or graph", "'both'"),
    *refused("noise", lambda v: total_variation(noise=v), (-1.0, NAN), "noise", "≥ 0"),
    says("signal table", lambda: total_variation(table="photo"), "random or digits", "'photo'"),
    says("signal length", lambda: total_variation(length=1), "length must be ≥ 2", "1, 1 and 5"),
    says("digits of a length", lambda: total_variation(table="digits", length=9), "length = 9"),
    *refused("svm weight", lambda v: svm(weight=v), (0.0, -1.0, NAN), "weight must be > 0"),
    *refused("sites", lambda v: consensus_logistic(sites=v), (0, 570), "sites", "569 rows"),
    says("desks", lambda: portfolio(desks=0), "desks and assets must be ≥ 1", "0, 10 and 3"),
    *refused("aversion", lambda v: portfolio(aversion=v), (0.0, NAN), "aversion must be > 0"),
    *refused("budget", lambda v: portfolio(budget=v), (NAN, INF), "budget must be a finite number"),
    says("agents", lambda: allocation(agents=0), "agents and resources", "0 and 20"),
    *refused("supply", lambda v: allocation(supply=v), (0.0, NAN), "supply must be > 0"),
    says("one trader", lambda: exchange_market(agents=1), "agents must be ≥ 2", "1 and 5"),
    says("two nodes", lambda: multicommodity(nodes=2), "nodes must be ≥ 3", "2, 40 and 4"),
    says("few arcs", lambda: multicommodity(arcs=19), "twice the nodes", "10, 19 and 4"),
    *refused(
        "capacity factor", lambda v: multicommodity(capacity=v), (-1.0, NAN), "capacity", "≥ 0"
    ),
    says("a third in floats", lambda: floats([Fraction(1, 3)]), "1/3 is no float", "quarters"),
]
