"""Planted violations of the hypotheses of ADMM and the method of multipliers."""

import math
from dataclasses import replace

from lagrange.facts import Declared, Facts
from lagrange.penalties import ResidualBalancing
from tests.laws.licensed_runs import lipschitz, sparse
from tests.laws.planted import flips


def first(**facts):
    """Other facts of block 0."""
    return {0: Facts("by hand", **facts)}


FALLS = "ρ ‖A x⁺ + B z − b‖² never rises"
OTHER = {0: Facts("by hand", convex=True, exact=True, bounded=True)}
PLANTED = (
    *flips(
        "admm",
        "convex",
        ("the trace is whole", "violated at 3", lambda r: r.altered(3, step=4)),
        ("the trace is whole", "violated at 1", lambda r: r.altered(1, residual=-1.0)),
        ("ρ is the one of the settings", "violated at 5", lambda r: r.scaled(5, "rho", 2.0)),
        ("ρ is the one of the settings", "violated at 1", lambda r: r.with_solver(rho=2.0)),
        (
            "λ moved by ρ times the residual",
            "violated at 4",
            lambda r: r.scaled(4, "movement", 1.001),
        ),
        (
            "λ moved by ρ times the residual",
            "violated at 4",
            lambda r: r.scaled(4, "step_size", 1.001),
        ),
        (
            "λ moved by ρ times the residual",
            "violated at 4",
            lambda r: r.scaled(4, "residual", 0.999),
        ),
        (
            "ρ ‖r‖² + ‖s‖²/ρ never rises",
            "violated at 6",
            lambda r: r.scaled(6, "dual_residual", 1e3),
        ),
        ("every block is convex", "violated", None, {"blocks": first(convex=False, exact=True)}),
        ("every block is convex", "undetermined", None, {"blocks": first(exact=True)}),
        (
            "every answer is a minimizer",
            "violated",
            None,
            {"blocks": first(convex=True, exact=False)},
        ),
        ("L has a saddle point", "violated", None, {"saddle_point": False}),
        ("L has a saddle point", "undetermined", None, {"saddle_point": None, "blocks": OTHER}),
    ),
    *flips(
        "admm-relaxed",
        "convex",
        ("λ moved by ρ times the residual", "violated at 2", lambda r: r.altered(2, movement=-1.0)),
        ("λ moved by ρ times the residual", "violated at 5", lambda r: r.altered(5, residual=10.0)),
        (
            "λ moved by ρ times the residual",
            "violated at 5",
            lambda r: r.scaled(5, "residual", 2.0),
        ),
        (FALLS, "violated at 6", lambda r: r.scaled(5, "residual", 1.2)),
        (FALLS, "violated at 5", lambda r: r.scaled(5, "movement", 2.0)),
        (FALLS, "violated at 5", lambda r: r.scaled(5, "dual_residual", 2.0)),
        ("the trace is whole", "violated at 5", lambda r: r.altered(5, dual_residual=math.inf)),
        ("the trace is whole", "violated at 5", lambda r: r.altered(5, dual_residual=math.nan)),
        ("the trace is whole", "violated at 5", lambda r: r.altered(5, cost=math.nan)),
        (
            "the trace is whole",
            "violated at 12",
            lambda r: r.with_records([*r.solution.trace][:-1]),
        ),
    ),
    *flips(
        "admm-balanced",
        "convex",
        ("ρ is the one of the settings", "violated at 5", lambda r: r.scaled(5, "rho", 1.1)),
        (
            "ρ is the one of the settings",
            "violated at 4",
            lambda r: r.with_solver(rho=ResidualBalancing(0.01, factor=1.5, every=3)),
        ),
        (
            "ρ is the one of the settings",
            "violated at 1",
            lambda r: r.with_solver(rho=ResidualBalancing(0.02, every=3)),
        ),
        (
            "ρ changes finitely often",
            "violated at 10",
            lambda r: r.with_solver(rho=ResidualBalancing(0.01, every=3, changes=2)),
        ),
    ),
    *flips(
        "nonconvex",
        "nonconvex",
        (
            "the set answers first, the smooth block second",
            "violated",
            lambda r: r.with_solver(order=((1,), (0,))),
        ),
        (
            "ρ is above its threshold",
            "violated at 1",
            lambda r: replace(
                r,
                problem=sparse(seed=3),
                declared=Declared({1: Facts("", True, True, smoothness=10 * lipschitz())}),
            ),
        ),
        (
            "f is smooth with a known constant, seen as it is",
            "undetermined",
            None,
            {"blocks": {1: Facts("", True, True)}},
        ),
        (
            "projections and the smooth minimizations are exact",
            "violated",
            None,
            {"blocks": {1: Facts("", True, False, smoothness=1.0)}},
        ),
        ("no relaxation", "violated", lambda r: r.with_solver(relaxation=1.5)),
        (
            "the augmented Lagrangian never rises",
            "violated at 4",
            lambda r: r.altered(4, lagrangian=100.0),
        ),
        (
            "there are two groups of blocks",
            "violated",
            lambda r: r.with_solver(order=((0,), (1,), (1,)), heuristic=True),
        ),
    ),
    *flips(
        "augmented",
        "convex",
        ("ρ grows as it is set to", "violated at 3", lambda r: r.scaled(3, "rho", 2.0)),
        ("ρ grows as it is set to", "violated at 1", lambda r: r.with_solver(rho=1.0)),
        ("ρ grows as it is set to", "violated at 3", lambda r: r.with_solver(changes=0)),
        ("λ moved by ρ g", "violated at 2", lambda r: r.scaled(2, "movement", 1.001)),
    ),
    *flips(
        "progressive",
        "nested",
        ("stages follow each other", "violated at 7", lambda r: r.altered(6, stage=2)),
    ),
    *flips(
        "progressive",
        "last-stage",
        (
            "the last stage was reached",
            "violated",
            lambda r: r.with_records(list(r.solution.trace)[:6]),
        ),
    ),
)
