"""Pruning one network: a method for each solver's name, the network that is saved, the measures.

The saved network is the solver's, hard-projected and then trained with its zeros fixed. A clean one
has no dead weights before that: their places in the budget go to the next in the ranking.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from torch import nn

from lagrange.blocks import Response
from lagrange.instances import Method, Number
from lagrange.nn import dead_weights
from lagrange.nn.dead_paths import projected_alive
from lagrange.nn.schedules import budgets
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Problem
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.alternating import Alternating
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.scheduled import Scheduled
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.stages import in_stages
from lagrange.step_sizes import SurrogateContraction
from lagrange.stopping import StepLimit
from problems.networks import registry, saved
from problems.networks.accuracies import accuracies
from problems.networks.compress import State, Task
from problems.networks.controls import HeldNetwork
from problems.networks.finishing import finish
from problems.networks.growth import penalty
from problems.networks.scored import Budgets, ByWorth, ScoredNetwork, ScoredSet, budgets_for
from problems.networks.settings import Settings
from problems.networks.shrunk import trained_without_dead_units
from problems.networks.sparse_layers import require_sparse

STAGES = 3
TRAININGS = 10  # of the network in a stage of SLR
IDLE: Mapping[str, Mapping[str, str]] = {  # by solver, what does nothing with it
    "surrogate": {"growth": "its ρ is constant"},
    "progressive": {"path": "its budget falls in stages of its own"},
    "gradual": {"rho": "it has no pull", "growth": "it has no pull"},
    "one-shot": {
        "rho": "it has no pull",
        "growth": "it has no pull",
        "path": "its budget is the final one from the start",
        "score": "it cuts before a step of training, when nothing but sizes is known",
    },
}


@dataclass(frozen=True)
class PruningTask:
    """The network, its data and its budget, and one method for each solver's name.

    clean : no dead weights after the hard projection
    """

    task: Task
    keep: float
    scope: str
    clean: bool = False

    def __post_init__(self) -> None:
        self.budgets  # noqa: B018 - refuses a bad scope or budget at the door
        self._require_retraining()

    def _require_retraining(self) -> None:
        """Options of the retraining need one, and a network that they can be had for."""
        s = self.settings
        if s.retrain == 0 and (s.regrow > 0 or s.sparse or s.teach > 0):
            raise ValueError(
                "regrow, sparse and teach belong to the retraining, and retrain = 0 means none: give "
                "retrain at least 1 or leave them out"
            )
        if s.sparse:
            require_sparse(self.task.fresh())

    @cached_property
    def budgets(self) -> Budgets:
        """How many nonzeros are allowed."""
        return budgets_for(self.keep, self.scope, self.task.sizes)

    @property
    def settings(self) -> Settings:
        return self.task.settings

    @property
    def methods(self) -> Mapping[str, Callable[[int | None], Method]]:
        """By the name of the solver, for a number of steps; None: as many as the epochs are."""
        return {
            "admm": self.admm,
            "surrogate": self.surrogate,
            "progressive": self.progressive,
            "gradual": self.gradual,
            "one-shot": self.one_shot,
        }

    @property
    def idle(self) -> Mapping[str, Mapping[str, str]]:
        """By the name of the solver, options that do nothing with it, and why."""
        if self.settings.path != "none":
            return IDLE
        still = {"path": "its budget has to fall, none means cubic; at once it is one-shot"}
        return {**IDLE, "gradual": {**IDLE["gradual"], **still}}

    def admm(self, steps: int | None) -> Method:
        """ADMM, the loss first; the budget falls on the path."""
        n = steps or self.task.updates
        return self._on_path(ADMM(penalty(self.settings, n)), self.settings.path, n)

    def surrogate(self, steps: int | None) -> Method:
        """SLR, a step of which trains or projects, by turns. It compares answers, so the budget falls
        in stages, each begun anew; a ranking by worth proposes the set's answer, L_ρ decides on it.
        """
        updates = self.task.updates if steps is None else steps // 2
        path, rho = self.settings.path, self.settings.rho
        each = max(1, updates if path == "none" else min(TRAININGS, updates // 2))
        rule = SurrogateContraction.for_horizon(max(20, 2 * each), shrink=0.1, first_step=rho)
        solver = self._scored(SurrogateLagrangian(rule, rho=rho))
        if path == "none":
            return self._one_budget(solver, steps or 2 * updates)
        stages = self._falling(path, -(-updates // each) or 1)
        solver = Progressive(solver, StepLimit(2 * each + 1), renew=True)  # first a projection
        return self._in_stages(solver, stages, steps or 2 * updates + len(stages))

    def progressive(self, steps: int | None) -> Method:
        """ADMM in three stages, each begun anew, with equal cuts in log(nonzeros)."""
        n = steps or self.task.updates
        each = -(-n // STAGES)
        solver = Progressive(self._scored(ADMM(penalty(self.settings, each))), StepLimit(each))
        return self._in_stages(solver, self._falling("log", STAGES, hold=0), n)

    def gradual(self, steps: int | None) -> Method:
        """Magnitude pruning on a falling budget, zeros held: a control."""
        n = steps or self.task.updates
        path = "cubic" if self.settings.path == "none" else self.settings.path
        return self._on_path(Alternating(1.0, order=(1, 0)), path, n, held=True)

    def one_shot(self, steps: int | None) -> Method:
        """The dense network cut at once by size, then trained with its zeros held: a control."""
        wanted, solver = self.budgets.block, Alternating(1.0, order=(1, 0))
        # cut before the training, so that places of what is dead can go to weights that are not 0 yet
        cut = self.task.loaded(self._cut(self.task.origin.state_dict(), wanted))
        network = replace(self._held, training=replace(self._held.training, module=cut))

        def hard(answer: Response) -> State:
            return self._cut(answer.point.weights, wanted)

        problem = self.task.problem(network, wanted, hard)
        start = self.task.start(wanted, network.training)
        return Method(problem, solver, steps or self.task.updates, start)

    def _scored(self, solver: Any) -> Any:
        return ByWorth(solver) if self.settings.score > 0 else solver

    def _on_path(self, solver: Any, path: str, updates: int, *, held: bool = False) -> Method:
        """The solver at the final budget, or with one budget after the other."""
        solver = self._scored(solver)
        if path == "none":
            return self._one_budget(solver, updates, held=held)
        stages = self._falling(path, updates)
        return self._in_stages(Scheduled(solver), stages, updates, held=held)

    def _one_budget(self, solver: Any, steps: int, *, held: bool = False) -> Method:
        """At the final budget from the start."""
        wanted = self.budgets
        problem = self._problem(wanted, held=held)
        return Method(problem, solver, steps, self.task.start(wanted.block))

    def _in_stages(
        self, solver: Any, stages: Sequence[Budgets], steps: int, *, held: bool = False
    ) -> Method:
        problem = in_stages([self._problem(stage, held=held) for stage in stages])
        return Method(problem, solver, steps, self.task.start(stages[0].block))

    def _falling(self, path: str, steps: int, hold: int | None = None) -> Sequence[Budgets]:
        """Budgets from all weights to the final one, which is held ``hold`` more steps; None: after
        the share of the steps that the settings let it fall in.
        """
        if hold is None:
            hold = min(steps - 1, round((1 - self.settings.falling) * steps))
        sizes = {"": sum(self.task.sizes.values()), **self.task.sizes}
        paths = {
            name: budgets(path, sizes[name], k, steps, hold)
            for name, k in self.budgets.counts.items()
        }
        return [
            replace(self.budgets, counts={name: ks[t] for name, ks in paths.items()})
            for t in range(steps)
        ]

    def _problem(self, allowed: Budgets, *, held: bool = False) -> Problem[Any]:
        members = allowed.block if self.settings.score == 0 else ScoredSet(allowed)
        return self.task.problem(self._networks[held], members, self._hard)

    @cached_property
    def _networks(self) -> tuple[Any, Any]:
        """The network as a block, one for all stages: free, and with its zeros held."""
        block, score = self.task.block, self.settings.score
        if score == 0:
            return block, self._held
        return ScoredNetwork.of(block, block, score), ScoredNetwork.of(self._held, block, score)

    @cached_property
    def _held(self) -> HeldNetwork:
        adam = self.task.held_adam(self.settings.rate)
        return HeldNetwork(replace(self.task.unpulled, optimizer=adam))

    def _hard(self, answer: Response) -> State:
        worth = None
        if self.settings.score > 0:
            block = self.task.block
            worth = ScoredNetwork.of(block, block, self.settings.score).worth(answer)
        return self._cut(answer.point.weights, self.budgets.ranked(worth))

    def _cut(self, weights: State, members: SetBlock) -> State:
        """The weights on the set: the point of a run, made at its end, and by surrogate also where all
        blocks were heard at one λ, whose points it compares. A clean cut gives the places of what is
        dead there to others.
        """
        if not self.clean:
            return self.task.projected(weights, members)
        names = tuple(self.task.sizes)
        return projected_alive(
            weights,
            lambda state: self.task.projected(state, members),
            lambda state: dead_weights(
                self.task.loaded(state), names, registry.blank(self.task.network)
            ),
        )

    def final(self, hard: State) -> State:
        """The network that is saved: trained on after the hard projection, on the same budget."""
        if self.settings.retrain == 0:
            return hard
        apart = "" not in self.budgets.counts

        def train(net: nn.Module) -> nn.Module:
            trained_without_dead_units(
                net,
                registry.blank(self.task.network),
                lambda smaller: finish(self.task, smaller, apart=apart),
            )
            return net

        return self.task.finished(hard, train)

    def files(self, point: Mapping[str, Any]) -> Mapping[str, bytes]:
        """The saved network, as arrays, as a packed file."""
        what = {"keep": self.keep, "scope": self.scope, "clean": self.clean}
        return saved.files(point, self.budgets.members, {**saved.facts(self.task), **what})

    def measure(self, solution: Solution) -> Mapping[str, Number]:
        return accuracies(self.task, solution, self.final, self._baselines)

    def _baselines(self, epochs: int) -> Mapping[str, Number]:
        """Trained for as many epochs as the solver spent: the dense network, which is cut after that
        (one-shot), and the dense start cut before that (control).
        """
        task, first = self.task, self.settings.pretrain
        if not self.settings.baselines:
            return {}
        dense = task.fresh()
        task.train(dense, first + epochs)
        wanted = self.budgets.block
        cut = task.loaded(task.projected(dense.state_dict(), wanted))
        control = task.loaded(task.projected(task.dense.state_dict(), wanted))
        task.train(control, epochs, first=first, held=True)
        return {
            "accuracy_dense": task.test_accuracy(dense),
            "accuracy_one_shot": task.test_accuracy(cut),
            "accuracy_control": task.test_accuracy(control),
        }
