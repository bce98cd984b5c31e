"""Planted violations of the hypotheses of the dual methods, and of weak duality."""

import math
from dataclasses import replace

from lagrange.facts import Facts
from lagrange.step_sizes import Constant, Diminishing, Polyak
from tests.laws.licensed_runs import BEST, RULE
from tests.laws.planted import flips


def first(**facts):
    """Other facts of block 0."""
    return {0: Facts("by hand", **facts)}


PLANTED = (
    *flips(
        "diminishing",
        "square-summable",
        (
            "the recorded steps follow the rule",
            "violated at 7",
            lambda r: r.scaled(7, "step_size", 1.0001),
        ),
        ("λ moved by s g", "violated at 7", lambda r: r.scaled(7, "movement", 1.0001)),
        ("λ moved by s g", "violated at 7", lambda r: r.scaled(7, "step_size", -1.0)),
        ("the moves are numbered without a gap", "violated at 7", lambda r: r.altered(7, moves=8)),
        (
            "the sum of the squared steps is finite",
            "violated",
            lambda r: r.with_solver(step_size=Diminishing(0.5, 0.5)),
        ),
        ("max q is attained", "undetermined", None, {"blocks": first(exact=True, bounded=True)}),
    ),
    *flips(
        "diminishing",
        "diminishing",
        (
            "the recorded steps follow the rule",
            "violated at 2",
            lambda r: r.with_solver(step_size=Diminishing(0.5, 0.5)),
        ),
        (
            "L(x, λ) = q(λ)",
            "violated at 9",
            lambda r: r.altered(9, lagrangian=r.solution.trace[8].lagrangian + 0.1),
        ),
        (
            "L(x, λ) = q(λ)",
            "violated at 9",
            lambda r: r.altered(9, lagrangian=r.solution.trace[8].lagrangian - 0.1),
        ),
        (
            "the residual is bounded over all of X",
            "undetermined",
            None,
            {"blocks": first(exact=True, bounded=False)},
        ),
    ),
    *flips(
        "diminishing",
        "any-steps",
        (
            "every question has a minimizer",
            "undetermined",
            lambda r: r.altered(4, lower_bound=math.nan),
            {"blocks": first(exact=True)},
        ),
    ),
    *flips(
        "constant",
        "constant",
        (
            "the recorded steps follow the rule",
            "violated at 1",
            lambda r: r.with_solver(step_size=Constant(0.5)),
        ),
    ),
    *flips(
        "polyak",
        "polyak",
        ("the target is max q", "violated at 2", lambda r: r.scaled(2, "step_size", 1.5)),
        ("the target is max q", "violated at 1", lambda r: r, {"dual_optimum": BEST + 0.1}),
        (
            "the target is max q",
            "undetermined",
            lambda r: r.with_solver(step_size=Polyak()),
            {"dual_optimum": None},
        ),
        (
            "the target is max q",
            "violated",
            lambda r: r.with_solver(step_size=Polyak(target=9.0)),
            {"dual_optimum": None},
        ),
        ("max q is as declared", "violated", None, {"dual_optimum": BEST - 0.1}),
        ("max q is as declared", "violated", None, {"dual_optimum": 6.1}),
        (
            "the recorded steps follow the rule",
            "violated at 2",
            lambda r: r.scaled(2, "step_size", 1.5).scaled(2, "movement", 1.5),
        ),
        (
            "the recorded steps follow the rule",
            "violated at 1",
            lambda r: r.with_solver(step_size=Polyak(target=BEST, scale=1.1)),
        ),
        (
            "the scale stays in a closed part of (0, 2)",
            "violated",
            lambda r: r.with_solver(step_size=Polyak(patience=3)),
        ),
    ),
    *flips(
        "surrogate",
        "exact-blocks",
        (
            "the recorded steps follow the rule",
            "violated at 9",
            lambda r: r.scaled(9, "movement", 1.0001).scaled(9, "step_size", 1.0001),
        ),
        (
            "the recorded steps follow the rule",
            "violated at 1",
            lambda r: r.with_solver(step_size=replace(RULE, first_step=0.02)),
        ),
        (
            "the recorded steps follow the rule",
            "violated at 3",
            lambda r: r.with_solver(step_size=replace(RULE, M=29.0)),
        ),
        (
            "the sum of the steps is infinite",
            "undetermined",
            lambda r: r.with_solver(step_size=Polyak(target=9.0)),
        ),
        ("no quadratic term", "violated", lambda r: r.with_solver(rho=1.0, sweep_every=None)),
        (
            "every answer is a minimizer",
            "violated",
            None,
            {"blocks": first(exact=False, bounded=True)},
        ),
        (
            "the residual is bounded over all of X",
            "undetermined",
            None,
            {"blocks": first(exact=True)},
        ),
        ("the steps vanish", "violated", lambda r: r.with_solver(step_size=Constant(0.1))),
        (
            "the sum of the steps is infinite",
            "undetermined",
            lambda r: r.with_solver(step_size=Polyak()),
        ),
    ),
    *flips(
        "surrogate",
        "contraction",
        ("the first step is short enough", "violated at 1", None, {"dual_optimum": -1.0}),
        (
            "the first step is short enough",
            "undetermined",
            lambda r: r.altered(1, lagrangian=r.solution.lower_bound),
            {"dual_optimum": None},
        ),
        ("the limit of λ maximizes q", "undetermined"),
        (
            "every move follows an improvement of L(·, λ), or an exact minimizer",
            "violated at 7",
            lambda r: r.altered(7, accepted=False, lower_bound=math.nan),
        ),
    ),
    *flips(
        "surrogate",
        "distance",
        ("every step is short enough", "violated at 5", lambda r: r.altered(5, lagrangian=BEST)),
    ),
    *flips(
        "surrogate",
        "weak-duality",
        (
            "no bound lies above the cost of a feasible point",
            "violated at 7",
            lambda r: r.altered(7, lower_bound=6.1),
        ),
        ("the lower bound is proved", "undetermined", None, {"blocks": first()}),
    ),
)
