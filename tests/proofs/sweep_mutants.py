"""Broken dual solvers and blocks whose bounds the sweep has to reject."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lagrange import Subgradient, SurrogateLagrangian
from lagrange.step_sizes import Constant
from lagrange.vectors import dot


@dataclass(frozen=True)
class Recording:
    """A solver whose record carries another lower bound; ``bound(problem, before, after)``."""

    inner: Any
    bound: Callable[[Any, Any, Any], float]

    def init(self, problem, start=None):
        return self.inner.init(problem, start)

    def ask(self, problem, state):
        return self.inner.ask(problem, state)

    def tell(self, problem, state, answers):
        new = self.inner.tell(problem, state, answers)
        bound = self.bound(problem, state, new)
        return new._replace(record=new.record._replace(lower_bound=bound))


def _mixed(problem, before, after) -> float:
    """The first block's bound of this step, the others' of the step before."""
    pairs = list(zip(before.responses, after.responses, strict=True))
    answers = [pairs[0][1], *(old or new for old, new in pairs[1:])]
    return math.fsum(a.bound for a in answers) - dot(before.multipliers, problem.rhs)


def mixed_generations(random):
    return Recording(Subgradient(Constant(1.0)), _mixed)


def surrogate_value(random):
    return Recording(SurrogateLagrangian(Constant(1.0)), lambda p, old, new: new.record.lagrangian)


def carried_forward(random):
    """The best bound so far, at multipliers that do not prove it."""
    return Recording(Subgradient(Constant(1.0)), lambda p, old, new: new.best.lower_bound)


def not_rounded_down(random):
    """The float sum as it comes out, and a little for luck."""
    return Recording(
        Subgradient(Constant(0.3)),
        lambda p, old, new: new.record.lagrangian + 4 * math.ulp(new.record.lagrangian),
    )


def next_multipliers(random):
    """Bounds of the answers, priced at where λ went instead of where it was asked."""
    return Recording(
        Subgradient(Constant(1.0)),
        lambda p, old, new: math.fsum(r.bound for r in new.responses) - dot(new.multipliers, p.rhs),
    )


def one_more(random):
    """Rounded up to an integer, and then one more."""
    return Recording(Subgradient(), lambda p, old, new: new.record.lower_bound + 1.0)


SOLVERS = (
    "mixed_generations",
    "surrogate_value",
    "carried_forward",
    "not_rounded_down",
    "next_multipliers",
    "one_more",
)


@dataclass(frozen=True)
class Around:
    """A block that changes its bound."""

    block: Any
    change: Callable[[float], float]

    def respond(self, price, query, start):
        answer = self.block.respond(price, query, start)
        return replace(answer, bound=self.change(answer.bound))


def rounded_up(block):
    """By less than what the library takes for a contradiction."""
    return Around(block, lambda v: v + 1e-11 * abs(v))


BLOCKS = ("rounded_up",)
