"""The certificate of a saved run: ``lagrange certify RUN``.

The trace and the settings are those in the folder; the problem is built again by the family, and the
bounds are recomputed. Settings are read by a parser that knows the classes of this library and calls
nothing else. A solver or rule of your own is taken from the family, if it is printed as in the folder.
"""

import ast
import csv
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lagrange import families, penalties, step_sizes, stopping
from lagrange.certificates import NO_CLAIMS, Claims, ExactTwin, prove
from lagrange.certify import RunCertificate, certificate, with_claims
from lagrange.facts import Declared
from lagrange.instances import Instance
from lagrange.records import Record
from lagrange.run_folder import RunError, Saved, changed_files
from lagrange.solvers.admm import ADMM
from lagrange.solvers.augmented import AugmentedLagrangian
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.solvers.volume import Volume
from lagrange.theorems.evidence import Evidence

READABLE: Mapping[str, Any] = {
    each.__name__: each
    for each in (
        ADMM,
        AugmentedLagrangian,
        LevelBundle,
        Progressive,
        Subgradient,
        SurrogateAbsolute,
        SurrogateLagrangian,
        SurrogateLevel,
        Volume,
        step_sizes.Constant,
        step_sizes.Diminishing,
        step_sizes.Polyak,
        step_sizes.SurrogateContraction,
        penalties.ConstantPenalty,
        penalties.ResidualBalancing,
        penalties.Spectral,
        stopping.AnyOf,
        stopping.StepLimit,
        stopping.TimeLimit,
        stopping.ResidualBelow,
        stopping.GapBelow,
        stopping.Stalled,
    )
}
NUMBERS: Mapping[str, float] = {"nan": math.nan, "inf": math.inf}
WHOLE, YES_OR_NO = ("step", "moves", "stage"), {"True": True, "False": False}


def certify_saved(
    saved: Saved, instance: Instance, declared: Declared | None = None
) -> RunCertificate:
    """Judges a saved run. Raises RunError where its trace or its settings cannot be read."""
    named = str(saved.document.get("solver"))
    if named not in instance.methods:
        raise RunError(
            f"{saved.folder}: the solver is {named!r}, {instance.name} has "
            f"{', '.join(instance.methods)}"
        )
    method = instance.methods[named](None)
    settings = saved.document.get("settings")
    solver = method.solver if repr(method.solver) == settings else read_settings(str(settings))
    run = Evidence(
        method.problem,
        solver,
        read_trace(saved.folder / "trace.csv"),
        saved.multipliers,
        steps=saved.report.get("steps"),
        changed=tuple(changed_files(saved, instance)),
        declared=declared or Declared(),
    )
    name = str(saved.document.get("instance", instance.name))
    return certificate(name, _with_bounds(run, saved, instance))


def trusted_instance(saved: Saved, family: str | None) -> Instance:
    """The instance of a saved run, built again. A family that is not built in runs its own code and
    must be named by the caller.
    """
    named = str(saved.document["family"])
    if named not in families.BUILT_IN and family != named:
        raise ValueError(
            f"{saved.folder} names the family {named!r}, which is not built in. This runs its code: "
            f"if you trust it, add --family {named}"
        )
    return families.make(named, saved.rebuild_options)


def _with_bounds(run: Evidence, saved: Saved, instance: Instance) -> Evidence:
    if instance.exact is not None:
        return _recomputed(run, saved, instance.exact)
    ends = [saved.report.get(name) for name in ("lower_bound", "upper_bound")]
    if instance.sense == "max":
        ends = [None if x is None else -x for x in reversed(ends)]
    lower = -math.inf if ends[0] is None else float(ends[0])
    upper = math.inf if ends[1] is None else float(ends[1])
    dual = lower - 1.0 if run.problem.integral else lower
    return replace(run, lower=lower, upper=upper, dual_value=dual)


def _recomputed(run: Evidence, saved: Saved, twin: ExactTwin) -> Evidence:
    """Each side by itself: a wrong point takes nothing from the multipliers, nor they from it."""
    found: list[Claims] = []
    wrong: list[str] = []
    for multipliers, point in ((saved.multipliers, None), (None, saved.point)):
        claims, error = NO_CLAIMS, ""
        try:
            claims = prove(twin, multipliers, point, "min")
        except ValueError as caught:
            error = f"recomputed in rationals: {caught}"
        found.append(claims)
        wrong.append(error)
    dual, lower, upper = found[0].dual_value, found[0].lower_bound, found[1].upper_bound
    if dual is not None and upper is not None and dual > upper:
        wrong[1] = f"recomputed in rationals: the dual value {dual} exceeds its cost {upper}"
    run = with_claims(run, Claims(dual, lower, upper, None, {}), "min")
    return replace(run, unproved=wrong[0], refuted=wrong[1])


def read_trace(path: Path) -> list[Record]:
    """The records of trace.csv. Raises RunError where they are missing or broken."""
    try:
        with path.open(newline="") as file:
            header, *rows = list(csv.reader(file))
        if tuple(header) != Record._fields:
            raise RunError(f"{path}: the columns are {header}, not {list(Record._fields)}")
        return [_record(row) for row in rows]
    except FileNotFoundError:
        raise RunError(f"{path} is missing: there is no trace to judge") from None
    except (KeyError, TypeError, UnicodeDecodeError, ValueError) as error:
        raise (
            error if isinstance(error, RunError) else RunError(f"{path} is broken: {error}")
        ) from None


def _record(row: list[str]) -> Record:
    values = {name: _value(name, text) for name, text in zip(Record._fields, row, strict=True)}
    return Record(**values)


def _value(name: str, text: str) -> Any:
    if name == "accepted":
        return YES_OR_NO[text]
    return int(text) if name in WHOLE else float(text)


def read_settings(text: str) -> Any:
    """A solver as its ``repr`` shows it. Raises RunError for anything but the library's classes."""
    try:
        return _built(ast.parse(text, mode="eval").body)
    except (SyntaxError, TypeError, ValueError, KeyError, RecursionError) as error:
        raise RunError(
            f"the settings {text!r} cannot be read ({error}); only solvers and rules of the library "
            "can, and those of a family that prints the same ones"
        ) from None


def _built(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(_built(each) for each in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_built(node.operand)
    if isinstance(node, ast.Name):
        return NUMBERS[node.id]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        values = {str(each.arg): _built(each.value) for each in node.keywords}
        return READABLE[node.func.id](*map(_built, node.args), **values)
    raise ValueError(f"{ast.unparse(node)} is no setting")
