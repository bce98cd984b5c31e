"""Conformance checks for anybody's step rule."""

import math
from collections.abc import Iterator, Sequence

from lagrange.step_sizes import AnyStepSize, Progress
from lagrange.testing.compare import difference, require, snapshot

Run = Sequence[Progress]


def sample_run(moves: int = 30, start: float = -100.0) -> list[Progress]:
    """A plausible run to put to a rule: a Lagrangian that rises with setbacks towards 0, a residual
    that wavers, bounds that close in; the upper bound is 1, never reached.
    """
    run: list[Progress] = []
    best = -math.inf
    for k in range(moves):
        value = start / (1 + k) + 3.0 * math.sin(2.0 * k) * (k > 0) - 3.0
        best = max(best, value)
        run.append(Progress(k, 2.0 + math.cos(3.0 * k), value, best, 1.0))
    return run


def check_step_rule(rule: AnyStepSize, runs: Sequence[Run] | None = None) -> None:
    """Steps are finite and ≥ 0 and depend on (now, memory) only: asked twice, in another order, or
    with two runs interleaved, the rule answers the same; it changes no memory in place.

    runs : sequences of ``Progress`` with moves 0, 1, 2, … ; sample runs by default.
    """
    runs = runs or (sample_run(), sample_run(12, -7.0))
    alone = [list(_steps(rule, run)) for run in runs]
    for run, steps in zip(runs, alone, strict=True):
        for now, step in zip(run, steps, strict=True):
            require(
                math.isfinite(step) and step >= 0,
                f"{rule} at {now}: the step is {step}, not a finite number ≥ 0",
            )
        found = difference(steps, list(_steps(rule, run)))
        require(found is None, f"{rule}: the same run a second time differs at move {found}")
    together: list[list[float]] = [[] for _ in runs]
    walks = [_steps(rule, run) for run in runs]
    for _ in range(max(map(len, runs))):
        for steps, walk in zip(together, walks, strict=True):
            steps.extend(step for step in [next(walk, None)] if step is not None)
    found = difference(alone, together)
    require(found is None, f"{rule}: two runs at once disturb each other: run and move {found}")


def _steps(rule: AnyStepSize, run: Run) -> Iterator[float]:
    """The steps of a run, each asked twice from the same memory."""
    memory = rule.init()
    found = difference(memory, rule.init())
    require(found is None, f"{rule}: two calls of init differ in {found}")
    for now in run:
        kept = snapshot(memory)
        first, second = rule.next(now, memory), rule.next(now, memory)
        found = difference(kept, memory)
        require(found is None, f"{rule} at {now}: the memory was changed in place: {found}")
        found = difference(first, second)
        require(found is None, f"{rule} at {now} asked twice from one memory: {found}")
        step, memory = first
        yield step
