"""A problem: blocks tied by coupling rows.

    minimize  Σ_i f_i(x_i)   subject to   g(x) = Σ_i A_i x_i − b  {= 0, ≤ 0},   x_i ∈ X_i
    L(x, λ) = Σ_i f_i(x_i) + ⟨λ, g(x)⟩,   λ ≥ 0 on ≤ rows,   dual ascent  λ ← P(λ + s g)

A coupling constraint is a named row of ``rhs``, and a member of ``inequality`` if it is a ≤ row. A
local constraint is the business of its block. There is no third kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from lagrange import vectors
from lagrange.blocks import Block, Response
from lagrange.vectors import Vector

Q_contra = TypeVar("Q_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Feasible:
    """A point that satisfies every constraint, and its objective: an upper bound."""

    point: Any
    cost: float


Recover = Callable[[Sequence[Response]], Feasible | None]


@dataclass(frozen=True)
class Problem(Generic[Q_contra]):
    """Blocks, right-hand side and senses of the coupling rows.

    recover  : builds a feasible point from the blocks' answers, or None where it fails.
    integral : True promises that every feasible objective is an integer; a proved bound is then
               rounded up to the next one.
    solvable : True promises that the optimum is attained: no solver then takes time and memory to look
               for signs that there is none.
    """

    blocks: tuple[Block[Q_contra], ...]
    rhs: Vector
    inequality: frozenset[str] = field(default_factory=lambda: frozenset[str]())
    recover: Recover | None = None
    integral: bool = False
    solvable: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.blocks, Block):
            raise ValueError(f"blocks must be a tuple of blocks, got one block: ({self.blocks!r},)")
        for i, block in enumerate(self.blocks):
            if not isinstance(cast(Any, block), Block):
                raise ValueError(f"block {i} has no respond(price, query, start): {block!r}")
        if not self.blocks:
            raise ValueError("a problem needs at least one block, got none")
        vectors.require_arrays("rhs", self.rhs)
        if not self.rhs:
            raise ValueError("a problem needs at least one coupling row in rhs, got none")
        if isinstance(self.inequality, str):
            raise ValueError(
                f"inequality must be a set of row names, got the string {self.inequality!r}: "
                f"write frozenset({{{self.inequality!r}}})"
            )
        unknown = sorted(self.inequality - set(self.rhs))
        if unknown:
            raise ValueError(f"inequality names {unknown}, which rhs does not: {sorted(self.rhs)}")
        bad = vectors.first_bad_row(self.rhs)
        if bad is not None:
            raise ValueError(f"rhs row {bad!r} holds a NaN or an infinity")

    def residual(self, responses: Sequence[Response | None]) -> Vector:
        """g = Σ_i A_i x_i − b. A block that has not answered yet counts as zero."""
        g = vectors.scale(-1.0, self.rhs)
        for response in responses:
            if response is not None:
                g = vectors.add(g, response.image)
        return g

    def project(self, multipliers: Vector) -> Vector:
        """P: the multipliers with those of ≤ rows raised to at least zero."""
        return vectors.clip_positive(multipliers, self.inequality)

    def check_rows(self, responses: Sequence[Response]) -> None:
        """Refuse rows that no block knows, and images with rows or shapes the problem lacks."""
        known: set[str] = set()
        for i, response in enumerate(responses):
            vectors.require_arrays(f"the image of block {i}", response.image)
            for name, array in response.image.items():
                if name not in self.rhs:
                    raise ValueError(
                        f"block {i} answered on row {name!r}, which is no coupling row; "
                        f"rhs has {sorted(self.rhs)}"
                    )
                if array.shape != self.rhs[name].shape:
                    raise ValueError(
                        f"block {i} answered row {name!r} with shape {tuple(array.shape)}, "
                        f"rhs has {tuple(self.rhs[name].shape)}"
                    )
            known |= set(response.image)
        orphans = sorted(set(self.rhs) - known)
        if orphans:
            raise ValueError(f"no block knows coupling row {orphans[0]!r}; blocks: {sorted(known)}")
