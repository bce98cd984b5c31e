"""Budgets of nonzeros, and a set that ranks entries by what the network learned about their worth.

    keep the k entries with the largest √w |W + λ/ρ|,      w = (v + ε)^score, v Adam's second moment

The ranking belongs to the question, since it changes from update to update: ``ByWorth`` puts the last
answer's worths beside the pull. Without a second moment, at the start, entries are ranked by size.

Reference    Lee et al., ELSA: second moments as weights of the projection, as in its released code
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor

from lagrange.blocks import Ask, Response
from lagrange.nn import TrainingBlock
from lagrange.nn.members import Members
from lagrange.nn.snapshot import NetworkPoint
from lagrange.nn.split import NETWORK, SET
from lagrange.nn.worth import lifted
from lagrange.oracles.set_block import Each, SetBlock
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.sets import (
    Cardinality,
    GlobalCardinality,
    GlobalWeightedCardinality,
    PerTensor,
    VectorSet,
)
from lagrange.sets.sparsity import budget
from lagrange.sets.weighted import WeightedCardinality
from lagrange.state import Solver, Start, State
from lagrange.vectors import Vector

Worth = Mapping[str, Tensor]


@dataclass(frozen=True)
class Budgets:
    """At most so many nonzeros: by tensor, or under "" in all ``rows`` together."""

    counts: Mapping[str, int]
    rows: tuple[str, ...]

    @property
    def block(self) -> SetBlock:
        """The set as a block, entries ranked by size."""
        return self.ranked(None)

    @property
    def members(self) -> Members:
        """The set as a packed file states it."""
        if "" in self.counts:
            return Members(self.rows, GlobalCardinality(self.counts[""]))
        return Members(self.rows, PerTensor({n: Cardinality(k) for n, k in self.counts.items()}))

    def ranked(self, worth: Worth | None) -> SetBlock:
        """The set as a block."""
        return SetBlock(self._members(worth), self.rows)

    def _members(self, worth: Worth | None) -> VectorSet:
        if "" in self.counts:
            k = self.counts[""]
            return (
                GlobalCardinality(k)
                if worth is None
                else GlobalWeightedCardinality(k, {n: worth[n] for n in self.rows})
            )
        if worth is None:
            return Each({n: Cardinality(k) for n, k in self.counts.items()})
        return Each({n: WeightedCardinality(k, worth[n]) for n, k in self.counts.items()})


def budgets_for(keep: float, scope: str, sizes: Mapping[str, int]) -> Budgets:
    """A fraction in (0, 1] of the entries, or above 1 a whole number of them: in all tensors together
    (scope global), the same fraction of each (layer), or shared out by ratios.

    ValueError   no such scope, ratios that do not fit the tensors, a budget out of range
    """
    total, rows = sum(sizes.values()), tuple(sizes)
    if scope == "layer":
        return Budgets({name: budget(keep, size) for name, size in sizes.items()}, rows)
    if not keep <= 1 and (keep % 1 or not keep <= total):
        raise ValueError(
            "keep must be a fraction in (0, 1] or a whole number of weights from 2 to "
            f"{total}, got {keep:g}"
        )
    wanted = int(keep) if keep > 1 else budget(keep, total)
    if scope == "global":
        return Budgets({"": wanted}, rows)
    return Budgets(_shared_out(wanted, _ratios(scope, rows), sizes), rows)


def _ratios(scope: str, rows: Sequence[str]) -> list[float]:
    """The numbers of a scope such as 20:8:0.9:7, one for each tensor."""
    try:
        ratios = [float(number) for number in scope.split(":")]
    except ValueError:
        ratios = []
    if len(ratios) != len(rows) or not all(math.isfinite(r) and r > 0 for r in ratios):
        raise ValueError(
            f"scope must be global, layer, or a number > 0 for each of {', '.join(rows)} as in "
            f"{':'.join('1' for _ in rows)}, got {scope!r}"
        )
    return ratios


def _shared_out(
    wanted: int, ratios: Sequence[float], sizes: Mapping[str, int]
) -> Mapping[str, int]:
    """Counts that stand to each other as ratio × size; what rounding down leaves goes to the largest
    remainders, so that they sum to what is wanted.
    """
    parts = {name: r * size for (name, size), r in zip(sizes.items(), ratios, strict=True)}
    exact = {name: wanted * part / sum(parts.values()) for name, part in parts.items()}
    counts = {name: int(number) for name, number in exact.items()}
    for name in sorted(exact, key=lambda n: counts[n] - exact[n])[: wanted - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if not 1 <= count <= sizes[name]:
            raise ValueError(
                f"by these ratios {name} keeps {count} of its {sizes[name]} weights, allowed are 1 to "
                "all of them: change keep or the ratios of scope"
            )
    return counts


@dataclass(frozen=True)
class Scored:
    """A pull, and what each entry is worth; None: all the same."""

    query: Quadratic
    worth: Worth | None


@dataclass(frozen=True)
class ScoredSet:
    """The budgets as a block that is told what entries are worth."""

    budgets: Budgets

    def respond(self, price: Vector, query: Scored, start: Response | None) -> Response:
        return self.budgets.ranked(query.worth).respond(price, query.query, start)


@dataclass(frozen=True)
class ScoredNetwork:
    """A training block that can say what its entries are worth. The optimizer must be Adam."""

    block: Any
    names: tuple[str, ...]
    score: float

    @classmethod
    def of(cls, block: Any, training: TrainingBlock, score: float) -> "ScoredNetwork":
        """``block`` answers; ``training`` has its module."""
        return cls(block, tuple(name for name, _ in training.module.named_parameters()), score)

    def respond(self, price: Vector, query: Any, start: Response | None) -> Response:
        return self.block.respond(price, query, start)

    def worth(self, answer: Response) -> Worth | None:
        """(v + ε)^score of the targets; None before the first step of training."""
        point = cast("NetworkPoint", answer.point)
        if point.optimizer is None or not point.optimizer["state"]:
            return None
        moments = {
            name: point.optimizer["state"][i]["exp_avg_sq"]
            for i, name in enumerate(self.names)
            if name in answer.image
        }
        count = sum(v.numel() for v in moments.values())
        mean = math.fsum(float(v.sum()) for v in moments.values()) / count
        return {n: lifted(v, mean) ** self.score for n, v in moments.items()}


@dataclass(frozen=True)
class ByWorth:
    """``solver`` on a ``ScoredNetwork`` and a ``ScoredSet``: each pull on the set gets the worths."""

    solver: Solver[Quadratic]

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Any]:
        return self.solver.init(problem, start)

    def ask(self, problem: Problem[Any], state: State[Any]) -> tuple[Ask[Any], ...]:
        network = cast("ScoredNetwork", problem.blocks[NETWORK])
        answer = cast("Response", state.responses[NETWORK])
        return tuple(
            Ask(a.block, a.price, Scored(a.query, network.worth(answer)), a.start)
            if a.block == SET
            else a
            for a in self.solver.ask(problem, state)
        )

    def tell(
        self, problem: Problem[Any], state: State[Any], answers: Sequence[Response]
    ) -> State[Any]:
        return self.solver.tell(problem, state, answers)
