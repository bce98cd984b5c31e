"""Pruning: train a network whose weights have at most k nonzeros.

    min f(W) + indicator_S(Z)   s.t.  W − Z = 0,   S = {at most k nonzero entries}

Block 0 is the network, block 1 the set; there is one coupling row for each weight tensor. The set is
not convex: nothing is proved about loss or accuracy. What is proved is the count of the nonzeros.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lagrange.blocks import Response
from lagrange.certificates import Infeasible
from lagrange.instances import Instance, Method, Number
from lagrange.nn import TrainingBlock, weights
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.sets import Cardinality, GlobalCardinality
from lagrange.sets.sparsity import budget
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.stages import in_stages
from lagrange.state import Start
from lagrange.step_sizes import SurrogateContraction
from lagrange.stopping import StepLimit
from lagrange.vectors import Vector
from problems.networks import training
from problems.networks.digits import Digits, accuracy, load_digits, network
from problems.options import require_at_least
from problems.seeds import require_seed

STAGES = 3


def pruning(
    *,
    keep: float = 0.05,
    scope: str = "global",
    pattern: str = "*.weight",
    rho: float = 0.1,
    pretrain: int = 20,
    epochs: int = 60,
    retrain: int = 10,
    seed: int = 0,
) -> Instance:
    """A small convolutional network on the 8×8 digits, pruned to a fraction of its weights.

    The solver gets what dense training and the baselines leave of a time limit, one epoch at least.

    keep     : fraction of the weights to keep, in (0, 1]
    scope    : global (one budget for all tensors) or layer (the same fraction of each)
    pattern  : which weights, as a shell pattern over parameter names
    rho      : penalty
    pretrain : epochs of dense training before
    epochs   : epochs of training by the solver
    retrain  : epochs of training with the zeros fixed, after the hard projection
    seed     : of initial values and batches
    """
    require_at_least(0, pretrain=pretrain, retrain=retrain)
    require_at_least(1, epochs=epochs)
    require_rho(rho)
    task = PruningTask(keep, scope, pattern, pretrain, seed)

    def admm(steps: int | None) -> Method:
        return Method(task.problem(task.members), ADMM(rho), steps or epochs, task.start)

    def surrogate(steps: int | None) -> Method:
        steps = steps or 2 * epochs  # a step trains or projects, by turns
        rule = SurrogateContraction.for_horizon(max(20, steps), shrink=0.1, first_step=rho)
        solver = SurrogateLagrangian(rule, rho=rho)
        return Method(task.problem(task.members), solver, steps, task.start)

    def progressive(steps: int | None) -> Method:
        steps = steps or epochs
        shares = [keep ** (t / STAGES) for t in range(1, STAGES + 1)]  # equal cuts in log(nonzeros)
        problem = in_stages([task.problem(task.members_of(share)) for share in shares])
        solver = Progressive(ADMM(rho), StepLimit(-(-steps // STAGES)))
        return Method(problem, solver, steps, task.start)

    return Instance(
        name=f"digits-{scope}-{keep:g}",
        source="scikit-learn, digits",
        methods={"admm": admm, "surrogate": surrogate, "progressive": progressive},
        reserve=0.7,  # the baselines train twice as long as the solver
        exact=ExactPruning(task.sizes, task.budgets),
        point_arrays=lambda point: {name: tensor.numpy() for name, tensor in point.items()},
        rebuild={
            "keep": keep,
            "scope": scope,
            "pattern": pattern,
            "rho": rho,
            "pretrain": pretrain,
            "epochs": epochs,
            "retrain": retrain,
            "seed": seed,
        },
        measure=lambda solution: task.measure(solution, pretrain, retrain),
    )


@dataclass(frozen=True)
class PruningTask:
    """The network, its data and its budget. Nothing is trained before it is needed."""

    keep: float
    scope: str
    pattern: str
    pretrain: int
    seed: int

    def __post_init__(self) -> None:
        require_seed(self.seed)
        if self.scope not in ("global", "layer"):
            raise ValueError(f"scope must be global or layer, got {self.scope!r}")
        self._budgets(
            self.keep
        )  # refuses a bad fraction, or a pattern without a match, at the door

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Number of weights by target name."""
        return {n: w.numel() for n, w in weights(network(self.seed), self.pattern).items()}

    @property
    def budgets(self) -> Mapping[str, int]:
        """How many nonzeros are allowed: by tensor, or under "" for all together."""
        return self._budgets(self.keep)

    def _budgets(self, keep: float) -> Mapping[str, int]:
        if self.scope == "global":
            return {"": budget(keep, sum(self.sizes.values()))}
        return {name: budget(keep, size) for name, size in self.sizes.items()}

    @property
    def members(self) -> SetBlock:
        """The set that is wanted, as a block."""
        return self.members_of(self.keep)

    def members_of(self, keep: float) -> SetBlock:
        """The set for another fraction."""
        budgets = self._budgets(keep)
        if self.scope == "global":
            return SetBlock(GlobalCardinality(budgets[""]), tuple(self.sizes))
        return SetBlock.per_row({name: Cardinality(k) for name, k in budgets.items()})

    @cached_property
    def data(self) -> Digits:
        return load_digits()

    @cached_property
    def dense(self) -> nn.Module:
        """The network after dense training: where pruning starts."""
        net = network(self.seed)
        training.train(net, self.data.train, self.pretrain, self.seed)
        return net

    @cached_property
    def block(self) -> TrainingBlock:
        """The network block, one epoch an answer."""
        train = self.data.train
        return TrainingBlock(
            module=self.dense,
            loss=training.loss,
            batches=training.batches(train, self.seed, first=self.pretrain),
            sample=(train.images, train.labels),
            targets=tuple(self.sizes),
            optimizer=training.optimizer,
            seed=self.seed,
        )

    @property
    def start(self) -> Start:
        """The dense weights and their projection, zero multipliers."""
        dense = self.block.initial()
        return Start(None, (dense, self.members.nearest(dense.image)))

    def problem(self, members: SetBlock) -> Problem[Quadratic]:
        """W − Z = 0 with the network as block 0 and the set as block 1."""

        def recover(responses: Sequence[Response]) -> Feasible:
            hard = self._projected(responses[0].point.weights)
            cost = float(training.loss_of(self._loaded(hard), self.data.train))
            return Feasible(hard, cost)

        rhs = {n: torch.zeros_like(w) for n, w in weights(self.dense, self.pattern).items()}
        return Problem((self.block, members), rhs, recover=recover)

    def measure(self, solution: Solution, pretrain: int, retrain: int) -> Mapping[str, Number]:
        """Accuracies on the test images, read here and nowhere else.

        The solver spent as many epochs on the network as the dense baseline gets in addition.
        """
        hard = solution.point
        epoch = solution.responses[0].point.epoch
        dense = network(self.seed)
        training.train(dense, self.data.train, pretrain + epoch, self.seed)
        one_shot = self._projected(dense.state_dict())
        control = self._retrained(self._projected(self.dense.state_dict()), epoch, pretrain)
        final = self._retrained(hard, retrain, pretrain + epoch)
        test = self.data.test
        return {
            "epochs": epoch,
            "accuracy_dense": accuracy(dense, test),
            "accuracy_one_shot": accuracy(self._loaded(one_shot), test),
            "accuracy_control": accuracy(control, test),
            "accuracy_hard": accuracy(self._loaded(hard), test),
            "accuracy_final": accuracy(final, test),
        }

    def _projected(self, state: Mapping[str, Tensor]) -> Vector:
        """The whole state dict with its targets projected on the set."""
        image = {name: state[name] for name in self.sizes}
        return {**state, **self.members.members.project(image)}

    def _loaded(self, state: Mapping[str, Any]) -> nn.Module:
        net = network(self.seed)
        net.load_state_dict(dict(state))
        return net

    def _retrained(self, state: Mapping[str, Any], epochs: int, first: int) -> nn.Module:
        """Trained on with the zeros of the targets fixed."""
        net = self._loaded(state)
        masks = {name: state[name] != 0 for name in self.sizes}
        training.train(net, self.data.train, epochs, self.seed, masks=masks, first=first)
        return net


class ExactPruning:
    """Counts nonzeros; bounds and costs of a network are not proved."""

    integral = False
    fact_names = ("nonzeros", "weights", "compression")

    def __init__(self, sizes: Mapping[str, int], budgets: Mapping[str, int]) -> None:
        self._sizes, self._budgets = sizes, budgets

    def dual_value(self, multipliers: Mapping[str, Any]) -> None:
        """Nothing is proved: the training block solves no problem exactly."""

    def cost(self, point: Mapping[str, Any]) -> None:
        """Raises Infeasible where the budget is exceeded."""
        counts = self._counts(point)
        for name, allowed in self._budgets.items():
            used = counts[name] if name else sum(counts.values())
            if used > allowed:
                where = name or "all tensors together"
                raise Infeasible(f"{where}: {used} nonzeros, the budget is {allowed}")

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, Number]:
        """Nonzeros and weights of the targets, and how many weights there are for a nonzero."""
        kept, weights = sum(self._counts(point).values()), sum(self._sizes.values())
        ratio = weights / kept if kept else None
        return {"nonzeros": kept, "weights": weights, "compression": ratio}

    def _counts(self, point: Mapping[str, Any]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for name, size in self._sizes.items():
            if name not in point or point[name].size != size:
                raise Infeasible(f"the point has no array {name!r} of {size} entries")
            if not np.isfinite(point[name]).all():
                raise Infeasible(f"{name!r} holds a NaN or an infinity")
            counts[name] = int((point[name] != 0).sum())
        return counts
