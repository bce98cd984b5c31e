"""Doors: what a claim takes for a rule."""

from collections.abc import Callable
from typing import Any

from lagrange.step_sizes import require_rule


def made(given: Any) -> Any:
    """An object; a class is called without arguments."""
    return given() if isinstance(given, type) else given


def solver(given: Any) -> Any:
    """A solver: ``init``, ``ask`` and ``tell``."""
    rule = made(given)
    for method in ("init", "ask", "tell"):
        if not callable(getattr(rule, method, None)):
            raise ValueError(f"the rule must be a solver with init, ask and tell, got {given!r}")
    return rule


def step_rule(given: Any) -> Any:
    """A step rule: ``init`` and ``next``."""
    rule = made(given)
    require_rule(rule)
    return rule


def maker(what: str) -> Callable[[Any], Any]:
    """A function, or a class, that is called with what the instance says."""

    def accept(given: Any) -> Any:
        if not callable(given):
            raise ValueError(f"the rule must be a function or a class, {what}; got {given!r}")
        return given

    return accept
