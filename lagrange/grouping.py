"""Two groups out of many blocks: the forms in which ADMM with its two-block theory applies.

exchange   min Σ f_i(x_i)  s.t.  Σ A_i x_i = b (or ≤ b)     every block gets a copy of each row it has;
                                                             the copies must meet the row together
consensus  min Σ f_i(x_i)  s.t.  A_i x_i = v for every i     all blocks agree on one v
sharing    min Σ f_i(x_i) + g(Σ A_i x_i)                     one more block, with a cost of the total

Each returns a problem whose first blocks are the given ones, with rows of their own, and whose last
block ties them. Solve it with ``ADMM(rho, order=two_groups(problem))``. Row ``r`` of block i is called
``r@i``; ≤ rows are met inside the last block, so ADMM takes them.

``sharing`` returns the problem with the total as one more block; ``exchange`` makes two groups of it.

Reference    Boyd et al., Found. Trends Mach. Learn. 3 (2011) 1–122, §7.1 and §7.3
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lagrange.blocks import Block, Response
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.vectors import Array, Vector, add, scale


def copy_name(row: str, block: int) -> str:
    """What row ``row`` of block ``block`` is called."""
    return f"{row}@{block}"


def two_groups(problem: Problem[Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The order for ADMM: all blocks but the last, then the last."""
    last = len(problem.blocks) - 1
    return tuple(range(last)), (last,)


@dataclass(frozen=True)
class Copy:
    """A block whose rows carry its number; prices, pull and start are translated back for it."""

    inner: Block[Any]
    number: int
    rows: tuple[str, ...]

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        pull = None if query is None else Quadratic(query.rho, self.inward(query.offset))
        begin = None if start is None else self.without_number(start)
        answer = self.inner.respond(self.inward(price), pull, begin)
        unknown = sorted(set(answer.image) - set(self.rows))
        if unknown:
            raise ValueError(
                f"block {self.number} answered on row {unknown[0]!r}, its rows are {list(self.rows)}"
            )
        image = {copy_name(row, self.number): array for row, array in answer.image.items()}
        return Response(image, answer.cost, answer.bound, answer.point)

    def inward(self, vector: Vector) -> Vector:
        """The rows of this block under their own names."""
        names = {row: copy_name(row, self.number) for row in self.rows}
        return {row: vector[name] for row, name in names.items() if name in vector}

    def without_number(self, response: Response) -> Response:
        """A response as the inner block gave it."""
        return Response(self.inward(response.image), response.cost, response.bound, response.point)


@dataclass(frozen=True)
class Meet:
    """z with Σ_i z_i = b on = rows, ≤ b on ≤ rows; image = {row@i: −z_i}, cost 0.

    Euclidean projection: z_i = v_i − e/N, e = Σ v_j − b (its positive part on ≤ rows).
    """

    rhs: Vector
    inequality: frozenset[str]
    copies: Mapping[str, tuple[int, ...]]  # row → the blocks that have it

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        z: dict[str, Array] = {}
        for row, blocks in self.copies.items():
            wanted = _wanted(row, blocks, price, query)
            excess = sum(wanted.values()) - self.rhs[row]
            if row in self.inequality:
                excess = excess.clip(min=0)
            z.update({name: v - excess / len(blocks) for name, v in wanted.items()})
        return Response(scale(-1.0, z), 0.0, -math.inf, z)


@dataclass(frozen=True)
class Agree:
    """z_i = v for all i; image = {row@i: −v}, cost 0: v is the mean of what is wanted."""

    copies: Mapping[str, tuple[int, ...]]

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        agreed: dict[str, Array] = {}
        image: dict[str, Array] = {}
        for row, blocks in self.copies.items():
            agreed[row] = sum(_wanted(row, blocks, price, query).values()) / len(blocks)
            image.update({copy_name(row, i): -agreed[row] for i in blocks})
        return Response(image, 0.0, -math.inf, agreed)


def _wanted(
    row: str, blocks: Sequence[int], price: Vector, query: Quadratic | None
) -> dict[str, Array]:
    """offset + price/ρ of every copy of a row: the point that is projected."""
    if query is None:
        raise ValueError(
            "the block that ties the copies answers only with a pull; for a bound ask the problem "
            "before it was tied: exact_sweep(problem, original_multipliers(problem, multipliers))"
        )
    names = [copy_name(row, i) for i in blocks]
    return {name: query.offset[name] + price[name] / query.rho for name in names}


def exchange(
    problem: Problem[Any], rows: Sequence[Collection[str]] | None = None
) -> Problem[Quadratic]:
    """The same problem in exchange form.

    rows : for each block the coupling rows it may answer on; None: every block all of them
    """
    copies, blocks = _copied(problem, rows)
    return _tied(problem, blocks, copies, Meet(problem.rhs, problem.inequality, copies))


def consensus(
    blocks: Sequence[Block[Any]], shape_like: Vector, rows: Sequence[Collection[str]] | None = None
) -> Problem[Quadratic]:
    """All blocks agree on the rows that they share; ``shape_like`` has an array for each row."""
    zeros = scale(0.0, shape_like)
    problem = Problem(tuple(blocks), zeros)
    copies, copied = _copied(problem, rows)
    return _tied(problem, copied, copies, Agree(copies))


@dataclass(frozen=True)
class Total:
    """A block g(y) whose image enters with a minus sign: Σ A_i x_i − y = 0."""

    inner: Block[Any]

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        pull = None if query is None else Quadratic(query.rho, scale(-1.0, query.offset))
        begin = None if start is None else self.negated(start)
        return self.negated(self.inner.respond(scale(-1.0, price), pull, begin))

    def negated(self, response: Response) -> Response:
        """The response with the sign of its image turned."""
        image = scale(-1.0, response.image)
        return Response(image, response.cost, response.bound, response.point)


def sharing(blocks: Sequence[Block[Any]], total: Block[Any], shape_like: Vector) -> Problem[Any]:
    """min Σ f_i(x_i) + g(Σ A_i x_i): the blocks share what ``total`` puts a cost on.

    ``total`` is a block like any other, with image {row: y} and cost g(y); ``shape_like`` has an array
    for each row. It is block number len(blocks).
    """
    if not blocks:
        raise ValueError("sharing needs at least one block besides the total, got none")
    return Problem((*blocks, Total(total)), scale(0.0, shape_like))


def original_multipliers(problem: Problem[Any], tied: Vector) -> Vector:
    """Multipliers of an exchange form as those of the problem: the mean over the copies of a row, ≥ 0
    on ≤ rows; ``bounds.exact_sweep(problem, ...)`` turns them into a proved bound.
    """
    means: Vector = {}
    for row in problem.rhs:
        copies = [array for name, array in tied.items() if name.rpartition("@")[0] == row]
        means = add(means, {row: sum(copies[1:], start=copies[0]) / len(copies)})
    return problem.project(means)


def _copied(
    problem: Problem[Any], rows: Sequence[Collection[str]] | None
) -> tuple[dict[str, tuple[int, ...]], tuple[Copy, ...]]:
    having = (
        [tuple(problem.rhs)] * len(problem.blocks) if rows is None else [tuple(r) for r in rows]
    )
    if len(having) != len(problem.blocks):
        raise ValueError(f"rows speaks of {len(having)} blocks, there are {len(problem.blocks)}")
    copies = {
        row: tuple(i for i, names in enumerate(having) if row in names) for row in problem.rhs
    }
    orphans = sorted(row for row, blocks in copies.items() if not blocks)
    if orphans:
        raise ValueError(f"no block has coupling row {orphans[0]!r} among its rows")
    return copies, tuple(Copy(b, i, having[i]) for i, b in enumerate(problem.blocks))


def _tied(
    problem: Problem[Any],
    blocks: tuple[Copy, ...],
    copies: Mapping[str, tuple[int, ...]],
    tie: Block[Quadratic],
) -> Problem[Quadratic]:
    rhs = {copy_name(row, i): 0.0 * problem.rhs[row] for row, own in copies.items() for i in own}
    inner = problem.recover

    def recover(answers: Sequence[Response]) -> Any:
        assert inner is not None
        return inner([b.without_number(a) for b, a in zip(blocks, answers, strict=False)])

    return Problem(
        (*blocks, tie),
        rhs,
        recover=None if inner is None else recover,
        integral=problem.integral,
        solvable=problem.solvable,
    )
