"""Users' rules of a few lines, wrong and right ones, for ``test_falsifier``."""

import math
from dataclasses import dataclass, replace

import numpy as np

from lagrange import ADMM, SurrogateLagrangian
from lagrange.oracles.knapsack import Knapsack
from lagrange.step_sizes import Constant, Polyak


class ReportsSurrogate:
    """Wrong: L(x, λ) recorded as a lower bound."""

    inner = SurrogateLagrangian(Constant(1.0))
    init, ask = inner.init, inner.ask

    def tell(self, problem, state, answers):
        new = self.inner.tell(problem, state, answers)
        return new._replace(record=new.record._replace(lower_bound=new.record.lagrangian))


@dataclass(frozen=True)
class RoundedUp(Knapsack):
    """Wrong: the bound rounded to the next integer up."""

    def respond(self, price, query, start):
        answer = super().respond(price, query, start)
        return replace(answer, bound=float(math.ceil(answer.bound)))


def fractional(cost, weight, capacity, row):
    """Right, and weak: nothing is known of the capacity."""
    return Knapsack(cost, weight, int(weight.sum()), row)


def relaxed(rho):
    """The energy of plain ADMM is not that of the over-relaxed."""
    return ADMM(rho, relaxation=1.75)


def loss_first(rho):
    """Wrong order for a set."""
    return ADMM(rho, ((0,), (1,)))


def four_times(rho):
    """Right for ρ ≥ h: above the bound."""
    return ADMM(8 * rho + 24, ((1,), (0,)))


@dataclass(frozen=True)
class SmallDualStep:
    """Three blocks, λ moved by an eighth of what ADMM moves it."""

    inner: ADMM

    def init(self, problem, start=None):
        return self.inner.init(problem, start)

    def ask(self, problem, state):
        return self.inner.ask(problem, state)

    def tell(self, problem, state, answers):
        new, old = self.inner.tell(problem, state, answers), state.multipliers
        moved = {name: old[name] + 0.125 * (new.multipliers[name] - old[name]) for name in old}
        return new._replace(multipliers=moved)


def small_dual_step(rho):
    """Wrong: an eighth is not small enough for every matrix; where ADMM itself diverges it may do."""
    return SmallDualStep(ADMM(rho, ((0,), (1,), (2,)), heuristic=True))


class Halving:
    """Wrong: the travel is at most 2."""

    def init(self):
        return None

    def next(self, now, memory):
        return 0.5**now.moves / now.residual, None


class Steep(Halving):
    """Wrong: the travel is at most 1.1."""

    def next(self, now, memory):
        return (1 + now.moves) ** -4.0, None


class Vanishing(Halving):
    """Wrong: steps that underflow to 0."""

    def next(self, now, memory):
        return 10.0 ** (-now.moves * 5) if now.moves < 60 else 0.0, None


class Unsteady(Halving):
    """Wrong in another way: it remembers behind the engine's back."""

    calls = 0

    def next(self, now, memory):
        Unsteady.calls += 1
        return 1.0 / Unsteady.calls**2, None


class Drifting(Halving):
    """Wrong, and wrong by another amount every time."""

    calls = 0

    def next(self, now, memory):
        Drifting.calls += 1
        return Drifting.calls * 0.5**now.moves, None


class Failing(Halving):
    """Divides by zero."""

    def next(self, now, memory):
        return 1 / (now.moves - 3), None


def overshooting(target):
    """Wrong: aims one above the dual optimum."""
    return Polyak(target + 1.0)


class DoubleRounding:
    """Wrong: to halves first, then to integers."""

    def project(self, v):
        return np.rint(np.rint(2 * v) / 2)

    def contains(self, v):
        return bool(np.all(v == np.rint(v)))


class QuarterRounding(DoubleRounding):
    """Wrong: to quarters first; an eighth of all numbers, none of them a multiple of 1/4 or 1/6."""

    def project(self, v):
        return np.rint(np.rint(4 * v) / 4)


class LargestBySign:
    """Wrong: keeps the largest entry, not the largest magnitude."""

    def project(self, v):
        return np.where(np.arange(v.size) == np.argmax(v), v, 0.0)

    def contains(self, v):
        return np.count_nonzero(v) <= 1


def outside(v):
    """Wrong: its answers are no members, being no fixed points."""
    return v / 2


def clipped(v):
    """Right: the box [0, 1]."""
    return v.clip(0.0, 1.0)
