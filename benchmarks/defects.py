"""What each defect of the published SLR pruning code does to the result, by switching it on here.

    python -m benchmarks.defects [--seeds 5] [--keep 0.02]

The 8×8 digits, 60 epochs after 10 dense ones, no retraining: accuracy on the test images of the
hard-projected network, differences to the method without defects paired by seed, with 95 % intervals.

    alias      the weights before are a reference to the weights now: in the first half-step the ratio
               of norms is 1, so that the step no longer follows its schedule
    attached   the multipliers keep their graph: the pull is 1 + Σ s/ρ times as strong (SLR), or 1 + the
               number of updates (ADMM)
    two costs  the condition for the set's answer has the change of the training loss in it
    from zero  the first Z is 0 in place of the projection
    fewer      the multipliers of ADMM move every third epoch only, those of SLR twice an epoch
    test set   the epoch that is best on the test images is kept, and its accuracy there reported

Source of the defects: the code that an author published; see papers/slr/README.md.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from scipy import stats

from lagrange import StepLimit, solve
from lagrange.blocks import Ask, Response
from lagrange.contraction import alpha, choose_constants
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.solvers.admm import ADMM
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.state import Start, State
from lagrange.step_sizes import Progress
from lagrange.vectors import Vector
from problems.networks.compress import Task
from problems.networks.digits import load_digits
from problems.networks.pruned import PruningTask
from problems.networks.settings import Settings

EPOCHS, RHO = 60, 0.1
NETWORK, SET = 0, 1


class Last(NamedTuple):
    """Of the last move: its step, the residual before it, and whose half-step it was."""

    step: float
    residual: float


@dataclass
class Steps:
    """s ← α s ‖g before‖ / ‖g now‖; with ``alias`` the ratio is 1 after the network's answer.

    Two moves an epoch, so that it is known whose turn it is: ``turn`` is set by ``Released``.
    """

    alias: bool
    moves: int
    turn: int = NETWORK

    def init(self) -> Last | None:
        return None

    def next(self, now: Progress, memory: Last | None) -> tuple[float, Last]:
        if memory is None:
            return RHO, Last(RHO, now.residual)
        ratio = 1.0 if self.alias and self.turn == NETWORK else memory.residual / now.residual
        M, r = choose_constants(max(20, self.moves), 0.1)
        step = alpha(now.moves, M, r) * memory.step * ratio
        return step, Last(step, now.residual)


class Memory(NamedTuple):
    """inner: the solver's own;  travel: Σ s, or updates so far;  cost: the training loss before."""

    inner: Any
    travel: float
    cost: float


@dataclass(frozen=True)
class Released:
    """A solver with defects of the published code."""

    solver: Any
    rule: Steps | None = None
    attached: bool = False
    two_costs: bool = False

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Any]:
        state = self.solver.init(problem, start)
        return state._replace(memory=Memory(state.memory, 0.0, math.nan))

    def ask(self, problem: Problem[Any], state: State[Any]) -> tuple[Ask[Any], ...]:
        inner = state._replace(memory=state.memory.inner)
        asks = self.solver.ask(problem, inner)
        return tuple(self._steeper(a, state.memory.travel) for a in asks)

    def _steeper(self, ask: Ask[Any], travel: float) -> Ask[Any]:
        """The network's pull with the graph of all multipliers before in it."""
        if not self.attached or ask.block != NETWORK:
            return ask
        times = 1.0 + travel
        price: Vector = {name: times * p for name, p in ask.price.items()}
        return ask._replace(price=price, query=Quadratic(times * ask.query.rho, ask.query.offset))

    def tell(
        self, problem: Problem[Any], state: State[Any], answers: Sequence[Response]
    ) -> State[Any]:
        memory = state.memory
        inner = state._replace(memory=memory.inner)
        turn = self.solver.ask(problem, inner)[0].block
        if self.rule is not None:
            self.rule.turn = turn
        now = state.responses[NETWORK]
        if self.two_costs and turn == SET and now is not None and math.isfinite(memory.cost):
            answers = (replace(answers[0], cost=now.cost - memory.cost),)
        new = self.solver.tell(problem, inner, answers)
        if self.two_costs and turn == SET:  # the set has no cost of its own
            own = tuple(
                replace(r, cost=0.0) if i == SET else r for i, r in enumerate(new.responses)
            )
            new = new._replace(responses=own, cost=own[NETWORK].cost)
        if self.rule is None:
            travel = float(new.record.step)
        elif new.record.moves > state.record.moves:
            travel = memory.travel + new.record.step_size / RHO
        else:
            travel = memory.travel
        before = memory.cost if turn == SET else (math.nan if now is None else now.cost)
        return new._replace(memory=Memory(new.memory, travel, before))


@dataclass(frozen=True)
class Trial:
    """A network of one seed and a budget."""

    keep: float
    seed: int
    every: int = 1  # epochs to an update

    @property
    def task(self) -> PruningTask:
        images = len(load_digits().train)
        settings = Settings(pretrain=10, epochs=EPOCHS, retrain=0, rho=RHO, baselines=False)
        batches = -(-images // settings.batch)
        interval = None if self.every == 1 else self.every * batches
        task = Task("digits", "digits", replace(settings, interval=interval), self.seed)
        return PruningTask(task, self.keep, "global")

    def slr(self, *, alias: bool = False, zero: bool = False, **defects: bool) -> float:
        task = self.task
        method = task.surrogate(None)
        rule = Steps(alias, method.steps)
        solver = Released(SurrogateLagrangian(rule, rho=RHO), rule, **defects)
        start = method.start
        if zero:
            network, members = cast("Start", start).responses
            assert members is not None
            nothing = {name: torch.zeros_like(z) for name, z in members.image.items()}
            start = Start(None, (network, replace(members, image=nothing)))
        return self._accuracies(task, method._replace(solver=solver, start=start), 2)[-1]

    def admm(self, *, attached: bool = False) -> float:
        task = self.task
        method = task.admm(None)
        solver = Released(ADMM(RHO), attached=attached)
        return self._accuracies(task, method._replace(solver=solver), 1)[-1]

    def best_on_test(self) -> float:
        task = self.task
        return max(self._accuracies(task, task.admm(None), 1))

    def _accuracies(self, task: PruningTask, method: Any, a_look: int) -> Sequence[float]:
        """On the test images, hard-projected, after every so many steps: the last one is the result."""
        state = method.solver.init(method.problem, method.start)
        found: list[float] = []
        while state.record.step < method.steps:
            until = StepLimit(state.record.step + a_look)
            solution = solve(method.problem, method.solver, stop=until, start=state)
            state = solution.state
            hard = method.problem.recover(solution.responses).point
            found.append(task.task.test_accuracy(task.task.loaded(hard)))
        return found


VARIANTS: Mapping[str, tuple[str, Callable[[Trial], float]]] = {  # by name: compared with, made by
    "SLR": ("", lambda t: t.slr()),
    "SLR, alias": ("SLR", lambda t: t.slr(alias=True)),
    "SLR, attached": ("SLR", lambda t: t.slr(attached=True)),
    "SLR, two costs": ("SLR", lambda t: t.slr(two_costs=True)),
    "SLR, from zero": ("SLR", lambda t: t.slr(zero=True)),
    "SLR, all four": (
        "SLR",
        lambda t: t.slr(alias=True, attached=True, two_costs=True, zero=True),
    ),
    "ADMM": ("", lambda t: t.admm()),
    "ADMM, attached": ("ADMM", lambda t: t.admm(attached=True)),
    "ADMM, fewer": ("ADMM", lambda t: replace(t, every=3).admm()),
    "ADMM, test set": ("ADMM", lambda t: t.best_on_test()),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--keep", type=float, default=0.02)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, list[float]] = {}
    print(f"| {arguments.keep:.0%} of the weights | accuracy, mean ± sd | difference [95 %] |")
    print("|---|---|---|")
    for name, (reference, run) in VARIANTS.items():
        trials = [Trial(arguments.keep, seed) for seed in range(arguments.seeds)]
        results[name] = [100 * run(trial) for trial in trials]
        mean, spread = np.mean(results[name]), np.std(results[name], ddof=1)
        paired = _interval(results[name], results[reference]) if reference else ""
        print(f"| {name} | {mean:.1f} ± {spread:.1f} | {paired} |", flush=True)


def _interval(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Of the mean difference, Student's."""
    differences = np.subtract(ours, theirs)
    mean, n = float(differences.mean()), differences.size
    half = stats.t.ppf(0.975, n - 1) * differences.std(ddof=1) / math.sqrt(n)
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"


if __name__ == "__main__":
    main()
