"""Claims and rules by name: what ``lagrange falsify CLAIM --rule module:name`` resolves."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, cast

from lagrange.falsifier.claim import Falsifiable, Rule

BUILT_IN: Mapping[str, str] = {
    name: f"proofs_checks.falsifiable.{place}"
    for name, place in {
        "bound-below-optimum": "bounds:BOUND",
        "surrogate-value-is-bound": "bounds:SURROGATE_VALUE",
        "block-bound-below-minimum": "blocks:BLOCK_BOUND",
        "step-travel-diverges": "travel:TRAVEL",
        "polyak-target": "polyak:POLYAK_TARGET",
        "projection-is-nearest": "sets:PROJECTION",
        "admm-lyapunov-decrease": "convex_admm:FROM_THE_FIRST",
        "admm-lyapunov-decrease-later": "convex_admm:FROM_THE_SECOND",
        "nonconvex-admm-converges": "nonconvex_admm:CONVERGES",
        "nonconvex-admm-descends": "nonconvex_admm:DESCENDS",
        "multiblock-converges": "multiblock_admm:CONVERGES",
    }.items()
}


def claim_named(name: str) -> Falsifiable:
    """The claim of this name, or a ``Falsifiable`` of one's own as ``module:name``."""
    if name not in BUILT_IN and ":" not in name:
        raise ValueError(
            f"there is no claim {name!r}; there are {', '.join(BUILT_IN)}, "
            "your own is given as module:name"
        )
    claim = _imported("claim", BUILT_IN.get(name, name))
    if not isinstance(claim, Falsifiable):
        raise ValueError(f"{name} must be a lagrange.falsifier.Falsifiable, got {claim!r}")
    return claim


def rule_of(given: Any) -> Rule:
    """A rule with the lines that import or make it: ``module:name``, an object or a ``Rule``."""
    if isinstance(given, Rule):
        return given
    if isinstance(given, str):
        value = _imported("rule", given)
        module, _, name = given.partition(":")
        return Rule(value, f"from {module} import {name} as rule")
    if inspect.isclass(given) or inspect.isfunction(given):
        if "<" in given.__qualname__:  # a lambda, or local to a function
            return Rule(given, f"rule = ...  # {given.__qualname__} of {given.__module__}")
        return Rule(given, f"from {given.__module__} import {given.__qualname__} as rule")
    kind = cast(Any, type(given))
    line = f"from {kind.__module__} import {kind.__qualname__}"
    return Rule(given, f"{line}\n\nrule = {given!r}")


def _imported(what: str, name: str) -> Any:
    """The object behind ``module:name``."""
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ValueError(f"the {what} must be given as module:name, got {name!r}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValueError(f"{what} {name!r}: {error}") from None
    if attribute not in vars(module):
        raise ValueError(f"module {module_name} has no {attribute!r} to be the {what}")
    return vars(module)[attribute]
