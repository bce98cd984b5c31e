"""How a loop uses its session: what took part in the training, and whether anything came of it.

A penalty counts once a gradient has gone through it: one that is only looked at, or detached, pulls on
nothing.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from torch import Tensor

from lagrange.nn.fingerprints import digests
from lagrange.nn.targets import Targets

PENALTY, PULL = "penalty()", "pull(step)"


def require_order(sets: Any, solver: Any) -> None:
    """Refuses arguments of a session that stand in each other's place, or are names."""
    if isinstance(solver, type):
        raise ValueError(f"solver must be an object, got the class {solver.__name__}: call it")
    if isinstance(sets, str) or isinstance(solver, str):
        raise ValueError(
            f"a session takes model, targets, sets, solver in this order, got sets {sets!r} and solver "
            f"{solver!r}: sets and solvers are objects, such as GlobalCardinality(600) and ADMM(1e-3)"
        )


class Usage:
    """Of the newest session on these targets; ``updates`` so far."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self.updates = 0
        self._parts: set[str] = set()  # a new one for each question: late gradients do not count
        self._began: Mapping[str, str] | None = digests(targets)  # until they have moved
        self._kinds = {n: (t.dtype, t.device) for n, t in targets.items()}
        _NEWEST.update({id(target): self for target in targets.values()})

    def watched(self, penalty: Tensor) -> Tensor:
        """Counts it as soon as a gradient comes."""
        parts = self._parts

        def count(_: Tensor) -> None:
            parts.add(PENALTY)

        if penalty.requires_grad:
            penalty.register_hook(count)  # pyright: ignore[reportUnknownMemberType]
        return penalty

    def pulled(self) -> None:
        """Counts a pull."""
        self._parts.add(PULL)

    def require_newest(self) -> None:
        """Refuses a session whose targets another one has since begun to pull on."""
        for name, target in self._targets.items():
            if _NEWEST.get(id(target)) is not self:
                raise ValueError(
                    f"another session has begun on target {name!r} after this one: go on with that "
                    "one. Two at once would pull on the same weights; for two conditions on a tensor "
                    "make one session with one set, such as lagrange.sets.SparseQuantized"
                )

    def require_training(self) -> None:
        """Refuses an update that nothing led up to, or whose targets are not what they were."""
        for name, target in self._targets.items():
            if (target.dtype, target.device) != self._kinds[name] or not target.requires_grad:
                raise ValueError(
                    f"target {name!r} was trained as {self._kinds[name]} when the session began and is "
                    f"{(target.dtype, target.device)}, requires_grad {target.requires_grad}, now: "
                    "change the model before the session, not while it runs"
                )
        if len(self._parts) != 1:
            used = " and ".join(sorted(self._parts)) or f"neither {PENALTY} nor {PULL}"
            raise ValueError(
                f"since the last update {used} took part in the training: use one of penalty() and "
                "pull(step). A penalty takes part by a backward pass through it: add it to the loss, "
                "with gradients enabled, neither detached nor as a number"
            )
        if not self._have_moved() and self.updates > 0:  # a scaler may skip the first step
            self._refuse_rest()

    def require_updates(self) -> None:
        """Refuses the end of a session that never took part, or that nobody heard."""
        if self.updates == 0:
            raise ValueError(
                "finish() before the first update(): the session did nothing yet. Call update() every "
                "so many training steps; to project without training, use one_shot(targets, sets)"
            )
        if not self._have_moved():
            self._refuse_rest()

    def _have_moved(self) -> bool:
        """Have the targets, ever since the session began?"""
        if self._began is not None and self._began != digests(self._targets):
            self._began = None
        return self._began is None

    def _refuse_rest(self) -> None:
        raise ValueError(
            f"no target of {list(self._targets)} has moved since the session began: step an optimizer "
            "that holds them (built from the parameters of this model, learning rate > 0) between two "
            "updates"
        )

    def next(self) -> None:
        """An update was made."""
        self._parts = set()
        self.updates += 1

    def state_dict(self) -> dict[str, Any]:
        """JSON-able."""
        began = None if self._began is None else dict(self._began)
        return {"updates": self.updates, "parts": sorted(self._parts), "began": began}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Goes on from there."""
        self.updates, self._began = saved["updates"], saved["began"]
        self._parts = set(saved["parts"])


# by the id of a parameter, which the session keeps alive
_NEWEST: WeakValueDictionary[int, Usage] = WeakValueDictionary()
