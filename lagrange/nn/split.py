"""Compression as a problem of two blocks:  min f(W) + indicator_S(Z)   s.t.  W − Z = 0.

Block 0 is the network, block 1 the set; there is one coupling row for each target.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

import torch
from torch import Tensor

from lagrange.blocks import Block
from lagrange.nn.targets import Targets, require_tensors
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.sets.base import StoredSet, StoredVectorSet
from lagrange.sets.patterns import NM
from lagrange.sets.product import PerTensor
from lagrange.sets.size import Size
from lagrange.sets.sparsity import Cardinality, GlobalCardinality, budget
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.scheduled import Scheduled
from lagrange.stages import StagedProblem, in_stages
from lagrange.vectors import Vector, restrict

NETWORK, SET = 0, 1  # the places of the two blocks
HUGE = 1e12  # beyond any bound that means something


@dataclass(frozen=True)
class Together:
    """The tensors that match a pattern share this one set, for instance one budget."""

    members: StoredVectorSet


Rules = Mapping[str, StoredSet | Together]
Sets = StoredVectorSet | Rules


@dataclass(frozen=True)
class Grouped(StoredVectorSet):
    """A set of vectors made of sets over disjoint groups of rows."""

    parts: tuple[tuple[tuple[str, ...], StoredVectorSet], ...]

    def project(self, v: Vector) -> Vector:
        found: dict[str, Any] = {}
        for names, part in self.parts:
            found.update(part.project(restrict(v, names)))
        return {name: found[name] for name in v}

    def contains(self, v: Vector) -> bool:
        return all(part.contains(restrict(v, names)) for names, part in self.parts)

    def size(self, v: Vector) -> Size:
        return sum((part.size(restrict(v, names)) for names, part in self.parts), start=Size(0))


def members_of(targets: Mapping[str, Tensor], sets: Sets) -> StoredVectorSet:
    """One set over all targets, from a set of vectors or from rules pattern → set.

    A set under a pattern holds for each tensor that matches; ``Together(set)`` for all of them at
    once. Every target must match one rule and no other.
    """
    require_tensors(targets)
    if not isinstance(sets, Mapping):
        _require_vector_set(targets, sets)
        return sets
    owner: dict[str, str] = {}
    single: dict[str, StoredSet] = {}
    parts: list[tuple[tuple[str, ...], StoredVectorSet]] = []
    for pattern, rule in sets.items():
        names = _matched(targets, pattern)
        if not names:
            raise ValueError(f"the set for {pattern!r} matches no target of {list(targets)}")
        for name in names:
            if name in owner:
                raise ValueError(
                    f"target {name!r} is matched twice, by {owner[name]!r} and by {pattern!r}"
                )
            owner[name] = pattern
        if isinstance(rule, Together):
            parts.append((names, rule.members))
        else:
            single.update(dict.fromkeys(names, rule))
    missing = [name for name in targets if name not in owner]
    if missing:
        raise ValueError(f"no set is given for target {missing[0]!r}: the rules are {list(sets)}")
    if single:
        parts.append((tuple(single), PerTensor(single)))
    return parts[0][1] if len(parts) == 1 else Grouped(tuple(parts))


def _matched(targets: Mapping[str, Tensor], pattern: str) -> tuple[str, ...]:
    """Targets one of whose names, tied ones among them, matches."""
    tied = targets.tied if isinstance(targets, Targets) else {}
    names = {name: name for name in targets} | tied
    hits = {first for name, first in names.items() if fnmatchcase(name, pattern)}
    return tuple(name for name in targets if name in hits)


def over_all(targets: Mapping[str, Tensor], keep: float, floor: float = 0.0) -> GlobalCardinality:
    """One budget: a fraction ``keep`` of all entries of the targets, rounded down.

    floor : share of its own entries that a tensor keeps at least (1 at least where floor > 0), so
            that no layer is cut through
    """
    require_tensors(targets)
    sizes = {name: tensor.numel() for name, tensor in targets.items()}
    if not 0 <= floor < 1:
        raise ValueError(f"floor must lie in [0, 1), got {floor}")
    floors = {name: max(1, int(floor * size)) for name, size in sizes.items()} if floor else {}
    return GlobalCardinality(budget(keep, sum(sizes.values())), floors)


def each_layer(
    targets: Mapping[str, Tensor], keep: float | Mapping[str, float]
) -> dict[str, Cardinality]:
    """A budget for each tensor: the same fraction of its entries, or by name; rounded down."""
    require_tensors(targets)
    if isinstance(keep, Mapping) and set(keep) != set(targets):
        raise ValueError(f"keep has {sorted(keep)}, the targets are {sorted(targets)}")
    found: dict[str, Cardinality] = {}
    for name, tensor in targets.items():
        share = keep[name] if isinstance(keep, Mapping) else keep
        try:
            found[name] = Cardinality.fraction(share, tensor.numel())
        except ValueError as error:
            raise ValueError(f"target {name!r}: {error}") from error
    return found


def split(
    network: Block[Quadratic],
    targets: Mapping[str, Tensor],
    sets: Sets | Sequence[Sets],
    row: Callable[[Tensor], Tensor] = Tensor.detach,
) -> Problem[Any]:
    """The problem; with several sets, one after the other, a problem of as many stages.

    row : what to make of the rows of zeros
    """
    if isinstance(sets, Sequence):
        return in_stages([split(network, targets, stage, row) for stage in sets])
    # one zero, seen in every entry: the rows take no memory
    zeros = {n: t.new_zeros((), dtype=wide(t)).expand(t.shape) for n, t in targets.items()}
    rhs = {name: row(zero) for name, zero in zeros.items()}
    members = SetBlock(members_of(targets, sets), tuple(targets))
    return Problem((network, members), rhs, solvable=True)


def image_of(
    targets: Mapping[str, Tensor], take: Callable[[Tensor], Tensor] = torch.clone
) -> dict[str, Tensor]:
    """The weights in single precision at least, which is what the coupling rows see; as copies, or
    as ``take`` takes them.
    """
    return {name: take(t.detach()).to(wide(t)) for name, t in targets.items()}


def wide(tensor: Tensor) -> torch.dtype:
    """The dtype of multipliers and copies: half precision is too coarse to add small steps in."""
    return torch.promote_types(tensor.dtype, torch.float32)


def _require_vector_set(targets: Mapping[str, Tensor], sets: Any) -> None:
    """One row through it tells: a set of single arrays does not take a mapping."""
    try:
        sets.contains({name: t.detach().to(wide(t)) for name, t in targets.items()})
    except (TypeError, AttributeError) as error:
        raise ValueError(
            f"sets must be one set over all targets, such as GlobalCardinality, or rules for single "
            f"tensors, got {sets!r}: write {{'*': {sets!r}}}, each tensor on its own"
        ) from error


def require_effect(targets: Mapping[str, Tensor], sets: Sets | Sequence[Sets]) -> None:
    """Refuses a set, or a rule, that leaves all weights as they are. Of several stages the last one
    counts: a schedule may begin with all.
    """
    last = sets[-1] if isinstance(sets, Sequence) else sets
    rules = last if isinstance(last, Mapping) else {"*": Together(last)}
    for pattern, rule in rules.items():
        own = {name: targets[name] for name in _matched(targets, pattern)}
        if isinstance(rule, Together):
            idle = _takes_all(rule.members.contains, own)
        else:
            found = [_takes_each(rule, name, target) for name, target in own.items()]
            idle = all(found)
        if idle:
            sizes = ", ".join(f"{name} {tuple(target.shape)}" for name, target in own.items())
            raise ValueError(
                f"{rule.members if isinstance(rule, Together) else rule} keeps all of {sizes}: it "
                "would compress nothing. Give a smaller budget, or leave these out of the targets "
                "(ignore= of choose)"
            )


def _takes_each(members: StoredSet, name: str, target: Tensor) -> bool:
    """The same of one tensor; says which one has a shape that the set is not for."""
    try:
        return _takes_all(lambda v: members.contains(v[name]), {name: target})
    except ValueError as error:
        advice = "; the inputs of a convolution are axis 1" if isinstance(members, NM) else ""
        raise ValueError(
            f"target {name!r} of shape {tuple(target.shape)}, {members}: {error}{advice}"
        ) from error


def _takes_all(contains: Callable[[Any], bool], targets: Mapping[str, Tensor]) -> bool:
    """Is every array a member? Told by the weights, and by large numbers without any structure."""
    if not contains(image_of(targets, Tensor.detach)):
        return False
    make = torch.Generator().manual_seed(0)
    probe = {
        n: HUGE * torch.randn(t.shape, generator=make).to(t.device) for n, t in targets.items()
    }
    return contains({name: p.to(wide(targets[name])) for name, p in probe.items()})


def set_of(problem: Problem[Any], *, first: bool = False) -> SetBlock:
    """The block of the set that is wanted in the end, or in the first stage."""
    return sets_of(problem)[0 if first else -1]


def sets_of(problem: Problem[Any]) -> tuple[SetBlock, ...]:
    """The blocks of the sets of all stages."""
    is_staged = isinstance(problem, StagedProblem)
    stages = cast("StagedProblem[Any]", problem).stages if is_staged else (problem,)
    return tuple(cast("SetBlock", stage.blocks[SET]) for stage in stages)


def require_stages(sets: Any, solver: Any) -> None:
    """A list of sets is for a solver that goes through stages, and for no other."""
    staged = isinstance(solver, Progressive | Scheduled)
    if isinstance(sets, Sequence) != staged:
        raise ValueError(
            f"{type(solver).__name__} takes {'a list of sets, one a stage' if staged else 'one set'}, "
            f"got {sets!r}"
        )
