"""Every certified bound of every dual solver, on a hundred thousand random tiny problems, exactly.

    python -m proofs_checks.bounds_sweep [--count 100000] [--seed 0] [--steps 5]

Each problem is given to every solver for a few steps. A recorded ``lower_bound`` is valid if it is at
most the dual value at the multipliers that were asked, rounded up to an integer if the problem is
integral, and at most the optimum found by enumeration; the best bound of the run likewise, at the
multipliers kept with it. All comparisons are of rational numbers. Exit status 1 if a bound is invalid.

``--solver module:name`` sweeps a solver of one's own instead, made by name(random); ``--around
module:name`` puts name(block) in the place of every block.
"""

import argparse
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from random import Random
from time import perf_counter, process_time
from typing import Any, NamedTuple

from lagrange.engine import serially
from lagrange.problem import Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.solvers.volume import Volume
from lagrange.step_sizes import (
    AnyStepSize,
    Constant,
    Diminishing,
    Polyak,
    SurrogateContraction,
)
from lagrange.vectors import Vector
from proofs_checks.tiny_problems import Tiny, Wrap, random_problem

Make = Callable[[Random], Any]


RULES: tuple[AnyStepSize, ...] = (  # made once: a schedule for a horizon takes a while to choose
    *map(Constant, (0.25, 0.3, 1.7)),
    *(Diminishing(size, power) for size in (0.3, 2.0) for power in (0.5, 1.0)),
    *(Polyak(target, patience=2) for target in (-2.0, 0.3, 5.0)),
    Polyak(estimate=3.0),
    SurrogateContraction(10, 0.3, first_step=0.7),
    SurrogateContraction.for_horizon(20, estimate=9.0, first_step=1.3),
)


def step_rule(random: Random) -> AnyStepSize:
    """Any rule of the library."""
    return random.choice(RULES)


SOLVERS: Mapping[str, Make] = {  # one line more for a new dual solver
    "Subgradient": lambda random: Subgradient(step_rule(random)),
    "SurrogateLagrangian": lambda random: SurrogateLagrangian(step_rule(random)),
    "SurrogateLagrangian, sweeps": lambda random: SurrogateLagrangian(
        step_rule(random), group=random.randint(1, 2), sweep_every=random.randint(1, 3)
    ),
    "SurrogateLevel": lambda random: SurrogateLevel(
        50.0, pace=random.choice((None, 1.0)), sweep_every=2, check_every=random.choice((3, 10, 10))
    ),
    "SurrogateAbsolute": lambda random: SurrogateAbsolute(step_rule(random), sweep_every=2),
    "LevelBundle": lambda random: LevelBundle(columns=random.choice((3, 40))),
    "Volume": lambda random: Volume(step_rule(random), mixing=random.choice((0.1, 1.0))),
}


@dataclass
class Tally:
    """What was seen of one solver."""

    runs: int = 0
    bounds: int = 0
    above_dual: int = 0
    above_optimum: int = 0

    @property
    def invalid(self) -> int:
        """Bounds that are above something."""
        return self.above_dual + self.above_optimum


class Subject(NamedTuple):
    """A problem, as the solvers see it, and its optimum."""

    tiny: Tiny
    problem: Problem[Any]
    optimum: Fraction

    def judge(self, bound: float, multipliers: Vector, tally: Tally) -> None:
        """Counts one bound and what it is above."""
        prices = self.tiny.flat(multipliers)
        dual = self.tiny.dual(prices) if self.tiny.is_dual_feasible(prices) else -math.inf
        allowed = dual if dual == -math.inf or not self.tiny.integral else math.ceil(dual)
        claimed = Fraction(bound)
        tally.bounds += 1
        tally.above_dual += claimed > allowed
        tally.above_optimum += claimed > self.optimum


def put_to(subject: Subject, solver: Any, steps: int, tally: Tally) -> None:
    """One run: every bound that it records, and its best."""
    problem = subject.problem
    state = solver.init(problem)
    while state.record.step < steps:
        asks = solver.ask(problem, state)
        if not asks:
            break
        before, state = state, solver.tell(problem, state, serially(problem, asks))
        if state.record.step > before.record.step and not math.isnan(state.record.lower_bound):
            subject.judge(state.record.lower_bound, asks[0].price, tally)
    if state.best.multipliers is not None:
        subject.judge(state.best.lower_bound, state.best.multipliers, tally)
    tally.runs += 1


def sweep(
    count: int,
    seed: int = 0,
    steps: int = 5,
    solvers: Mapping[str, Make] = SOLVERS,
    wrap: Wrap = lambda block: block,
) -> dict[str, Tally]:
    """So many problems, each given to every solver. Problem i is a function of seed and i alone."""
    tallies = {name: Tally() for name in solvers}
    for i in range(count):
        random = Random(seed * 1_000_003 + i)
        tiny = random_problem(random)
        subject = Subject(tiny, tiny.problem(wrap), tiny.optimum())
        for name, make in solvers.items():
            try:
                put_to(subject, make(random), steps, tallies[name])
            except ValueError as error:
                raise ValueError(f"{name} failed on problem {i} of seed {seed}: {error}") from error
    return tallies


def main() -> int:
    """Prints a line for each solver and one for all."""
    parser = argparse.ArgumentParser(description="certified bounds on random tiny problems")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--solver", help="module:name; name(random) is a solver")
    parser.add_argument("--around", help="module:name; name(block) replaces every block")
    given = parser.parse_args()
    solvers = {given.solver: _named(given.solver)} if given.solver else SOLVERS
    wrap: Wrap = _named(given.around) if given.around else lambda block: block
    began, worked = perf_counter(), process_time()
    tallies = sweep(given.count, given.seed, given.steps, solvers, wrap)
    print(f"{'solver':<30}{'runs':>9}{'bounds':>10}  above the dual value  above the optimum")
    for name, t in tallies.items():
        print(f"{name:<30}{t.runs:>9}{t.bounds:>10}{t.above_dual:>22}{t.above_optimum:>19}")
    bounds, invalid = (
        sum(v) for v in zip(*((t.bounds, t.invalid) for t in tallies.values()), strict=True)
    )
    print(
        f"{given.count} problems (seed {given.seed}), {bounds} certified bounds, "
        f"{invalid} invalid, {perf_counter() - began:.0f} s "
        f"({process_time() - worked:.0f} s of one core)"
    )
    return 1 if invalid else 0


def _named(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


if __name__ == "__main__":
    sys.exit(main())
