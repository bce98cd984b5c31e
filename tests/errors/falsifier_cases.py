"""The falsifier: names that do not exist, rules that are none, that fail or that waver."""

import math
from typing import Any

import typer

from lagrange.falsifier import claim_named, falsify
from lagrange.falsify_command import falsify as command
from lagrange.falsify_command import require_new
from tests.errors.case import Case, Place, refused
from tests.proofs import falsifier_rules as rules


def overwrites(place: Place) -> None:
    path = place.folder / "shown.py"
    path.write_text("kept", encoding="utf-8")
    require_new(path)


def exits(place: Place) -> None:
    command("projection-is-nearest", f"{rules.__name__}:DoubleRounding")


def search(claim: str, rule: Any = None, seconds: float = 5.0) -> Any:
    return falsify(claim, rule, seconds=seconds)


def wavers() -> None:
    rules.Unsteady.calls = 0
    search("step-travel-diverges", rules.Unsteady)


CASES = [
    *refused(
        "falsify seconds",
        lambda v: search("polyak-target", None, v),
        (0.0, -1.0, math.nan, math.inf),
        "seconds must be a finite number > 0",
    ),
    *refused(
        "falsify most",
        lambda v: falsify("polyak-target", most=v),
        (0, -3),
        "most must be at least 1, or None",
    ),
    Case("unknown claim", lambda _: claim_named("slater"), ValueError, ("slater", "polyak-target")),
    Case(
        "claim that is none",
        lambda _: claim_named("math:sqrt"),
        ValueError,
        ("math:sqrt must be a lagrange.falsifier.Falsifiable",),
    ),
    Case(
        "rule without a module",
        lambda _: search("polyak-target", "Polyak"),
        ValueError,
        ("the rule must be given as module:name, got 'Polyak'",),
    ),
    Case(
        "rule of no module",
        lambda _: search("polyak-target", "nowhere.at_all:Polyak"),
        ValueError,
        ("nowhere",),
    ),
    Case(
        "rule that its module lacks",
        lambda _: search("polyak-target", "lagrange.step_sizes:Polyack"),
        ValueError,
        ("module lagrange.step_sizes has no 'Polyack'",),
    ),
    Case(
        "falsified rule that fails",
        lambda _: search("step-travel-diverges", rules.Failing),
        ValueError,
        ("the rule failed with ZeroDivisionError", "on rows (1), scalars (1)"),
    ),
    Case(
        "falsified rule that wavers",
        lambda _: wavers(),
        ValueError,
        ("the rule must answer the same when it is asked the same",),
    ),
    Case(
        "falsified rule that drifts",
        lambda _: search("step-travel-diverges", rules.Drifting),
        ValueError,
        ("a violation was seen that another run does not repeat",),
    ),
    Case("script over a file", overwrites, ValueError, ("shown.py exists already",)),
    Case(
        "a search that fails",
        lambda _: command("slater"),
        typer.Exit,
        ("error: ", "slater", "polyak-target"),
    ),
    Case("falsified by the command", exits, typer.Exit, ("FALSIFIED projection-is-nearest",)),
]
