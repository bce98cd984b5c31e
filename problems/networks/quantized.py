"""Quantizing one network: the sets, a method for each solver's name, the saved network, the measures.

The saved network is the solver's, hard-projected and then trained with its codes fixed: scales, biases
and norms move, every weight stays a member of its set. Pruned besides (``keep``), it has zeros as the
set of all tensors together allows; a tensor's nonzero weights share its scale.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from lagrange.blocks import Response
from lagrange.instances import Method, Number
from lagrange.nn import dead_weights
from lagrange.nn.bake import bake
from lagrange.nn.members import Members
from lagrange.nn.quantized_weights import freeze_levels
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Problem
from lagrange.sets import (
    Binary,
    GlobalSparseQuantized,
    PerTensor,
    ScaledPowers,
    Ternary,
    UniformGrid,
    ZeroFreeGrid,
)
from lagrange.sets.quantized import Quantized
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.alternating import Alternating
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.stages import in_stages
from lagrange.step_sizes import SurrogateContraction
from lagrange.stopping import StepLimit
from problems.networks import registry, saved
from problems.networks.accuracies import accuracies
from problems.networks.compress import State, Task
from problems.networks.controls import Following
from problems.networks.growth import penalty
from problems.networks.lean import make_lean
from problems.networks.scored import budgets_for

MOST_BITS = {"uniform": 8, "zero-free": 8, "powers": 6}
EXTRA_BITS = (4, 2, 0)  # of the stages of progressive, over those that are wanted
GRIDS: Mapping[str, Callable[[int, int | None], Quantized]] = {
    "uniform": lambda bits, axis: UniformGrid(bits, axis=axis),
    "zero-free": lambda bits, axis: ZeroFreeGrid(bits, axis=axis),
    "powers": lambda bits, axis: ScaledPowers(bits, axis=axis),
}


def level_set(grid: str, bits: int, axis: int | None = None) -> Quantized:
    """Levels of one tensor. One bit is ±s on every grid, two bits of the uniform one are −s, 0, s."""
    if grid not in GRIDS:
        raise ValueError(f"grid must be one of {', '.join(GRIDS)}, got {grid!r}")
    if not 1 <= bits <= MOST_BITS[grid]:
        raise ValueError(f"bits must lie in 1 … {MOST_BITS[grid]} on the {grid} grid, got {bits}")
    if bits == 1:
        return Binary(axis)
    return Ternary(axis) if (grid, bits) == ("uniform", 2) else GRIDS[grid](bits, axis)


@dataclass(frozen=True)
class QuantizationTask:
    """The network, its data, and one set of levels for all tensors, a scale each.

    scope : layer (one scale a tensor) or filter (one for each output)
    keep  : how many weights may be nonzero in all tensors together, as for pruning; None: all
    """

    task: Task
    bits: int
    grid: str
    scope: str
    keep: float | None = None

    def __post_init__(self) -> None:
        if self.scope not in ("layer", "filter"):
            raise ValueError(f"scope must be layer or filter, got {self.scope!r}")
        if self.keep is not None and self.scope != "layer":
            raise ValueError(
                f"with keep = {self.keep:g} scope must be layer, since the nonzero weights of a "
                f"tensor share one scale; got {self.scope!r}"
            )
        self.members(self.bits)  # refuses bad bits, grids and budgets at the door
        if self.task.settings.lean and self.task.settings.retrain == 0:
            raise ValueError(
                "lean is part of what follows the hard projection, and retrain = 0 means nothing does: "
                "give retrain at least 1 or leave lean out"
            )
        if self.task.settings.lean:
            blank = registry.blank(self.task.network)  # refuses networks that it cannot follow
            dead_weights(self.task.fresh(), tuple(self.task.sizes), blank)

    def members(self, bits: int) -> Members:
        """The set at a number of bits, over all tensors."""
        axis = 0 if self.scope == "filter" else None
        levels, names = level_set(self.grid, bits, axis), tuple(self.task.sizes)
        if self.keep is None:
            return Members(names, PerTensor(dict.fromkeys(names, levels)))
        budget = budgets_for(self.keep, "global", self.task.sizes).counts[""]
        return Members(names, GlobalSparseQuantized(budget, levels))

    @property
    def methods(self) -> Mapping[str, Callable[[int | None], Method]]:
        """By the name of the solver, for a number of steps; None: as many as the epochs are."""
        methods = {"admm": self.admm, "surrogate": self.surrogate, "progressive": self.progressive}
        if self.keep is not None:  # straight-through knows levels, but not whose they may be
            return methods
        return {**methods, "straight-through": self.straight_through}

    @property
    def idle(self) -> Mapping[str, Mapping[str, str]]:
        """By the name of the solver, options that do nothing with it, and why."""
        same = self.bits == 1 and self.grid != "uniform"
        still = {"grid": "one bit is ±s on every grid"} if same else {}
        idle = {
            "admm": {},
            "surrogate": {"growth": "its ρ is constant"},
            "straight-through": {"rho": "it has no pull", "growth": "it has no pull"},
        }
        return {solver: {**own, **still} for solver, own in idle.items()}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is said of the saved network in its file."""
        what = {"bits": self.bits, "grid": self.grid, "scope": self.scope, "keep": self.keep}
        return {**saved.facts(self.task), **what}

    def admm(self, steps: int | None) -> Method:
        """ADMM, the loss first."""
        n = steps or self.task.updates
        return self._method(ADMM(penalty(self.task.settings, n)), n)

    def surrogate(self, steps: int | None) -> Method:
        """SLR; a step trains or projects, by turns."""
        n = steps or 2 * self.task.updates
        rho = self.task.settings.rho
        rule = SurrogateContraction.for_horizon(max(20, n), shrink=0.1, first_step=rho)
        return self._method(SurrogateLagrangian(rule, rho=rho), n)

    def progressive(self, steps: int | None) -> Method:
        """ADMM in three stages, from finer levels to those that are wanted."""
        n = steps or self.task.updates
        each = -(-n // len(EXTRA_BITS))
        widths = [min(MOST_BITS[self.grid], self.bits + more) for more in EXTRA_BITS]
        solver = Progressive(ADMM(penalty(self.task.settings, each)), StepLimit(each))
        problem = in_stages([self._problem(self.task.block, bits) for bits in widths])
        return Method(problem, solver, n, self.task.start(self._block(widths[0])))

    def straight_through(self, steps: int | None) -> Method:
        """Training with projected weights in the loss, no prices: a control."""
        n = steps or self.task.updates
        network = Following(self.task.unpulled, self.members(self.bits))
        return self._method(Alternating(1.0, order=(1, 0)), n, network)

    def _method(self, solver: Any, steps: int, network: Any = None) -> Method:
        problem = self._problem(self.task.block if network is None else network, self.bits)
        return Method(problem, solver, steps, self.task.start(self._block(self.bits)))

    def _problem(self, network: Any, bits: int) -> Problem[Any]:
        return self.task.problem(network, self._block(bits), self._hard)

    def _block(self, bits: int) -> SetBlock:
        members = self.members(bits)
        return SetBlock(members.set, members.names)

    def _hard(self, answer: Response) -> State:
        return self.task.projected(answer.point.weights, self._block(self.bits))

    def final(self, hard: State) -> State:
        """The network that is saved: trained on after the hard projection, its codes fixed."""
        s = self.task.settings
        if s.retrain == 0:
            return hard

        def train(net: nn.Module) -> nn.Module:
            freeze_levels(net, self.members(self.bits))
            self.task.retrain(net)
            trained = bake(net)
            if s.lean:
                make_lean(trained, self.task.sizes, registry.blank(self.task.network))
            return trained

        return self.task.finished(hard, train)

    def files(self, point: Mapping[str, Any]) -> Mapping[str, bytes]:
        """The saved network, as arrays, as a packed file."""
        return saved.files(point, self.members(self.bits), self.facts)

    def measure(self, solution: Solution) -> Mapping[str, Number]:
        return accuracies(self.task, solution, self.final, self._baselines)

    def _baselines(self, epochs: int) -> Mapping[str, Number]:
        """The dense network, trained for as many epochs as the solver and what came before it spent,
        then quantized at once.
        """
        task, s = self.task, self.task.settings
        if not s.baselines:
            return {}
        dense = task.fresh()
        task.train(dense, s.pretrain + s.prune + s.settle + epochs)
        cut = task.projected(dense.state_dict(), self._block(self.bits))
        return {
            "accuracy_dense": task.test_accuracy(dense),
            "accuracy_one_shot": task.test_accuracy(task.loaded(cut)),
        }
