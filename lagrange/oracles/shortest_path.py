"""A shortest path in a directed graph, exact.

    minimize ⟨cost + Aᵀ price, x⟩   over   x the arcs of a path from ``source`` to ``target``

Lengths are rounded down to whole numbers of a tiny unit, and a path of least whole length is found by
additions and comparisons alone: that length is at most the true minimum, and by less than a unit an
arc. In a graph without cycles lengths may have any sign: nodes are settled in an order in which arcs
point forward. Elsewhere they must be ≥ 0: rounds over all arcs until nothing gets shorter.

References   Bellman, Quart. Appl. Math. 16 (1958) 87–90: the rounds
             Handler, Zang, Networks 10 (1980) 293–309: constrained paths by their dual
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of, require_prices_only
from lagrange.oracles.rounding import SMALLEST, UNIT
from lagrange.oracles.sparse import SparseMatrix
from lagrange.vectors import Vector

IntArray = np.ndarray[Any, np.dtype[np.int64]]
BITS = 60  # of a path's whole length, at most
FAR = 2**62  # so much longer than any path that no way on from where no path leads is a short one


class Wave(NamedTuple):
    """Arcs sorted by their heads, these heads without repetition, and where the arcs of each begin."""

    arcs: IntArray
    heads: IntArray
    starts: IntArray


@dataclass(frozen=True, eq=False)
class ShortestPath:
    """Arc a leads from ``tail[a]`` to ``head[a]``, nodes 0 … nodes − 1; image = {row: A x}.

    tail, head (arcs,) whole, cost (arcs,) real, A (p, arcs). ``point`` is the arcs of the path in their
    order; of several shortest paths always the same one. Raises ValueError where no path leads to the
    target, and where at the prices asked an arc of a graph with cycles costs less than 0.
    """

    tail: IntArray
    head: IntArray
    cost: FloatArray
    A: SparseMatrix
    nodes: int
    source: int
    target: int
    row: str
    is_acyclic: bool = field(init=False, repr=False)
    _waves: tuple[Wave, ...] = field(init=False, repr=False)
    _terms: FloatArray = field(init=False, repr=False)
    _reach: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost", finite_array("cost", self.cost, 1))
        for name in ("source", "target"):
            self._require_nodes(name, np.array([getattr(self, name)]), (1,))
        for name in ("tail", "head"):
            ends = np.asarray(getattr(self, name))
            self._require_nodes(name, ends, self.cost.shape)
            object.__setattr__(self, name, ends.astype(np.int64))
        if self.A.shape[1] != self.cost.size:
            raise ValueError(f"{self.cost.size} costs but A has {self.A.shape[1]} columns")
        level = _levels(self.tail, self.head, self.nodes)
        reach = self.A.size_of_transposed_times(np.ones(self.A.shape[0]))
        for name, value in (
            ("is_acyclic", level is not None),
            ("_waves", _waves(self.head, level)),
            ("_terms", 1.01 * UNIT * (self.A.column_counts + 3.0)),
            ("_reach", reach * (1 + 1e-6)),
        ):
            object.__setattr__(self, name, value)
        if self._shortest(np.zeros(self.cost.size, dtype=np.int64))[1] == FAR:
            raise ValueError(f"no path leads from node {self.source} to node {self.target}")

    def _require_nodes(self, name: str, ends: Any, shape: tuple[int, ...]) -> None:
        if ends.shape != shape or not np.issubdtype(ends.dtype, np.integer):
            raise ValueError(
                f"{name} must be whole numbers of shape {shape}, got {ends.dtype} of {ends.shape}"
            )
        if ends.min() < 0 or ends.max() >= self.nodes:
            raise ValueError(
                f"{name} must lie in [0, {self.nodes - 1}], got {ends.min()} … {ends.max()}"
            )

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "ShortestPath")
        p = price_of(price, self.row)
        if p.shape != (self.A.shape[0],):
            raise ValueError(
                f"the prices of row {self.row!r} have shape {p.shape}, A has {self.A.shape[0]} rows"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # refused in a moment
            length = self.cost + self.A.transposed_times(p)
            # an entry of Aᵀp errs by terms · u · Σ_i |A_ia| |p_i|, and |p_i| is at most the largest
            size = np.abs(self.cost) + self._reach * float(np.abs(p).max())
            whole, unit, raised = self._in_units(length, self._terms * size + SMALLEST)
        path, least = self._shortest(whole)
        bound = math.nextafter(math.ldexp(float(least), unit), -math.inf)
        bound = math.nextafter(bound - raised, -math.inf)
        x = np.zeros(self.cost.size)
        x[path] = 1.0
        return Response({self.row: self.A.times(x)}, float(self.cost[path].sum()), bound, path)

    def _in_units(self, length: FloatArray, off: FloatArray) -> tuple[IntArray, int, float]:
        """Lengths rounded down to multiples of 2^unit, the unit, and by how much those of a path can
        have been raised all the same: in a graph with cycles what rounding put below 0 is 0.
        """
        surely, raised = length - off, 0.0
        if not self.is_acyclic:
            if (length + off < 0).any():
                a = int((length + off).argmin())
                raise ValueError(
                    f"arc {a} costs {length[a]} at these prices: in a graph with cycles no arc may "
                    "cost less than 0, keep its prices from falling so low"
                )
            raised = self.nodes * float(np.maximum(-surely, 0.0).max()) * (1 + 1e-6)
            surely = np.maximum(surely, 0.0)
        largest = float(np.abs(surely).max())
        if not math.isfinite(largest):
            raise ValueError("cost + price overflows: give the costs in a larger unit")
        unit = math.frexp(largest)[1] + self.nodes.bit_length() - BITS
        return np.floor(np.ldexp(surely, -unit)).astype(np.int64), unit, raised

    def _shortest(self, length: IntArray) -> tuple[IntArray, int]:
        """The arcs of a shortest path to the target and its length; none and FAR if there is none."""
        far = np.full(self.nodes, FAR, dtype=np.int64)
        far[self.source] = 0
        into = np.full(self.nodes, -1)  # the last arc of a shortest path to each node
        for wave in self._waves:
            while self._relaxed(wave, length, far, into) and not self.is_acyclic:
                pass
        path: list[int] = []
        node = self.target
        while node != self.source and into[node] >= 0:
            path.append(int(into[node]))
            node = int(self.tail[path[-1]])
        return np.array(path[::-1], dtype=np.int64), int(far[self.target])

    def _relaxed(self, wave: Wave, length: IntArray, far: IntArray, into: IntArray) -> bool:
        """Shortens paths by one more arc, in place; was any shortened?"""
        through = far[self.tail[wave.arcs]] + length[wave.arcs]
        least = np.minimum.reduceat(through, wave.starts)
        better = least < far[wave.heads]
        if not better.any():
            return False
        counts = np.diff(wave.starts, append=wave.arcs.size)
        best = wave.arcs[
            np.flatnonzero(np.repeat(better, counts) & (through == np.repeat(least, counts)))
        ]
        into[self.head[best]] = best  # of several into one node the last
        far[wave.heads[better]] = least[better]
        return True


def _levels(tail: IntArray, head: IntArray, nodes: int) -> IntArray | None:
    """The most arcs on a way to each node (nodes,); None where there is a cycle."""
    level = np.zeros(nodes, dtype=np.int64)
    for _ in range(nodes):
        before = level.copy()
        np.maximum.at(level, head, before[tail] + 1)
        if (level == before).all():
            return level
    return None


def _waves(head: IntArray, level: IntArray | None) -> tuple[Wave, ...]:
    """All arcs, wave by wave of their heads' levels; a single wave where there are none."""
    order = np.argsort(head, kind="stable") if level is None else np.lexsort((head, level[head]))
    ranks = np.zeros(order.size) if level is None else level[head[order]]
    waves: list[Wave] = []
    for arcs in np.split(order, np.flatnonzero(np.diff(ranks)) + 1):
        heads, starts = np.unique(head[arcs], return_index=True)
        waves.append(Wave(arcs, heads, starts))
    return tuple(waves)
