"""Which tensors of a network together are a member of which set."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from lagrange.sets.base import StoredSet, VectorSet
from lagrange.sets.product import PerTensor


@dataclass(frozen=True)
class Members:
    """The arrays of these names together are in the set; ``names`` in the order that it goes by."""

    names: tuple[str, ...]
    set: VectorSet


Sets = Members | Mapping[str, StoredSet]  # one set for all of them, or one for each name


def as_members(sets: Sets) -> Members:
    """Sets by name as one set of all of them."""
    return sets if isinstance(sets, Members) else Members(tuple(sets), PerTensor(dict(sets)))


def require_members(members: Members, tensors: Mapping[str, Tensor], advice: str) -> None:
    """Refuses tensors that are no member, exactly; ``advice``: what to do about it."""
    missing = [name for name in members.names if name not in tensors]
    if missing:
        raise ValueError(f"there are sets for {missing}, but the tensors are {list(tensors)}")
    arrays = {name: tensors[name].detach() for name in members.names}
    if members.set.contains(arrays):
        return
    outside = list(arrays)
    if isinstance(members.set, PerTensor):
        outside = [name for name in arrays if not members.set.sets[name].contains(arrays[name])]
    raise ValueError(f"the tensors {outside} are no member of their set {members.set}: {advice}")
